"""Item covariances against NumPy's dense ones, and the narrowed form against the whole."""

from __future__ import annotations

import numpy as np
import pytest

from anchoreval.numerics.item_covariance import ItemMoments


@pytest.mark.parametrize("models", [2, 9, 40])
def test_shrunk_covariance_is_the_dense_formula(models: int) -> None:
    scores = np.random.default_rng(models).random((models, 12))
    dense = np.cov(scores.T, bias=True)
    expected = 0.7 * dense + 0.3 * np.diag(np.diag(dense)) + 0.2 * np.diag(dense).mean() * np.eye(12)
    everything = np.arange(12)
    covariance = ItemMoments.of(scores).shrunk(0.3, 0.2)
    weights = np.arange(12) / 66
    assert len(covariance.factors) <= min(models, 12)
    np.testing.assert_allclose(covariance.among(everything), expected, atol=1e-12)
    np.testing.assert_allclose(covariance.with_total(weights, everything), expected @ weights, atol=1e-12)


def test_all_items_reconstruct_the_sum_itself() -> None:
    weights = np.arange(1, 13) / 78
    covariance = ItemMoments.of(np.random.default_rng(0).random((7, 12))).shrunk(0.4, 0.1)
    np.testing.assert_allclose(covariance.reconstruction(weights, np.arange(12)), weights, atol=1e-10)


def test_models_that_do_not_differ_leave_noise_alone() -> None:
    covariance = ItemMoments.of(np.ones((3, 5))).shrunk(0.5, 0.1)
    np.testing.assert_allclose(covariance.among(np.arange(5)), 0.1 * 0.25 * np.eye(5))


def test_narrowing_keeps_the_law_of_items_and_sum() -> None:
    rng = np.random.default_rng(3)
    moments, weights = ItemMoments.of(rng.random((8, 15))), rng.random(15)
    kept = np.array([1, 4, 5, 11])
    few, sums = moments.narrowed(kept, weights)
    whole, narrow = moments.shrunk(0.3, 0.2), few.shrunk(0.3, 0.2)
    np.testing.assert_allclose(narrow.among(np.arange(4)), whole.among(kept), atol=1e-12)
    np.testing.assert_allclose(narrow.with_total(sums, np.arange(4)), whole.with_total(weights, kept), atol=1e-12)
    every, five = np.arange(15), np.arange(5)
    assert sums @ narrow.among(five) @ sums == pytest.approx(weights @ whole.among(every) @ weights)
