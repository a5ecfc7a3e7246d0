"""The weighted mean: the published sum, subjects by their own anchors' weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchoreval.contract import fit
from anchoreval.errors import NotApplicableError
from anchoreval.estimators.weighted import Weighted
from anchoreval.methods import Selection
from anchoreval.responses import ResponseMatrix

from ..conftest import simulate

Simulator = Callable[..., ResponseMatrix]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 999), k=st.integers(1, 29))
def test_the_score_is_the_sum_of_weights_times_answers(seed: int, k: int) -> None:
    matrix = simulate(6, 30, n_subjects=3, seed=1)
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(30, k, replace=False))
    weights = rng.dirichlet(np.ones(k))
    estimate = fit(Weighted(), matrix, Selection(matrix.items.index[chosen], weights=weights)).predict(matrix)["score"]
    np.testing.assert_allclose(estimate, matrix.scores[:, chosen] @ weights, atol=1e-6)


def test_subjects_scale_their_own_weights(synthetic: Simulator) -> None:
    matrix = synthetic(6, 30, n_subjects=3, seed=1)
    selection = Selection(matrix.items.index[[0, 3, 1]], weights=np.array([0.6, 0.2, 0.2]))
    estimate = fit(Weighted(), matrix, selection).predict(matrix)
    np.testing.assert_allclose(estimate["subject0"], matrix.scores[:, [0, 3]] @ [0.75, 0.25], atol=1e-6)
    np.testing.assert_allclose(estimate["subject1"], matrix.scores[:, 1], atol=1e-6)
    assert estimate["subject2"].isna().all()


def test_a_subject_answered_completely_is_exact_whatever_the_weights(synthetic: Simulator) -> None:
    matrix = synthetic(6, 30, n_subjects=3, seed=1)
    own = matrix.items.index[matrix.items["subject"] == "subject1"]
    selection = Selection(own, weights=np.linspace(1, 2, len(own)) / np.linspace(1, 2, len(own)).sum())
    estimate = fit(Weighted(), matrix, selection).predict(matrix)
    np.testing.assert_allclose(estimate["subject1"], matrix.totals()["subject1"], atol=1e-6)


def test_without_weights_it_is_refused(synthetic: Simulator) -> None:
    matrix = synthetic(5, 10)
    with pytest.raises(NotApplicableError, match="estimator weighted needs anchors whose selector gives weights"):
        fit(Weighted(), matrix, Selection(matrix.items.index[:3]))
    with pytest.raises(NotApplicableError, match="estimator weighted needs anchors whose selector gives weights"):
        Weighted().fit(matrix, Selection(matrix.items.index[:3]), np.random.default_rng(0))
