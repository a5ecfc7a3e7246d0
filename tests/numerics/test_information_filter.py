"""The information filter against hand-made items, a naive loop and brute force."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from anchoreval.errors import MethodOptionError
from anchoreval.numerics.information_filter import ability_bins, information_filter, with_budget
from anchoreval.numerics.irt import ItemParameters, item_information


def items(slopes: list[float], difficulties: list[float]) -> ItemParameters:
    a, b = np.array(slopes), np.array(difficulties)
    return ItemParameters(a, -a * b, np.zeros(len(a)), np.ones(len(a)))


def naive(information: np.ndarray, threshold: float) -> list[int]:
    """The rule as it is told: bin by bin, the best of the items that are left."""
    unused, taken = list(range(len(information))), []
    for b in range(information.shape[1]):
        best = max(unused, key=lambda i: information[i, b], default=None)
        if best is not None and information[best, b] >= threshold:
            taken.append(best)
            unused.remove(best)
    return taken


def test_a_bin_takes_the_item_that_is_steepest_there() -> None:
    """A 2PL item has most information, a^2 / 4, at its difficulty."""
    parameters = items([2.0, 2.0, 2.0, 0.4], [1.0, -1.0, 0.0, 0.0])
    information = item_information(parameters, np.array([-1.0, 0.0, 1.0]))
    assert information.max(axis=1) == pytest.approx([1.0, 1.0, 1.0, 0.04])
    assert information_filter(information, 0.9).tolist() == [1, 2, 0]
    assert information_filter(information, 1.01).tolist() == []


def test_an_item_is_taken_once_and_the_threshold_counts() -> None:
    information = np.array([[5.0, 5.0, 5.0], [1.0, 2.0, 3.0], [0.1, 0.2, 0.3]])
    assert information_filter(information, 0.0).tolist() == [0, 1, 2]
    assert information_filter(information, 2.0).tolist() == [0, 1]
    assert information_filter(information, 2.5).tolist() == [0, 1]  # bin 2 takes none, bin 3 takes item 1


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.8, 1.5])
def test_it_agrees_with_the_naive_loop(threshold: float) -> None:
    rng = np.random.default_rng(4)
    parameters = items(rng.lognormal(0, 0.5, 60).tolist(), rng.normal(size=60).tolist())
    for bins in (20, 90):
        information = item_information(parameters, np.sort(rng.normal(size=bins)))
        assert information_filter(information, threshold).tolist() == naive(information, threshold)


def test_bins_follow_the_abilities_or_the_range() -> None:
    ability = np.array([3.0, 0.0, 0.1, 0.2])
    np.testing.assert_allclose(ability_bins(ability, 4, "steps"), [0.0, 1.0, 2.0, 3.0])
    normal = np.random.default_rng(0).normal(size=20_000)
    np.testing.assert_allclose(ability_bins(normal, 3), [-0.967, 0.0, 0.967], atol=0.03)
    with pytest.raises(MethodOptionError, match="grid 'odd'"):
        ability_bins(ability, 4, "odd")


def posterior_variance(information: np.ndarray, chosen: np.ndarray) -> float:
    return float((1 / (1 + information[chosen].sum(axis=0))).mean())


def test_filling_and_cutting_take_the_best_single_step() -> None:
    rng = np.random.default_rng(1)
    information = item_information(
        items(rng.lognormal(0, 0.4, 9).tolist(), rng.normal(size=9).tolist()), np.arange(5.0)
    )
    start = np.array([3, 1, 7])
    variance = {i: posterior_variance(information, np.append(start, i)) for i in range(9) if i not in start}
    filled = with_budget(information, start, 4)
    assert filled.tolist() == [3, 1, 7, min(variance, key=variance.__getitem__)]
    pairs = {pair: posterior_variance(information, np.array(pair)) for pair in combinations([3, 1, 7], 2)}
    assert tuple(with_budget(information, start, 2)) == min(pairs, key=pairs.__getitem__)


def test_the_budget_is_met_from_anywhere() -> None:
    rng = np.random.default_rng(2)
    information = item_information(
        items(rng.lognormal(0, 0.4, 30).tolist(), rng.normal(size=30).tolist()), np.arange(9.0)
    )
    for chosen in (np.arange(0), np.arange(12), np.arange(30)):
        for k in (1, 12, 30):
            made = with_budget(information, chosen, k)
            assert len(set(made.tolist())) == k
            assert set(made.tolist()) <= set(chosen.tolist()) or set(chosen.tolist()) <= set(made.tolist())


def test_items_without_information_come_last() -> None:
    information = np.array([[0.0, 0.0], [0.2, 0.1], [0.0, 0.0], [0.3, 0.3]])
    assert with_budget(information, np.arange(0), 3).tolist() == [3, 1, 0]
    assert sorted(with_budget(information, np.arange(4), 2).tolist()) == [1, 3]
