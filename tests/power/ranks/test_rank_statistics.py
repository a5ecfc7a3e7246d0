"""The stepdown engine against loops over pairs and draws, and Tukey's studentised range."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from anchoreval.errors import MethodOptionError, ResponseDataError
from anchoreval.power.ranks.rank_statistics import (
    PairFamily,
    StudentisedPairs,
    all_pairs,
    largest_differences,
    pairs_with,
    stepdown,
    studentise,
)


def correlated(count: int, rng: np.random.Generator) -> np.ndarray:
    """A covariance with unequal variances and correlations of either sign."""
    loadings = rng.normal(size=(count, 2))
    return (loadings @ loadings.T + np.diag(rng.uniform(0.2, 1.5, count))) * 0.02**2


def ordered_pairs(family: PairFamily) -> set[tuple[int, int]]:
    """(better, worse) under test."""
    ahead = {(int(family.hubs[h]), int(k)) for h, k in zip(*np.nonzero(family.ahead), strict=True)}
    return ahead | {(int(k), int(family.hubs[h])) for h, k in zip(*np.nonzero(family.behind), strict=True)}


def by_loops(pairs: StudentisedPairs, tested: set[tuple[int, int]], level: float) -> tuple[float, set[tuple[int, int]]]:
    """Steps 2 to 4 of the algorithm as they are written, in double precision, everything recomputed every time."""
    left, rejected = set(tested), set[tuple[int, int]]()
    draws = pairs.draws.astype(np.float64)
    while left:
        maxima = np.max([(draws[j] - draws[k]) * pairs.scale[j, k] for j, k in left], axis=0)
        critical = np.sort(maxima)[int(np.ceil((len(maxima) + 1) * level - 1e-9)) - 1]
        new = {(j, k) for j, k in left if pairs.statistics[j, k] > critical}
        left -= new
        rejected |= new
        if not new:
            break
    return float(critical), rejected


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("family", [all_pairs(9), pairs_with(4, 9), pairs_with(0, 9, behind=False)])
def test_the_stepdown_is_that_of_plain_loops(seed: int, family: PairFamily) -> None:
    rng = np.random.default_rng(seed)
    estimates = np.append(0.65, rng.uniform(0.4, 0.6, 8))
    pairs = studentise(estimates, correlated(9, rng), draws=700, seed=seed, degrees_of_freedom=None)
    found = stepdown(pairs, family, 0.9)
    critical, rejected = by_loops(pairs, ordered_pairs(family), 0.9)
    assert found.critical == pytest.approx(critical, rel=1e-5)
    assert ordered_pairs(PairFamily(family.hubs, found.ahead, found.behind)) == rejected
    assert rejected


def test_one_step_rejects_no_more() -> None:
    rng = np.random.default_rng(5)
    pairs = studentise(rng.uniform(0.4, 0.6, 15), correlated(15, rng), 800, 0, None)
    first, last = stepdown(pairs, all_pairs(15), 0.95, repeat=False), stepdown(pairs, all_pairs(15), 0.95)
    assert first.steps == 1
    assert first.critical > last.critical
    assert not (first.ahead & ~last.ahead).any()


def test_maxima_over_several_blocks_are_those_of_loops() -> None:
    rng = np.random.default_rng(6)
    pairs = studentise(rng.random(7), correlated(7, rng), 1300, 3, 12.0)
    family = all_pairs(7).without(rng.random((7, 7)) < 0.4, rng.random((7, 7)) < 0.4)
    draws = pairs.draws.astype(np.float64)
    expected = np.max([(draws[j] - draws[k]) * pairs.scale[j, k] for j, k in ordered_pairs(family)], axis=0)
    np.testing.assert_allclose(
        largest_differences(pairs.draws, pairs.scale, family), np.maximum(expected, 0), rtol=1e-5
    )


@pytest.mark.parametrize(("count", "degrees"), [(2, None), (10, None), (10, 20.0), (30, None)])
def test_equal_independent_errors_give_tukeys_studentised_range(count: int, degrees: float | None) -> None:
    pairs = studentise(np.zeros(count), 0.03**2 * np.eye(count), 40_000, 1, degrees)
    law = stats.studentized_range(count, np.inf if degrees is None else degrees)
    exact = law.ppf(0.95) / np.sqrt(2)
    step = 1e-3
    density = (law.cdf((exact + step) * np.sqrt(2)) - law.cdf((exact - step) * np.sqrt(2))) / (2 * step)
    error = np.sqrt(0.95 * 0.05 / 40_000) / density
    assert stepdown(pairs, all_pairs(count), 0.95).critical == pytest.approx(exact, abs=4 * error)


def test_the_one_sided_value_of_two_models_is_the_normal_quantile() -> None:
    pairs = studentise(np.zeros(2), np.array([[4.0, 1.0], [1.0, 2.0]]), 40_000, 2, None)
    error = np.sqrt(0.95 * 0.05 / 40_000) / stats.norm.pdf(1.645)
    assert stepdown(pairs, pairs_with(0, 2, behind=False), 0.95).critical == pytest.approx(1.645, abs=4 * error)


def test_a_shared_error_cancels() -> None:
    own = 0.01**2 * np.eye(6)
    alone, shared = (studentise(np.arange(6) / 50, own + common, 4000, 3, None) for common in (0.0, 0.5))
    np.testing.assert_allclose(shared.statistics, alone.statistics, rtol=1e-6)
    assert stepdown(shared, all_pairs(6), 0.95).critical == pytest.approx(
        stepdown(alone, all_pairs(6), 0.95).critical, rel=0.05
    )


def test_what_is_no_covariance_is_refused() -> None:
    with pytest.raises(ResponseDataError, match="not positive semi-definite: smallest eigenvalue -1"):
        studentise(np.zeros(2), np.array([[1.0, 2.0], [2.0, 1.0]]), 100, 0, None)


def test_too_few_draws_for_the_level() -> None:
    pairs = studentise(np.zeros(2), np.eye(2), 18, 0, None)
    with pytest.raises(MethodOptionError, match=r"18 draws are too few for level 0.95: at least 19"):
        stepdown(pairs, all_pairs(2), 0.95)
    stepdown(studentise(np.zeros(2), np.eye(2), 19, 0, None), all_pairs(2), 0.95)
