"""Simple random sampling: known probabilities, unbiased weights, and the error that sampling theory gives it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from anchoreval.contract import choose
from anchoreval.registry import make_selector
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


def test_inclusion_and_weights_are_known(synthetic: Simulator) -> None:
    matrix = synthetic(10, 40, n_subjects=3, aggregation="macro")
    chosen = choose(make_selector("random"), matrix, 8)
    assert chosen.inclusion is not None
    assert chosen.weights is not None
    np.testing.assert_allclose(chosen.inclusion, 0.2)
    own = matrix.weights[matrix.items.index.get_indexer(chosen.items)]
    np.testing.assert_allclose(chosen.weights, own / own.sum())


def test_the_mean_has_the_error_of_sampling_theory(synthetic: Simulator) -> None:
    matrix = synthetic(4, 60, seed=2)
    k, n = 15, matrix.n_items
    estimates = []
    for seed in range(2500):
        chosen = choose(make_selector("random"), matrix, k, seed=seed)
        assert chosen.weights is not None
        estimates.append(matrix.scores[:, matrix.items.index.get_indexer(chosen.items)] @ chosen.weights)
    errors = np.array(estimates) - matrix.full_scores.to_numpy()
    expected = matrix.scores.std(axis=1, ddof=1, dtype=np.float64) * np.sqrt((1 - k / n) / k)
    np.testing.assert_allclose(errors.std(axis=0), expected, rtol=0.06)
    np.testing.assert_array_less(np.abs(errors.mean(axis=0)), 4.5 * expected / np.sqrt(len(errors)))


def test_items_without_weight_may_be_all_that_is_drawn() -> None:
    weights = np.zeros(30)
    weights[0] = 1.0
    matrix = ResponseMatrix.from_arrays(np.eye(30), weights=weights)
    chosen = choose(make_selector("random"), matrix, 1, seed=3)
    assert chosen.items[0] != "i0"
    assert chosen.weights is None
    assert chosen.inclusion == pytest.approx(1 / 30)
