"""Several abilities: recovery of a known truth, agreement with the unidimensional fit, axes, abilities, edge cases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from anchoreval.arrays import Float64Array
from anchoreval.errors import MethodOptionError, ResponseDataError
from anchoreval.numerics.irt import answers, expected_scores, fit_irt, map_abilities
from anchoreval.numerics.irt.multidimensional import (
    MultidimensionalParameters,
    fit_multidimensional,
    multidimensional_abilities,
    multidimensional_expected_scores,
)

from .simulate import DEGENERATE, simulate, simulate_multidimensional


def canonical_correlations(one: Float64Array, two: Float64Array) -> Float64Array:
    """Of two sets of columns, greatest first."""
    bases = [np.linalg.qr(columns - columns.mean(axis=0))[0] for columns in (one, two)]
    return np.linalg.svd(bases[0].T @ bases[1])[1]


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_two_abilities_are_recovered(missing: float) -> None:
    truth = simulate_multidimensional(400, 500, 2, missing=missing)
    fit = fit_multidimensional(truth.scores.astype(np.float32))
    assert fit.converged
    assert canonical_correlations(fit.ability, truth.ability).min() >= 0.95
    assert np.corrcoef(fit.parameters.intercept, truth.intercept)[0, 1] >= 0.98
    length = np.linalg.norm(truth.slopes, axis=1)
    assert np.median(fit.parameters.discrimination / length) == pytest.approx(1.0, abs=0.08)
    expected = multidimensional_expected_scores(fit.parameters, fit.ability)
    assert np.sqrt(((expected - truth.chance) ** 2).mean()) < 0.06


def test_five_abilities_are_recovered_from_many_items() -> None:
    truth = simulate_multidimensional(300, 2000, 5, seed=1)
    fit = fit_multidimensional(truth.scores.astype(np.float32), dimensions=5)
    assert canonical_correlations(fit.ability, truth.ability).min() >= 0.95


def test_the_scale_of_ability_does_not_depend_on_how_many_items_there_are() -> None:
    """A fixed prior of slopes fails this: thousands of items pulled to 0 would stretch the abilities."""
    truth = simulate_multidimensional(200, 4000, 2, seed=2)
    fit = fit_multidimensional(truth.scores.astype(np.float32))
    np.testing.assert_allclose(fit.ability.std(axis=0), 1.0, atol=0.05)


@pytest.mark.parametrize("dimensions", [1, 3])
@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_the_bound_never_falls(dimensions: int, missing: float) -> None:
    scores = simulate_multidimensional(60, 40, 2, seed=3, missing=missing).scores
    trace = fit_multidimensional(scores, dimensions, tolerance=1e-6, max_steps=100).trace
    assert len(trace) > 5
    assert np.diff(trace).min() > -1e-9 * abs(trace[-1])


def test_one_ability_predicts_what_the_unidimensional_fit_predicts() -> None:
    truth = simulate(300, 200, seed=4)
    one = fit_multidimensional(truth.scores, dimensions=1, tolerance=1e-3)
    parameters = fit_irt(truth.scores).parameters
    ability = map_abilities(truth.scores, parameters).ability
    assert np.corrcoef(one.ability[:, 0], ability)[0, 1] > 0.999
    expected = expected_scores(parameters, ability)
    difference = multidimensional_expected_scores(one.parameters, one.ability) - expected
    assert np.sqrt((difference**2).mean()) < 0.01


def test_axes_are_principal_and_their_signs_settled() -> None:
    fit = fit_multidimensional(simulate_multidimensional(150, 120, 3, seed=5).scores, dimensions=3)
    moments = fit.parameters.slopes.T @ fit.parameters.slopes
    np.testing.assert_allclose(moments, np.diag(np.diag(moments)), atol=1e-8 * moments.max())
    assert (np.diff(np.diag(moments)) < 0).all()
    assert (fit.parameters.slopes.sum(axis=0) > 0).all()


def test_permuting_models_and_items_permutes_the_fit() -> None:
    scores = simulate_multidimensional(80, 60, 2, seed=6, missing=0.1).scores
    rng = np.random.default_rng(0)
    rows, columns = rng.permutation(80), rng.permutation(60)
    one, two = fit_multidimensional(scores), fit_multidimensional(scores[np.ix_(rows, columns)])
    np.testing.assert_allclose(two.parameters.slopes, one.parameters.slopes[columns], atol=1e-6)
    np.testing.assert_allclose(two.ability, one.ability[rows], atol=1e-6)


def test_neither_blocks_nor_single_precision_change_the_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = simulate_multidimensional(60, 50, 2, seed=7, missing=0.2).scores
    whole = fit_multidimensional(scores).parameters
    monkeypatch.setattr(answers, "CELLS", 60 * 4)  # 13 blocks
    single = fit_multidimensional(scores.astype(np.float32)).parameters
    np.testing.assert_allclose(single.slopes, whole.slopes, atol=1e-5)


def test_a_model_without_answers_changes_nothing_and_an_item_without_any_is_like_the_others() -> None:
    scores = simulate_multidimensional(100, 30, 2, seed=8).scores
    holes = np.column_stack([scores, np.full(100, np.nan)])
    slopes, intercept = (getattr(fit_multidimensional(holes).parameters, name) for name in ("slopes", "intercept"))
    # the item's own answers say nothing: what remains is the mean of the population of items, shrunk a little
    np.testing.assert_allclose(slopes[30], slopes[:30].mean(axis=0), atol=0.1)
    assert intercept[30] == pytest.approx(intercept[:30].mean(), abs=0.1)
    silent = np.vstack([scores, np.full(30, np.nan)])
    assert np.abs(fit_multidimensional(silent).ability[100]).max() < 0.1


def test_fractional_scores_are_fitted_as_their_own_chance() -> None:
    truth = simulate_multidimensional(200, 400, 2, seed=9)
    fit = fit_multidimensional(truth.chance)
    expected = multidimensional_expected_scores(fit.parameters, fit.ability)
    assert np.sqrt(((expected - truth.chance) ** 2).mean()) < 0.02
    assert canonical_correlations(fit.ability, truth.ability).min() > 0.99


@pytest.mark.parametrize("dimensions", [1, 3])
@pytest.mark.parametrize("scores", DEGENERATE.values(), ids=DEGENERATE)
def test_degenerate_tables_give_finite_parameters(dimensions: int, scores: Float64Array) -> None:
    fit = fit_multidimensional(scores, dimensions)
    for found in (fit.parameters.slopes, fit.parameters.intercept, fit.ability, fit.trace):
        assert np.isfinite(found).all()
    assert fit.parameters.slopes.shape == (scores.shape[1], dimensions)
    assert np.isfinite(multidimensional_abilities(scores, fit.parameters).ability).all()


def log_posterior(theta: Float64Array, scores: Float64Array, parameters: MultidimensionalParameters) -> float:
    total = -0.5 * float(theta @ theta)
    for score, slopes, intercept in zip(scores, parameters.slopes, parameters.intercept, strict=True):
        chance = 1 / (1 + np.exp(-(slopes @ theta + intercept)))
        total += 0.0 if np.isnan(score) else float(score * np.log(chance) + (1 - score) * np.log(1 - chance))
    return total


def test_abilities_are_the_posterior_mode_and_its_curvature() -> None:
    truth = simulate_multidimensional(6, 12, 2, seed=10, missing=0.2)
    truth.scores[0], truth.scores[1] = 1.0, 0.25
    parameters = MultidimensionalParameters(truth.slopes, truth.intercept)
    found = multidimensional_abilities(truth.scores, parameters)
    step = 1e-3
    for model, scores in enumerate(truth.scores):
        best = minimize(lambda t, y=scores: -log_posterior(t, y, parameters), np.zeros(2), method="BFGS", tol=1e-9)
        np.testing.assert_allclose(found.ability[model], best.x, atol=1e-5)
        hessian = np.empty((2, 2))
        for one, e in enumerate(step * np.eye(2)):
            for two, f in enumerate(step * np.eye(2)):
                corners = [best.x + e + f, best.x + e - f, best.x - e + f, best.x - e - f]
                high, off, also, low = (log_posterior(corner, scores, parameters) for corner in corners)
                hessian[one, two] = (high - off - also + low) / (4 * step**2)
        np.testing.assert_allclose(found.covariance[model], np.linalg.inv(-hessian), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(found.standard_error[2] ** 2, np.diag(found.covariance[2]))


@pytest.mark.parametrize("score", [0.0, 1.0])
@pytest.mark.parametrize("items", [1, 20, 5000])
def test_all_right_and_all_wrong_stay_finite(score: float, items: int) -> None:
    rng = np.random.default_rng(11)
    parameters = MultidimensionalParameters(rng.normal(1, 0.7, (items, 2)), rng.normal(0, 1, items))
    found = multidimensional_abilities(np.full((2, items), score), parameters)
    assert np.isfinite(found.ability).all()
    assert (found.standard_error > 0).all()
    assert (found.standard_error <= 1 + 1e-12).all()


def test_without_answers_the_prior_remains() -> None:
    parameters = MultidimensionalParameters(np.ones((3, 2)), np.zeros(3))
    found = multidimensional_abilities(np.full((1, 3), np.nan), parameters)
    np.testing.assert_allclose(found.ability, 0.0)
    np.testing.assert_allclose(found.covariance[0], np.eye(2))


def test_abilities_errors_hold() -> None:
    truth = simulate_multidimensional(500, 60, 2, seed=12)
    found = multidimensional_abilities(truth.scores, MultidimensionalParameters(truth.slopes, truth.intercept))
    covered = np.abs(found.ability - truth.ability) < 1.96 * found.standard_error
    assert (np.abs(covered.mean(axis=0) - 0.95) < 0.03).all()


def test_what_cannot_be_fitted_is_refused_by_name() -> None:
    with pytest.raises(MethodOptionError, match="dimensions"):
        fit_multidimensional(np.eye(3), dimensions=0)
    with pytest.raises(MethodOptionError, match="tolerance"):
        fit_multidimensional(np.eye(3), tolerance=0.0)
    with pytest.raises(ResponseDataError, match=r"row 1, column 2 is 1\.5"):
        fit_multidimensional(np.array([[0, 1, 1.0], [0, 1, 1.5]]))
    with pytest.raises(ResponseDataError, match="3 columns for the parameters of 4"):
        multidimensional_abilities(np.ones((2, 3)), MultidimensionalParameters(np.ones((4, 2)), np.zeros(4)))
