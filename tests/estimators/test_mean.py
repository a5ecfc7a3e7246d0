"""The sample mean: plain for a simple random sample, unbiased for unequal inclusion, exact where all is drawn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from anchoreval.contract import choose, fit
from anchoreval.errors import NotApplicableError
from anchoreval.estimators.mean import Mean, stand_ins
from anchoreval.methods import Selection
from anchoreval.registry import make_selector
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


@pytest.mark.parametrize("k", [1, 7, 30, 59])
def test_a_simple_random_sample_gives_the_plain_mean(synthetic: Simulator, k: int) -> None:
    matrix = synthetic(12, 60, seed=1)
    selection = choose(make_selector("random"), matrix, k)
    estimate = fit(Mean(), matrix, selection).predict(matrix)["score"]
    plain = matrix.scores[:, matrix.items.index.get_indexer(selection.items)].mean(axis=1, dtype=np.float64)
    np.testing.assert_allclose(estimate, plain, atol=1e-12, rtol=0)


def test_unequal_inclusion_by_hand() -> None:
    """Four items of weight 1/4: the certain one stands for itself, the other (pi = 1/3) for the three that remain."""
    matrix = ResponseMatrix.from_arrays([[1.0, 0.5, 0.0, 0.0]])
    selection = Selection(matrix.items.index[:2], inclusion=np.array([1.0, 1 / 3]))
    estimate = fit(Mean(), matrix, selection).predict(matrix)["score"]
    assert estimate.iloc[0] == pytest.approx(1.0 / 4 + 0.5 * 3 / 4)


def test_unbiased_over_a_design_with_unequal_inclusion(synthetic: Simulator) -> None:
    """Two strata, drawn at 100 % and 10 %: over many draws the mean estimate is the truth, the anchors' mean is not."""
    matrix = synthetic(6, 110, n_subjects=0, seed=3)
    scores = np.array(matrix.scores)
    scores[:, :10] = 1.0
    matrix = ResponseMatrix.from_arrays(scores)
    rng, draws = np.random.default_rng(0), 400
    estimates, plain = np.zeros((draws, 6)), np.zeros((draws, 6))
    inclusion = np.concatenate([np.ones(10), np.full(10, 0.1)])
    for n in range(draws):
        drawn = np.concatenate([np.arange(10), 10 + np.sort(rng.choice(100, 10, replace=False))])
        selection = Selection(matrix.items.index[drawn], inclusion=inclusion)
        estimates[n] = fit(Mean(), matrix, selection).predict(matrix)["score"]
        plain[n] = scores[:, drawn].mean(axis=1)
    error = estimates.std(axis=0, ddof=1) / np.sqrt(draws)
    truth = scores.mean(axis=1)
    assert (np.abs(estimates.mean(axis=0) - truth) < 4 * error).all()
    assert (np.abs(plain.mean(axis=0) - truth) > 0.1).any()


def test_subjects_come_from_their_own_anchors(synthetic: Simulator) -> None:
    matrix = synthetic(8, 40, n_subjects=4, seed=2)
    items = matrix.items.index[[0, 4, 8, 1, 5]]  # three of subject0, two of subject1, none of the others
    selection = Selection(items, inclusion=np.full(5, 5 / 40))
    estimate = fit(Mean(), matrix, selection).predict(matrix)
    np.testing.assert_allclose(estimate["subject0"], matrix.scores[:, [0, 4, 8]].mean(axis=1), atol=1e-7)
    np.testing.assert_allclose(estimate["subject1"], matrix.scores[:, [1, 5]].mean(axis=1), atol=1e-7)
    assert estimate[["subject2", "subject3"]].isna().all(axis=None)


def test_a_macro_benchmark_keeps_its_weights(synthetic: Simulator) -> None:
    matrix = synthetic(8, 41, n_subjects=3, aggregation="macro", seed=2)
    items, share = matrix.items.index[::4], 11 / 41
    estimate = fit(Mean(), matrix, Selection(items, inclusion=np.full(11, share))).predict(matrix)["score"]
    expected = np.average(matrix.scores[:, ::4], axis=1, weights=matrix.weights[::4])
    np.testing.assert_allclose(estimate, expected, atol=1e-6)


def test_a_design_certain_of_its_anchors_says_nothing_of_the_rest_so_every_anchor_counts() -> None:
    np.testing.assert_allclose(stand_ins(np.array([[0.5], [0.5]]), np.ones(2)), 0.5)
    assert np.isnan(stand_ins(np.zeros((2, 1)), np.full(2, 0.5))).all()


def test_without_inclusion_probabilities_it_is_refused(synthetic: Simulator) -> None:
    matrix = synthetic(5, 10)
    selection = Selection(matrix.items.index[:3], weights=np.full(3, 1 / 3))
    with pytest.raises(NotApplicableError, match="estimator mean needs anchors drawn at random"):
        fit(Mean(), matrix, selection)
    with pytest.raises(NotApplicableError, match="estimator mean needs anchors drawn at random"):
        Mean().fit(matrix, selection, np.random.default_rng(0))


def test_no_source_model_is_needed_but_the_target(synthetic: Simulator) -> None:
    matrix = synthetic(1, 20)
    selection = choose(make_selector("random"), matrix, 5)
    assert fit(Mean(), matrix, selection).predict(matrix)["score"].between(0, 1).all()


def test_predictions_are_indexed_by_target(synthetic: Simulator) -> None:
    matrix = synthetic(4, 20)
    estimator = fit(Mean(), matrix, choose(make_selector("random"), matrix, 5))
    targets = matrix.subset(models=["model002", "model000"])
    pd.testing.assert_index_equal(estimator.predict(targets).index, targets.models.index)
