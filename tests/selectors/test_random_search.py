"""RandomSearch: fitness by loops over lines, what more candidates do, and the winner's worth on new models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from anchor_selectors.random_search import RandomSearch, calibrated_errors
from anchoreval.contract import choose
from anchoreval.errors import MethodOptionError, TooFewModelsError
from anchoreval.numerics import random_subsets
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


def by_loops(means: Any, truth: Any, fold: Any) -> float:
    """Error of one subset with lines by numpy.polyfit."""
    left = []
    for number in np.unique(fold):
        inside = fold == number
        line = np.polyfit(means[~inside], truth[~inside], 1)
        left.extend(truth[inside] - np.polyval(line, means[inside]))
    return float(np.sqrt(np.mean(np.square(left))))


def test_fitness_is_that_of_lines_fitted_one_by_one(synthetic: Simulator) -> None:
    matrix = synthetic(30, 50, seed=1)
    rng = np.random.default_rng(0)
    subsets = np.array([rng.permutation(50)[:7] for _ in range(12)])
    truth, fold = matrix.full_scores.to_numpy(), rng.permutation(30) % 4
    means = random_subsets.subset_means(matrix.scores, subsets)
    np.testing.assert_allclose(means, np.stack([matrix.scores[:, s].mean(axis=1) for s in subsets], axis=1), rtol=1e-6)
    expected = [by_loops(column, truth, fold) for column in means.T]
    np.testing.assert_allclose(calibrated_errors(means, truth, fold), expected, atol=1e-8)


def test_a_constant_predictor_leaves_the_mean_of_the_others() -> None:
    truth, fold = np.array([0.1, 0.2, 0.6, 0.9]), np.array([0, 0, 1, 1])
    expected = np.sqrt(np.mean((truth - [0.75, 0.75, 0.15, 0.15]) ** 2))
    assert calibrated_errors(np.full((4, 1), 0.3), truth, fold) == pytest.approx([expected])


def test_the_reported_fitness_leaves_whole_base_models_out(synthetic: Simulator) -> None:
    matrix = synthetic(24, 40, variants=3, seed=2)
    matrix.models.loc[matrix.models.index[21:], "base_model"] = None  # three models that are their own base
    chosen = choose(RandomSearch(candidates=50, folds=99), matrix, 8)
    groups = matrix.models["base_model"].fillna(matrix.models.index.to_series()).to_numpy(dtype=str)
    assert chosen.details["folds"] == len(set(groups)) == 10
    means = matrix.scores[:, matrix.items.index.get_indexer(chosen.items)].mean(axis=1)
    expected = by_loops(means, matrix.full_scores.to_numpy(), groups)
    assert chosen.details["fitness"]["best"] == pytest.approx(expected, abs=1e-7)


def fitness(matrix: ResponseMatrix, candidates: int, seed: int = 0) -> dict[str, float]:
    return dict(choose(RandomSearch(candidates=candidates), matrix, 10, seed=seed).details["fitness"])


def test_more_candidates_are_the_same_ones_and_more(synthetic: Simulator) -> None:
    matrix = synthetic(40, 100, seed=3)
    best = [fitness(matrix, candidates)["best"] for candidates in (1, 10, 100, 1000)]
    assert best == sorted(best, reverse=True)
    assert best[-1] < 0.9 * fitness(matrix, 1000)["median"]
    assert fitness(matrix, 1)["best"] == fitness(matrix, 1)["median"]


def test_blocks_of_candidates_change_nothing(synthetic: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = synthetic(40, 100, seed=4)
    whole = choose(RandomSearch(candidates=60), matrix, 9)
    monkeypatch.setattr(random_subsets, "CELLS", 700)
    blocks = choose(RandomSearch(candidates=60), matrix, 9)
    assert whole.items.equals(blocks.items)
    assert whole.details == blocks.details


def error_on(new: ResponseMatrix, old: ResponseMatrix, items: Any) -> float:
    """Error, on new models, of the line fitted to the old ones."""
    place = old.items.index.get_indexer(items)
    line = np.polyfit(old.scores[:, place].mean(axis=1), old.full_scores, 1)
    left = new.full_scores - np.polyval(line, new.scores[:, place].mean(axis=1))
    return float(np.sqrt(np.mean(left**2)))


def test_the_winner_is_better_on_new_models_and_worse_than_its_fitness(synthetic: Simulator) -> None:
    simulated = synthetic(240, 150, seed=6)
    scores = simulated.scores.copy()
    scores[:, ::2] = np.random.default_rng(6).random((240, 75)) < 0.5  # half of the items tell nothing of a model
    matrix = ResponseMatrix.from_arrays(scores, models=simulated.models, items=simulated.items)
    old, new = matrix.subset(models=matrix.models.index[:120]), matrix.subset(models=matrix.models.index[120:])
    random = [choose(RandomSearch(candidates=1), old, 15, seed=seed) for seed in range(12)]
    winners = [choose(RandomSearch(candidates=1000), old, 15, seed=seed) for seed in range(12)]
    found = np.mean([error_on(new, old, chosen.items) for chosen in winners])
    assert found < 0.9 * np.mean([error_on(new, old, chosen.items) for chosen in random])
    assert np.mean([chosen.details["fitness"]["best"] for chosen in winners]) < found


def test_the_winner_of_a_search_is_no_probability_sample(synthetic: Simulator) -> None:
    chosen = choose(RandomSearch(candidates=5), synthetic(20, 30), 6)
    assert chosen.inclusion is None
    assert chosen.weights is None


def test_models_without_a_full_score_are_left_out(synthetic: Simulator) -> None:
    matrix = synthetic(30, 40, seed=7)
    known = (0.9 * matrix.full_scores).where(np.arange(30) >= 5)
    matrix = ResponseMatrix.from_arrays(
        matrix.scores, models=matrix.models.assign(full_score=known), items=matrix.items
    )
    left = matrix.subset(models=matrix.models.index[5:])
    with_them, without = (choose(RandomSearch(candidates=40), which, 6) for which in (matrix, left))
    assert with_them.items.equals(without.items)
    assert with_them.details == without.details


def test_wrong_options_and_too_few_groups_are_refused(synthetic: Simulator) -> None:
    with pytest.raises(MethodOptionError, match="candidates = 0 is not a whole number of at least 1"):
        RandomSearch(candidates=0)
    with pytest.raises(MethodOptionError, match="folds = 1 is not a whole number of at least 2"):
        RandomSearch(folds=1)
    with pytest.raises(MethodOptionError, match=r"candidates = 1\.5 is not"):
        RandomSearch(candidates=1.5)  # type: ignore[arg-type]
    with pytest.raises(TooFewModelsError, match=r"selector random_search needs .* 3 groups .* simulated has 2 with"):
        choose(RandomSearch(), synthetic(10, 30, variants=5), 5)
