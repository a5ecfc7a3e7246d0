"""Rank statistics against SciPy and brute force."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from anchoreval.numerics import ranks
from anchoreval.numerics.ranks import (
    agreement_by_gap,
    average_ranks,
    kendall,
    pair_counts,
    pairwise_agreement,
    spearman,
)

PAIRED = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=2, max_size=25)


def columns(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays of scores, with many ties."""
    values = np.array(pairs, dtype=np.float64) / 8
    return values[:, 0], values[:, 1]


@given(PAIRED)
def test_ranks_and_correlations_equal_scipy(pairs: list[tuple[int, int]]) -> None:
    first, second = columns(pairs)
    assert np.array_equal(average_ranks(first), stats.rankdata(first))
    if len(set(first)) < 2 or len(set(second)) < 2:
        assert np.isnan(spearman(first, second))
        assert np.isnan(kendall(pair_counts(first, second)))
        return
    assert spearman(first, second) == pytest.approx(stats.spearmanr(first, second).statistic, abs=1e-12)
    assert kendall(pair_counts(first, second)) == pytest.approx(stats.kendalltau(first, second).statistic, abs=1e-12)


@given(PAIRED)
def test_agreement_equals_brute_force(pairs: list[tuple[int, int]]) -> None:
    estimate, truth = columns(pairs)
    right = [
        0.5 if estimate[a] == estimate[b] else float((estimate[a] < estimate[b]) == (truth[a] < truth[b]))
        for a, b in combinations(range(len(truth)), 2)
        if truth[a] != truth[b]
    ]
    expected = np.mean(right) if right else np.nan
    assert pairwise_agreement(pair_counts(estimate, truth)) == pytest.approx(expected, nan_ok=True)


def test_blocks_do_not_change_the_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 30, size=(2, 101)) / 30
    whole, by_gap = pair_counts(first, second), agreement_by_gap(first, second, 0.05)
    monkeypatch.setattr(ranks, "PAIRS", 150)
    assert pair_counts(first, second) == whole
    assert all(np.allclose(a, b) for a, b in zip(agreement_by_gap(first, second, 0.05), by_gap, strict=True))
    assert whole.agree + whole.disagree + whole.tied_first + whole.tied_second <= 101 * 100 // 2


def test_rounding_makes_no_order() -> None:
    first = np.array([0.1 + 0.2, 0.3, 0.5])
    assert average_ranks(first).tolist() == [1.5, 1.5, 3.0]


def test_agreement_by_gap_buckets_as_published() -> None:
    truth = np.array([0.0, 0.2, 0.25, 1.0])  # gaps .2 | .25, .05 | 1, .8, .75
    centres, shares, pairs = agreement_by_gap(np.array([0.0, 1.0, 0.5, 0.5]), truth, 0.5)
    assert centres.tolist() == [0.0, 0.5, 1.0]
    assert pairs.tolist() == [2, 1, 3]  # [0, .25): .2, .05; [.25, .75): .25; [.75, 1.25): 1, .8, .75
    assert shares.tolist() == [0.5, 1.0, (1 + 0 + 0.5) / 3]


def test_one_value_has_no_pairs() -> None:
    one = np.array([0.5])
    assert np.isnan(spearman(one, one))
    assert np.isnan(pairwise_agreement(pair_counts(one, one)))
    assert agreement_by_gap(one, one, 0.5)[0].size == 0
    assert average_ranks(np.array([])).size == 0
