"""The EM fit: against direct maximisation, finite differences and simulations whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import betaln, expit, logsumexp
from scipy.stats import beta, norm

from anchoreval.arrays import Float64Array
from anchoreval.errors import MethodOptionError, ResponseDataError
from anchoreval.numerics.irt import ItemParameters, Priors, answers, fit_irt

from .simulate import DEGENERATE, simulate

MODELS = ["1pl", "2pl", "3pl", "4pl"]


def unpack(vector: Float64Array, model: str, items: int) -> tuple[Float64Array, ...]:
    """Slope, intercept, lower, upper out of one vector of unconstrained numbers."""
    if model == "1pl":
        vector = np.concatenate([np.full(items, vector[0]), vector[1:]])
    parts = vector.reshape(-1, items)
    lower = expit(parts[2]) if len(parts) > 2 else np.zeros(items)
    upper = expit(parts[3]) if len(parts) > 3 else np.ones(items)
    return np.exp(parts[0]), parts[1], lower, upper


def penalised(vector: Float64Array, scores: Float64Array, model: str, nodes: int = 61) -> float:
    """The penalised marginal log-likelihood, one cell at a time out of its definition."""
    slope, intercept, lower, upper = unpack(vector, model, scores.shape[1])
    theta = np.linspace(-6, 6, nodes)
    weight = norm.logpdf(theta) - logsumexp(norm.logpdf(theta))
    logit, span = slope[:, None] * theta + intercept[:, None], (upper - lower)[:, None]
    right, wrong = lower[:, None] + span * expit(logit), (1 - upper)[:, None] + span * expit(-logit)
    if (upper <= lower).any() or min(right.min(), wrong.min()) <= 0:
        return -1e9
    y = scores[:, :, None]
    cells = np.where(np.isnan(y), 0.0, y * np.log(right) + (1 - y) * np.log(wrong))
    total = logsumexp(cells.sum(axis=1) + weight, axis=1).sum() + norm.logpdf(intercept / 3).sum()
    slopes = np.log(slope[:1] if model == "1pl" else slope)
    total += norm.logpdf(slopes / 0.5).sum()
    if model in ("3pl", "4pl"):
        total += beta.logpdf(lower, 5, 17).sum()
    if model == "4pl":
        total += beta.logpdf(upper, 19, 2).sum()
    return float(total)


def pack(parameters: ItemParameters, model: str) -> Float64Array:
    slope = np.log(parameters.discrimination)
    parts = [slope[:1] if model == "1pl" else slope, parameters.intercept]
    for asymptote, among in ((parameters.lower, ("3pl", "4pl")), (parameters.upper, ("4pl",))):
        parts += [np.log(asymptote / (1 - asymptote))] if model in among else []
    return np.concatenate(parts)


@pytest.mark.parametrize("model", MODELS)
def test_the_optimum_is_that_of_direct_maximisation(model: str) -> None:
    scores = simulate(80, 6, seed=1, lower=0.2 if model in ("3pl", "4pl") else 0.0, missing=0.1).scores
    fit = fit_irt(scores, model, tolerance=1e-7, max_steps=3000)
    assert fit.converged
    found = pack(fit.parameters, model)
    start = np.zeros((4, 6))
    start[2:] = [[-1.0], [2.0]]
    free = {"1pl": start[:2].ravel()[5:], "2pl": start[:2].ravel(), "3pl": start[:3].ravel(), "4pl": start.ravel()}
    direct = minimize(lambda v: -penalised(v, scores, model), free[model], method="BFGS", tol=1e-6)
    reached = penalised(found, scores, model)
    assert reached >= -direct.fun - 1e-5
    np.testing.assert_allclose(found, direct.x, atol=2e-3)
    constant = norm.logpdf(0) * (7 if model == "1pl" else 12)  # of the priors' densities, which the fit leaves out
    constant -= 6 * betaln(5, 17) if model in ("3pl", "4pl") else 0.0
    constant -= 6 * betaln(19, 2) if model == "4pl" else 0.0
    assert fit.trace[-1] + constant == pytest.approx(reached, abs=1e-8)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_the_penalised_likelihood_never_falls(model: str, missing: float) -> None:
    scores = simulate(60, 40, seed=2, lower=0.2, upper=0.95, missing=missing).scores
    trace = fit_irt(scores, model, max_steps=60).trace
    assert len(trace) > 3
    assert np.diff(trace).min() > -1e-9 * abs(trace[-1])


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_standard_errors_are_those_of_the_marginal_likelihoods_curvature(missing: float) -> None:
    scores = simulate(300, 5, seed=3, missing=missing).scores
    fit = fit_irt(scores, tolerance=1e-7, max_steps=3000)
    assert fit.parameters.errors is not None
    centre, step = pack(fit.parameters, "2pl"), 1e-3
    for item in range(5):
        corner = {}
        for one in (-1, 0, 1):
            for two in (-1, 0, 1):
                moved = centre.copy()
                moved[item] += one * step
                moved[5 + item] += two * step
                corner[one, two] = penalised(moved, scores, "2pl")
        slope = corner[1, 0] - 2 * corner[0, 0] + corner[-1, 0]
        intercept = corner[0, 1] - 2 * corner[0, 0] + corner[0, -1]
        cross = (corner[1, 1] - corner[1, -1] - corner[-1, 1] + corner[-1, -1]) / 4
        covariance = np.linalg.inv(-np.array([[slope, cross], [cross, intercept]]) / step**2)
        a, b = fit.parameters.discrimination[item], fit.parameters.difficulty[item]
        assert fit.parameters.errors.discrimination[item] == pytest.approx(a * covariance[0, 0] ** 0.5, rel=0.03)
        assert fit.parameters.errors.intercept[item] == pytest.approx(covariance[1, 1] ** 0.5, rel=0.03)
        toward = np.array([-b, -1 / a])
        expected = float(toward @ covariance @ toward) ** 0.5
        assert fit.parameters.errors.difficulty[item] == pytest.approx(expected, rel=0.03)


def test_two_parameters_are_recovered() -> None:
    truth = simulate(400, 1000)
    fit = fit_irt(truth.scores.astype(np.float32))
    assert fit.converged
    assert np.corrcoef(fit.parameters.difficulty, truth.parameters.difficulty)[0, 1] >= 0.95
    assert np.corrcoef(fit.parameters.discrimination, truth.parameters.discrimination)[0, 1] >= 0.85
    ratio = np.log(fit.parameters.discrimination / truth.parameters.discrimination)
    assert abs(ratio.mean()) < 0.1  # the scale too, not its order alone


def test_standard_errors_cover_the_truth() -> None:
    truth = simulate(400, 300, seed=5)
    fit = fit_irt(truth.scores)
    assert fit.parameters.errors is not None
    z = (fit.parameters.intercept - truth.parameters.intercept) / fit.parameters.errors.intercept
    z -= z.mean()  # the sampled models' mean ability moves all intercepts together
    assert 0.90 <= np.mean(np.abs(z) < 1.96) <= 0.99


def test_a_lower_asymptote_is_found() -> None:
    truth = simulate(1500, 30, seed=6, lower=0.25)
    flat = Priors(lower=(1.5, 1.5))
    lower = fit_irt(truth.scores, "3pl", priors=flat, max_steps=400).parameters.lower
    hard = truth.parameters.difficulty > 0  # only items that are missed often tell their lower asymptote
    assert np.median(lower[hard]) == pytest.approx(0.25, abs=0.05)


def test_missing_cells_are_as_if_the_model_were_absent() -> None:
    """A model without answers changes nothing; an item nobody answered goes to the priors' mode."""
    scores = simulate(50, 8, seed=7).scores
    holes = np.vstack([np.column_stack([scores, np.full(50, np.nan)]), np.full(9, np.nan)])
    whole, holed = (fit_irt(s, tolerance=1e-8, max_steps=2000).parameters for s in (scores, holes))
    np.testing.assert_allclose(holed.intercept[:8], whole.intercept, atol=1e-5)
    np.testing.assert_allclose(holed.discrimination[:8], whole.discrimination, atol=1e-5)
    assert holed.discrimination[8] == pytest.approx(1.0, abs=1e-5)
    assert holed.intercept[8] == pytest.approx(0.0, abs=1e-5)
    assert holed.errors is not None
    assert holed.errors.intercept[8] == pytest.approx(3.0, rel=1e-3)


