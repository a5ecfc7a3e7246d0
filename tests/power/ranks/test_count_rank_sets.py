"""Rank sets of counts: p-values and Holm against SciPy and statsmodels, coverage by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from anchoreval.errors import MethodOptionError, ResponseDataError
from anchoreval.power.ranks.count_rank_sets import count_rank_sets


@pytest.mark.parametrize("seed", range(5))
def test_decisions_are_those_of_scipy_and_statsmodels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wins = rng.multinomial(120, [0.4, 0.3, 0.15, 0.1, 0.05, 0.0])
    pairs = [(j, k) for j in range(6) for k in range(6) if j != k]
    p_values = [
        stats.binomtest(int(wins[j]), int(wins[j] + wins[k]), alternative="greater").pvalue
        if wins[j] + wins[k]
        else 1.0
        for j, k in pairs
    ]
    better = np.zeros((6, 6), dtype=bool)
    for pair, rejected in zip(pairs, multipletests(p_values, 0.05, "holm")[0], strict=True):
        better[pair] = rejected
    sets = count_rank_sets(wins)
    np.testing.assert_array_equal(sets.below, better)
    np.testing.assert_array_equal(sets.lower, 1 + better.sum(axis=0))
    np.testing.assert_array_equal(sets.upper, 6 - better.sum(axis=1))


def test_marginal_sets_test_one_models_pairs() -> None:
    wins = np.array([40, 22, 18, 3])
    for model in range(4):
        others = [k for k in range(4) if k != model]
        worse = [
            stats.binomtest(int(wins[model]), int(wins[model] + wins[k]), alternative="less").pvalue for k in others
        ]
        ahead = [
            stats.binomtest(int(wins[model]), int(wins[model] + wins[k]), alternative="greater").pvalue for k in others
        ]
        both = multipletests(worse + ahead, 0.05, "holm")[0]
        sets = count_rank_sets(wins, simultaneous=False)
        assert sets.lower[model] == 1 + both[:3].sum()
        assert sets.upper[model] == 4 - both[3:].sum()
        best = count_rank_sets(wins, simultaneous=False, sides="best")
        assert best.lower[model] == 1 + multipletests(worse, 0.05, "holm")[0].sum()
        assert best.upper[model] == 4


@pytest.mark.parametrize("shares", [np.full(12, 1 / 12), np.array([0.3, 0.3, 0.1, 0.1, 0.1, 0.1])])
def test_coverage_is_exact_in_small_samples(shares: np.ndarray) -> None:
    rng, boards = np.random.default_rng(3), 400
    better = shares[None, :] > shares[:, None] + 1e-12
    first, last = 1 + better.sum(axis=1), len(shares) - better.T.sum(axis=1)
    found = [count_rank_sets(rng.multinomial(60, shares), models=None) for _ in range(boards)]
    covered = np.mean([((s.lower <= first) & (last <= s.upper)).all() for s in found])
    assert covered >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / boards)


def test_no_counts_say_nothing() -> None:
    assert count_rank_sets([0, 0, 0]).upper.tolist() == [3, 3, 3]
    assert count_rank_sets([4]).table()[["lower", "upper"]].to_numpy().tolist() == [[1, 1]]


def test_named_models_and_sides() -> None:
    sets = count_rank_sets([90, 5, 5], models=["a", "b", "c"], sides="worst")
    assert list(sets.models) == ["a", "b", "c"]
    assert sets.upper.tolist() == [1, 3, 3]
    assert sets.lower.tolist() == [1, 1, 1]
    assert np.isnan(sets.critical).all()


def test_what_is_refused() -> None:
    with pytest.raises(ResponseDataError, match=r"wins = 1.5 is not a count"):
        count_rank_sets([1.5, 2])
    with pytest.raises(ResponseDataError, match="expected"):
        count_rank_sets([[1, 2]])
    with pytest.raises(MethodOptionError, match="level"):
        count_rank_sets([1, 2], level=1.0)
