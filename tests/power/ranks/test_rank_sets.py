"""Rank confidence sets: coverage on simulated leaderboards with ties, degenerate input, and speed."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from anchoreval.errors import MethodOptionError, ResponseDataError
from anchoreval.power.ranks.rank_sets import RankSets, rank_sets

ERROR = 0.02
LEADERBOARDS = {
    "all equal": np.full(20, 0.5),
    "blocks of ties": np.repeat(np.linspace(0.5, 0.7, 5), 4),
    "spread": np.linspace(0.4, 0.8, 20),
    "two at the top": np.concatenate([[0.8, 0.8], np.full(10, 0.7)]),
}


def independent(count: int) -> np.ndarray:
    return ERROR**2 * np.diag(np.linspace(0.5, 1.5, count))


def strongly_correlated(count: int) -> np.ndarray:
    return ERROR**2 * (0.9 + 0.1 * np.eye(count))


def families(count: int) -> np.ndarray:
    within = 0.95 * (np.arange(count)[:, None] // 4 == np.arange(count) // 4)
    return ERROR**2 * np.where(np.eye(count) == 1, 1.0, within)


def true_ranks(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last place of the tied block that a model is in."""
    better = scores[None, :] > scores[:, None] + 1e-12
    return 1 + better.sum(axis=1), len(scores) - better.T.sum(axis=1)


def held(sets: RankSets, scores: np.ndarray) -> np.ndarray:
    first, last = true_ranks(scores)
    return (sets.lower <= first) & (last <= sets.upper)


def simulated(scores: np.ndarray, covariance: np.ndarray, boards: int, seed: int, **options: object) -> list[RankSets]:
    estimates = np.random.default_rng(seed).multivariate_normal(scores, covariance, size=boards)
    return [rank_sets(row, covariance, draws=800, seed=n, **options) for n, row in enumerate(estimates)]  # type: ignore[arg-type]


@pytest.mark.parametrize("covariance", [independent, strongly_correlated, families])
@pytest.mark.parametrize("name", LEADERBOARDS)
def test_all_ranks_are_covered_at_once(name: str, covariance: Callable[[int], np.ndarray]) -> None:
    scores = LEADERBOARDS[name]
    found = simulated(scores, covariance(len(scores)), 300, seed=11)
    covered = np.mean([held(sets, scores).all() for sets in found])
    assert covered >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 300), covered


@pytest.mark.parametrize("name", ["all equal", "blocks of ties"])
def test_ties_leave_no_slack(name: str) -> None:
    """With ties everywhere the probability is used up: sets that hold far more often would be too wide."""
    covered = np.mean(
        [held(s, LEADERBOARDS[name]).all() for s in simulated(LEADERBOARDS[name], independent(20), 300, 5)]
    )
    assert covered <= 0.995


@pytest.mark.parametrize("sides", ["both", "best", "worst"])
def test_marginal_sets_cover_each_rank(sides: str) -> None:
    scores = LEADERBOARDS["blocks of ties"]
    found = simulated(scores, families(20), 150, seed=12, simultaneous=False, sides=sides)
    covered = np.mean([held(sets, scores) for sets in found], axis=0)
    assert covered.mean() >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 150), covered
    assert covered.min() >= 0.95 - 4.5 * np.sqrt(0.95 * 0.05 / 150), covered


def test_covariances_sized_on_few_models_need_students_draws() -> None:
    rng, scores, boards = np.random.default_rng(13), LEADERBOARDS["all equal"], 300
    covered = np.zeros((boards, 2))
    for n in range(boards):
        estimates = scores + ERROR * rng.normal(size=20)
        guess = ERROR**2 * np.eye(20) * rng.chisquare(15) / 15
        for column, degrees in enumerate((15.0, None)):
            sets = rank_sets(estimates, guess, draws=800, seed=n, degrees_of_freedom=degrees)
            covered[n, column] = held(sets, scores).all()
    assert covered[:, 0].mean() >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / boards)
    assert covered[:, 1].mean() < 0.9


def test_the_best_and_the_worst_are_found_with_their_ties() -> None:
    scores = LEADERBOARDS["two at the top"]
    found = simulated(scores, independent(12), 300, seed=14)
    assert np.mean([{0, 1} <= set(sets.best()) for sets in found]) >= 0.95
    assert np.mean([set(range(2, 12)) <= set(sets.worst(10)) for sets in found]) >= 0.95
    assert np.mean([len(sets.best()) for sets in found]) < 6


def test_sets_by_hand() -> None:
    sets = rank_sets([0.9, 0.5, 0.5, 0.1], 1e-4 * np.eye(4), models=list("abcd"))
    assert sets.table().to_dict("list") == {
        "estimate": [0.9, 0.5, 0.5, 0.1],
        "rank": [1, 2, 2, 4],
        "lower": [1, 2, 2, 4],
        "upper": [1, 3, 3, 4],
    }
    assert list(sets.best()) == ["a"]
    assert list(sets.best(2)) == ["a", "b", "c"]
    assert list(sets.worst()) == ["d"]
    assert list(sets.worst(2)) == ["b", "c", "d"]
    assert sets.below[0].tolist() == [False, True, True, True]
    np.testing.assert_array_equal(sets.above, sets.below.T)


