"""The Bayes linear estimator against dense conditioning over all items, the anchor mean, and simulated Gaussians."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from anchoreval.contract import choose, fit
from anchoreval.errors import MethodOptionError, TooFewModelsError
from anchoreval.estimators.bayes_linear import POOLINGS, SHRINKAGES, UNSEEN, BayesLinear
from anchoreval.methods import Selection
from anchoreval.registry import make_selector
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


def fitted(estimator: BayesLinear, sources: ResponseMatrix, selection: Selection) -> BayesLinear:
    made = fit(estimator, sources, selection)
    assert isinstance(made, BayesLinear)
    return made


def test_it_is_the_posterior_mean_under_the_covariance_of_all_items(synthetic: Simulator) -> None:
    """By dense conditioning in the space of items, where the diagonal terms belong to items and not to sums."""
    matrix = synthetic(60, 40, seed=3)
    sources, targets = matrix.subset(models=matrix.models.index[15:]), matrix.subset(models=matrix.models.index[:15])
    chosen = np.arange(0, 40, 4)
    scores, asked = sources.scores.astype(np.float64), targets.scores.astype(np.float64)[:, chosen]
    empirical = np.cov(scores.T, bias=True)
    variance = np.diag(empirical)
    covariance = 0.7 * empirical + 0.3 * np.diag(variance) + 0.1 * variance[chosen].mean() * np.eye(40)
    away = asked - scores[:, chosen].mean(axis=0)
    slopes = np.linalg.solve(covariance[np.ix_(chosen, chosen)], (covariance @ matrix.weights)[chosen])
    expected = scores.mean(axis=0) @ matrix.weights + away @ slopes
    estimator = fitted(
        BayesLinear(shrinkage=0.3, pooling=0.0, noise=0.1), sources, Selection(matrix.items.index[chosen])
    )
    assert expected.min() > 0.0 < 1.0 - expected.max()
    np.testing.assert_allclose(estimator.predict(targets)["score"], expected, atol=1e-6)


def test_wholly_pooled_it_reads_the_mean_of_the_answers_alone(synthetic: Simulator) -> None:
    matrix = synthetic(40, 200, seed=1)
    chosen = matrix.items.index[:20]
    estimator = fitted(BayesLinear(pooling=1.0), matrix, Selection(chosen))
    estimates = estimator.predict(matrix)["score"]
    right = matrix.part(chosen).scores.sum(axis=1).round().astype(int)
    by_count = estimates.groupby(right).agg(["min", "max"])
    np.testing.assert_allclose(by_count["min"], by_count["max"], atol=1e-12)
    assert by_count["min"].is_monotonic_increasing


def test_the_posterior_sd_is_the_error_where_the_gaussian_holds() -> None:
    rng = np.random.default_rng(0)
    ability = rng.normal(size=(4000, 1))
    scores = np.clip(0.5 + 0.05 * ability + 0.05 * rng.normal(size=(4000, 60)), 0, 1)
    matrix = ResponseMatrix.from_arrays(scores, models=[f"m{n:04d}" for n in range(4000)])
    sources, targets = (
        matrix.subset(models=matrix.models.index[:2000]),
        matrix.subset(models=matrix.models.index[2000:]),
    )
    chosen = choose(make_selector("random"), sources, 12)
    estimator = fitted(BayesLinear(shrinkage=0.0, pooling=0.0, noise=1e-4), sources, chosen)
    errors = estimator.predict(targets)["score"] - targets.full_scores
    assert errors.std() == pytest.approx(estimator.posterior_sd_[0], rel=0.06)


def test_with_every_item_asked_nothing_is_uncertain(synthetic: Simulator) -> None:
    matrix = synthetic(30, 25, n_subjects=2)
    estimator = fitted(BayesLinear(), matrix, Selection(matrix.items.index))
    np.testing.assert_array_equal(estimator.posterior_sd_, np.zeros(3))


def test_settings_are_chosen_among_those_listed_and_options_hold_them(synthetic: Simulator) -> None:
    matrix = synthetic(60, 120, n_subjects=3, seed=4)
    chosen = choose(make_selector("random"), matrix, 20)
    free = fitted(BayesLinear(), matrix, chosen).settings_
    assert free.shape == (4, 2)
    assert set(free[:, 0]) <= set(SHRINKAGES)
    assert set(free[:, 1]) <= set(POOLINGS)
    held = fitted(BayesLinear(shrinkage=0.4, pooling=0.1), matrix, chosen).settings_
    np.testing.assert_array_equal(held, np.tile([0.4, 0.1], (4, 1)))
    half = fitted(BayesLinear(pooling=0.1), matrix, chosen).settings_
    assert (half[:, 1] == 0.1).all()
    assert set(half[:, 0]) <= set(SHRINKAGES)
    few = fitted(BayesLinear(), matrix.subset(models=matrix.models.index[:4]), chosen).settings_
    np.testing.assert_array_equal(few, np.tile([UNSEEN.shrinkage, UNSEEN.pooling], (4, 1)))


def test_structure_is_used_and_its_absence_noticed(synthetic: Simulator) -> None:
    """Items that are alike but for chance ask for pooling; a few items that stand for all others do not."""
    rng = np.random.default_rng(1)
    ability = np.clip(rng.uniform(-0.2, 1.2, size=(60, 1)), 0.02, 0.98)
    flat = (rng.random((60, 300)) < ability).astype(float)
    told = np.array(flat)
    told[:, :3] = rng.random((60, 3)) < 0.5  # three items decide hundred others each, the rest of the anchors nothing
    told[:, 30:] = np.repeat(told[:, :3], 90, axis=1)
    chosen = Selection(ResponseMatrix.from_arrays(flat).items.index[:30])
    pooled = fitted(BayesLinear(), ResponseMatrix.from_arrays(flat), chosen).settings_[0, 1]
    single = fitted(BayesLinear(), ResponseMatrix.from_arrays(told), chosen).settings_[0, 1]
    assert pooled >= 0.6
    assert single == min(POOLINGS)


def test_one_source_is_too_few(synthetic: Simulator) -> None:
    matrix = synthetic(1, 30)
    with pytest.raises(TooFewModelsError, match=r"estimator bayes_linear needs 2 source models .* has 1"):
        fit(BayesLinear(), matrix, Selection(matrix.items.index[:5]))


@pytest.mark.parametrize(
    "options",
    [
        {"shrinkage": -0.1},
        {"shrinkage": float("nan")},
        {"pooling": 1.1},
        {"noise": 0.0},
        {"noise": float("inf")},
        {"folds": 1},
    ],
)
def test_impossible_options_are_refused_by_name(options: dict[str, Any]) -> None:
    with pytest.raises(MethodOptionError, match=f"estimator bayes_linear: option {next(iter(options))}"):
        BayesLinear(**options)