def test_fractional_scores_reach_an_optimum_of_their_likelihood() -> None:
    """No single coordinate can be moved to advantage, and half marks throughout give the intercept of one half."""
    scores = simulate(60, 6, seed=8).scores
    fractional = scores.copy()
    fractional[:, 0] = 0.5
    fit = fit_irt(fractional, tolerance=1e-7, max_steps=2000).parameters
    found = penalised(pack(fit, "2pl"), fractional, "2pl")
    for column in range(12):
        for shift in (-0.01, 0.01):
            moved = pack(fit, "2pl")
            moved[column] += shift
            assert penalised(moved, fractional, "2pl") < found
    assert abs(fit.intercept[0]) < 0.05


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("scores", DEGENERATE.values(), ids=DEGENERATE)
def test_degenerate_tables_give_finite_parameters(model: str, scores: Float64Array) -> None:
    parameters = fit_irt(scores, model).parameters
    assert parameters.errors is not None
    for name in ("discrimination", "intercept", "difficulty", "lower", "upper"):
        assert np.isfinite(getattr(parameters, name)).all()
        assert np.isfinite(getattr(parameters.errors, name)).all()
    assert (parameters.lower < parameters.upper).all()


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_neither_blocks_nor_single_precision_change_the_fit(monkeypatch: pytest.MonkeyPatch, missing: float) -> None:
    scores = simulate(60, 50, seed=10, missing=missing).scores
    whole = fit_irt(scores, "3pl", tolerance=1e-6, max_steps=2000).parameters
    monkeypatch.setattr(answers, "CELLS", 61 * 4)  # 13 blocks
    single = fit_irt(scores.astype(np.float32), "3pl", tolerance=1e-6, max_steps=2000).parameters
    for name in ("discrimination", "intercept", "lower"):
        np.testing.assert_allclose(getattr(single, name), getattr(whole, name), atol=1e-3)
    assert whole.errors is not None
    assert single.errors is not None
    np.testing.assert_allclose(single.errors.intercept, whole.errors.intercept, rtol=1e-2)


def test_permuting_models_and_items_permutes_parameters() -> None:
    scores = simulate(40, 12, seed=9, missing=0.1).scores
    rows, columns = np.random.default_rng(0).permutation(40), np.random.default_rng(1).permutation(12)
    one, two = fit_irt(scores).parameters, fit_irt(scores[np.ix_(rows, columns)]).parameters
    np.testing.assert_allclose(two.intercept, one.intercept[columns], atol=1e-6)
    np.testing.assert_allclose(two.discrimination, one.discrimination[columns], atol=1e-6)


def test_what_cannot_be_fitted_is_refused_by_name() -> None:
    with pytest.raises(MethodOptionError, match="'5pl'"):
        fit_irt(np.eye(3), "5pl")
    with pytest.raises(MethodOptionError, match="tolerance"):
        fit_irt(np.eye(3), tolerance=0.0)
    with pytest.raises(MethodOptionError, match="slope_sd"):
        Priors(slope_sd=0.0)
    with pytest.raises(ResponseDataError, match=r"row 1, column 2 is 1\.5"):
        fit_irt(np.array([[0, 1, 1.0], [0, 1, 1.5]]))
    with pytest.raises(ResponseDataError, match="shape"):
        fit_irt(np.ones(4))