def test_marginal_sets_are_narrower_and_one_side_narrower_still() -> None:
    rng = np.random.default_rng(15)
    estimates, covariance = rng.uniform(0.5, 0.7, 20), independent(20)
    both = rank_sets(estimates, covariance)
    marginal = rank_sets(estimates, covariance, simultaneous=False)
    best = rank_sets(estimates, covariance, simultaneous=False, sides="best")
    assert (marginal.lower >= both.lower).all()
    assert (marginal.upper <= both.upper).all()
    assert (marginal.upper - marginal.lower).sum() < (both.upper - both.lower).sum()
    assert (best.lower >= marginal.lower).all()
    assert (best.critical < marginal.critical).all()
    assert (best.upper == 20).all()


def test_simultaneous_bounds_on_one_side_are_those_of_both() -> None:
    estimates = np.random.default_rng(16).uniform(0.5, 0.7, 12)
    both, best, worst = (rank_sets(estimates, independent(12), sides=s) for s in ("both", "best", "worst"))  # type: ignore[arg-type]
    assert (best.lower == both.lower).all()
    assert (worst.upper == both.upper).all()
    assert (worst.lower == 1).all()


def test_correlated_errors_tell_more_apart() -> None:
    estimates = np.linspace(0.5, 0.6, 10)
    assert len(rank_sets(estimates, strongly_correlated(10)).best()) < len(
        rank_sets(estimates, ERROR**2 * np.eye(10)).best()
    )


def test_one_model_and_two() -> None:
    assert rank_sets([0.5], [[0.1]]).table()[["rank", "lower", "upper"]].to_numpy().tolist() == [[1, 1, 1]]
    sets = rank_sets([0.5, 0.9], 1e-4 * np.eye(2))
    assert (sets.lower.tolist(), sets.upper.tolist()) == ([2, 1], [2, 1])
    sets = rank_sets([0.5, 0.51], 1e-4 * np.eye(2), simultaneous=False)
    assert (sets.lower.tolist(), sets.upper.tolist()) == ([1, 1], [2, 2])


def test_identical_models_tie_for_ever() -> None:
    covariance = 1e-6 * np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    sets = rank_sets([0.8, 0.7, 0.2], covariance)
    assert sets.lower.tolist() == [1, 1, 3]
    assert sets.upper.tolist() == [2, 2, 3]


def test_scores_known_without_error_are_ranked_as_they_are() -> None:
    sets = rank_sets([0.3, 0.7, 0.7, 0.1], np.zeros((4, 4)))
    assert sets.lower.tolist() == [3, 1, 1, 4]
    assert sets.upper.tolist() == [3, 2, 2, 4]


def test_models_without_an_estimate_are_left_out_and_named() -> None:
    covariance = 1e-4 * np.eye(3)
    covariance[1] = covariance[:, 1] = np.nan
    sets = rank_sets([0.5, np.nan, 0.9], covariance, models=["a", "b", "c"])
    assert sets.left_out == ("b",)
    assert sets.table().index.tolist() == ["a", "c"]
    assert sets.lower.tolist() == [2, 1]


def test_the_seed_decides() -> None:
    rng = np.random.default_rng(17)
    estimates = rng.random(8)
    first, again, other = (rank_sets(estimates, independent(8), draws=200, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.critical, again.critical)
    assert first.critical[0] != other.critical[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": 0.5}, "level"),
        ({"sides": "up"}, "sides = 'up' is none of both, best, worst"),
        ({"draws": 0}, "draws"),
        ({"degrees_of_freedom": 0.5}, "degrees_of_freedom"),
    ],
)
def test_impossible_options(options: dict[str, object], message: str) -> None:
    with pytest.raises(MethodOptionError, match=message):
        rank_sets([0.5, 0.6], np.eye(2), **options)  # type: ignore[arg-type]


def test_impossible_data() -> None:
    for estimates, covariance, message in [
        ([0.5, 0.6], np.eye(3), r"shape \(2,\), their covariance \(3, 3\)"),
        ([0.5, np.inf], np.eye(2), "model 1: its estimate"),
        ([0.5, 0.6], np.diag([1.0, -1.0]), "model 1: its estimate or variance"),
        ([0.5, 0.6], np.diag([np.nan, 1.0]), "model 0"),
        ([0.5, 0.6], np.array([[1.0, 0.5], [0.1, 1.0]]), "not symmetric"),
        ([np.nan], [[1.0]], "no model has an estimate"),
    ]:
        with pytest.raises(ResponseDataError, match=message):
            rank_sets(estimates, covariance)
    with pytest.raises(ResponseDataError, match="2 models have 1 names"):
        rank_sets([0.5, 0.6], np.eye(2), models=["a"])
    with pytest.raises(MethodOptionError, match="tau"):
        rank_sets([0.5, 0.6], np.eye(2)).best(0)


@pytest.mark.perf
def test_four_hundred_models_take_seconds() -> None:
    rng = np.random.default_rng(18)
    began = time.process_time()
    sets = rank_sets(rng.uniform(0.3, 0.9, 400), families(400), draws=10_000)
    assert time.process_time() - began < 30
    assert (sets.lower <= sets.rank).all()
    assert (sets.rank <= sets.upper).all()
