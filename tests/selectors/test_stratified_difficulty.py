"""Strata of difficulty: how items fall into them, true inclusion probabilities, and a smaller error on new models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from anchor_selectors.stratified_difficulty import StratifiedDifficulty
from anchoreval.contract import choose, generator
from anchoreval.errors import MethodOptionError
from anchoreval.methods import Selection, Selector
from anchoreval.registry import make_selector
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


def strata_of(chosen: Selection) -> list[dict[str, Any]]:
    strata = chosen.details["strata"]
    assert isinstance(strata, list)
    return strata


def ladder(weights: Any = None) -> ResponseMatrix:
    """Ten models and eleven items, of which item n is right for n models; ids in another order than difficulty."""
    scores = np.arange(10)[:, None] < np.arange(11)
    ids = [f"i{7 * n % 11:02d}" for n in range(11)]
    return ResponseMatrix.from_arrays(scores, items=ids, weights=weights, name="ladder")


def test_items_fall_into_strata_as_by_hand() -> None:
    strata = strata_of(choose(StratifiedDifficulty(strata=4), ladder(), 8))
    assert [(s["lowest"], s["highest"], s["items"]) for s in strata] == [
        (0.0, 0.2, 3),
        (0.3, 0.5, 3),
        (0.6, 0.8, 3),
        (0.9, 1.0, 2),
    ]
    assert [s["expected"] for s in strata] == pytest.approx([24 / 11, 24 / 11, 24 / 11, 16 / 11])
    assert sum(s["drawn"] for s in strata) == 8


def test_weight_decides_a_stratums_part() -> None:
    weights = np.where(np.arange(11) < 3, 8.0, 1.0)  # the hardest three carry three quarters
    strata = strata_of(choose(StratifiedDifficulty(strata=4), ladder(weights), 4))
    assert [s["expected"] for s in strata] == pytest.approx([1, 1, 1, 1])
    strata = strata_of(choose(StratifiedDifficulty(strata=4), ladder(weights), 7))
    assert [s["expected"] for s in strata] == pytest.approx([3, 1.5, 1.5, 1])


@pytest.mark.parametrize(("k", "expected"), [(1, 1), (9, 1), (10, 2), (24, 4), (100, 20), (299, 50), (300, 50)])
def test_the_number_of_strata_follows_the_budget(k: int, expected: int, synthetic: Simulator) -> None:
    assert len(strata_of(choose(StratifiedDifficulty(), synthetic(90, 300), k))) == expected


def test_there_are_no_more_strata_than_difficulties_or_items(synthetic: Simulator) -> None:
    assert len(strata_of(choose(StratifiedDifficulty(), synthetic(1, 300), 100))) == 2
    assert len(strata_of(choose(StratifiedDifficulty(strata=40), ladder(), 3))) == 11


@pytest.mark.parametrize(("k", "strata"), [(3, 5), (7, 5), (7, 3), (10, None), (4, 11)])
def test_reported_inclusion_is_the_frequency_of_being_drawn(k: int, strata: int | None) -> None:
    matrix = ladder(1.0 + np.arange(11) % 4).sorted_by_id()
    selector, draws = StratifiedDifficulty(strata=strata), 2500
    rng = generator(0, "frequencies")
    times, reported = np.zeros(11), np.zeros(11)
    for _ in range(draws):
        chosen = selector.select(matrix, k, rng)
        place = matrix.items.index.get_indexer(chosen.items)
        times[place] += 1
        assert chosen.inclusion is not None
        reported[place] = chosen.inclusion
    assert reported.sum() == pytest.approx(k)
    error = np.sqrt(np.maximum(reported * (1 - reported), 0.0) / draws)
    assert (np.abs(times / draws - reported) < 4.5 * error + 1e-9).all()


def test_weights_are_benchmark_weight_over_inclusion() -> None:
    matrix = ladder(1.0 + np.arange(11) % 4)
    chosen = choose(StratifiedDifficulty(strata=3), matrix, 5)
    assert chosen.inclusion is not None
    raised = matrix.weights[matrix.items.index.get_indexer(chosen.items)] / chosen.inclusion
    assert chosen.weights is not None
    np.testing.assert_allclose(chosen.weights, raised / raised.sum())


def mean_square_error(selector: Selector, old: ResponseMatrix, new: ResponseMatrix, k: int) -> float:
    truth, squares = new.full_scores.to_numpy(), []
    for seed in range(200):
        chosen = choose(selector, old, k, seed=seed)
        assert chosen.weights is not None
        estimate = new.scores[:, new.items.index.get_indexer(chosen.items)] @ chosen.weights
        squares.append(((estimate - truth) ** 2).mean())
    return float(np.mean(squares))


def test_the_error_on_new_models_is_smaller_than_that_of_a_simple_random_sample(synthetic: Simulator) -> None:
    matrix = synthetic(120, 300, seed=1)
    old, new = matrix.subset(models=matrix.models.index[:60]), matrix.subset(models=matrix.models.index[60:])
    plain = mean_square_error(make_selector("random"), old, new, 30)
    assert mean_square_error(StratifiedDifficulty(), old, new, 30) < 0.9 * plain
    assert mean_square_error(StratifiedDifficulty(strata=1), old, new, 30) == pytest.approx(plain, rel=0.15)


def test_difficulty_allows_for_which_models_answered(synthetic: Simulator) -> None:
    matrix = synthetic(100, 40, seed=2)
    scores = matrix.scores.copy()
    strong = matrix.full_scores.to_numpy() > matrix.full_scores.median()
    scores[np.ix_(strong, np.arange(40) < 20)] = np.nan  # put to weak models alone, so that they only look harder
    holed = ResponseMatrix.from_arrays(scores, models=matrix.models, items=matrix.items)
    strata = strata_of(choose(StratifiedDifficulty(strata=4), holed, 8))
    adjusted = np.sort(holed.completed().scores.mean(axis=0, dtype=np.float64))
    assert [s["lowest"] for s in strata] == pytest.approx(adjusted[[0, 10, 20, 30]])
    assert [s["highest"] for s in strata] == pytest.approx(adjusted[[9, 19, 29, 39]])
    assert strata[0]["highest"] > np.sort(np.nanmean(scores, axis=0))[9] + 0.02


@pytest.mark.parametrize("strata", [0, -1, 2.0, True])
def test_wrong_options_are_refused(strata: Any) -> None:
    with pytest.raises(MethodOptionError, match="is not a whole number of at least 1"):
        StratifiedDifficulty(strata=strata)
