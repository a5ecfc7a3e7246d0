"""Pooled covariances against means taken pair by pair; strata against sorting by hand."""

from __future__ import annotations

import numpy as np
import pytest

from anchoreval.numerics.item_covariance import ItemMoments
from anchoreval.numerics.item_pooling import equal_strata, pooled
from anchoreval.numerics.optimal_design import greedy_design


def pooled_by_hand(matrix: np.ndarray, strata: np.ndarray) -> np.ndarray:
    expected = np.empty_like(matrix)
    for i in range(len(matrix)):
        for j in range(len(matrix)):
            expected[i, j] = matrix[np.ix_(strata == strata[i], strata == strata[j])].mean()
        expected[i, i] = np.diag(matrix)[strata == strata[i]].mean()
    return expected


@pytest.mark.parametrize("models", [2, 9, 40])
def test_pooled_covariance_is_the_mean_over_pairs(models: int) -> None:
    rng = np.random.default_rng(models)
    factors = rng.normal(size=(models, 14))
    strata = np.array([0, 2, 1, 1, 3, 0, 2, 1, 0, 1, 2, 0, 1, 1])
    matrix = factors.T @ factors
    shared, own = pooled(factors, np.diag(matrix).copy(), strata)
    assert shared.shape == (4, 14)
    assert own.min() >= 0
    np.testing.assert_allclose(shared.T @ shared + np.diag(own), pooled_by_hand(matrix, strata), atol=1e-9)


def test_strata_are_bands_of_equal_size() -> None:
    levels = np.array([0.9, 0.1, 0.5, 0.5, 0.2, 0.8, 0.7])
    np.testing.assert_array_equal(equal_strata(levels, 3), [2, 0, 0, 1, 0, 2, 1])
    assert np.bincount(equal_strata(levels, 7)).tolist() == [1] * 7
    assert equal_strata(levels, 1).max() == 0


def test_a_wholly_pooled_design_is_balanced_over_strata_and_takes_the_first_of_equals() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(20, 1)) + rng.normal(size=(20, 60))
    strata = equal_strata(scores.mean(axis=0), 6)
    mixed = rng.permutation(60)
    moments = ItemMoments.of(scores[:, mixed], strata[mixed])
    chosen = greedy_design(moments.shrunk(0.1, 0.03, 1.0), np.full(60, 1 / 60), 12).items
    assert np.bincount(strata[mixed][chosen], minlength=6).min() >= 1
    for stratum in range(6):
        inside = np.flatnonzero(strata[mixed] == stratum)
        taken = sorted(chosen[strata[mixed][chosen] == stratum])
        assert taken == inside[: len(taken)].tolist()
