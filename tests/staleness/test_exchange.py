from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from anchoreval.arrays import Float64Array
from anchoreval.staleness.exchange import (
    Exchange,
    compared,
    conformal_p_values,
    exponential_scores,
    mean_among,
    midranks,
    superiority,
)


def test_the_p_value_is_that_of_all_divisions() -> None:
    values = np.array([0.1, 0.4, 0.35, 0.2, 0.9, 0.6, 0.45])
    seen = values[4:].mean()
    every = np.array([values[list(some)].mean() for some in combinations(range(7), 3)])
    exact = float((every >= seen - 1e-12).mean())
    tested = Exchange.of(4, 3, draws=20000).tested(mean_among(values), 0.05)
    assert tested.p_value == pytest.approx(exact, abs=0.005)
    assert tested.value == pytest.approx(seen)
    assert tested.expected == pytest.approx(every.mean(), abs=0.005)


def test_p_values_of_fresh_targets_are_uniform() -> None:
    rng = np.random.default_rng(0)
    exchange = Exchange.of(30, 10, draws=499)
    p = [exchange.tested(mean_among(exponential_scores(rng.normal(size=40))), 0.05).p_value for _ in range(800)]
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_superiority_is_mann_whitneys() -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(0, 6, size=25).astype(np.float64)
    division = np.arange(25) >= 15
    expected = stats.mannwhitneyu(values[15:], values[:15]).statistic / (15 * 10)
    assert superiority(values)(division[None])[0] == pytest.approx(expected)


def test_midranks_are_scipys() -> None:
    values = np.array([3.0, 1.0, 3.0, 2.0, 3.0])
    np.testing.assert_allclose(midranks(values), stats.rankdata(values))


def test_what_is_visible_is_found_with_80_per_cent() -> None:
    rng = np.random.default_rng(2)
    exchange = Exchange.of(40, 15, draws=999)

    def tested(values: Float64Array) -> tuple[float, float]:
        found = exchange.tested(mean_among(values), 0.05)
        return found.visible, found.p_value

    visible = tested(rng.normal(size=55))[0]
    shift = visible * 55 / 40  # the mean among all moves with the targets
    found = [tested(rng.normal(size=55) + np.where(np.arange(55) >= 40, shift, 0.0))[1] <= 0.05 for _ in range(200)]
    assert 0.65 < np.mean(found) < 0.95


def test_where_nothing_could_be_found_nothing_is_visible() -> None:
    assert np.isinf(compared(1.0, np.ones(100), 0.05).visible)
    assert compared(1.0, np.ones(100), 0.05).p_value == 1.0


def test_conformal_p_values_count_groups_once() -> None:
    others = np.array([1.0, 1.0, 1.0, 5.0, 2.0])
    groups = ["a", "a", "a", "a", "b"]
    found = conformal_p_values(np.array([3.0, 0.5, 9.0, np.nan]), others, groups)
    # of group a a quarter is above 3; all of a and b above one half; none above nine
    np.testing.assert_allclose(found[:3], [1.25 / 3, 1.0, 1.0 / 3])
    assert np.isnan(found[3])
