"""Priors learnt from the items: the scale they keep, what they learn, and that they help where the truth is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from anchoreval.arrays import Float64Array
from anchoreval.errors import MethodOptionError
from anchoreval.numerics.irt import ItemParameters, Priors, eap_abilities, expected_scores, fit_hierarchical, fit_irt
from anchoreval.numerics.irt.hierarchical import learnt_priors, standardised
from anchoreval.numerics.irt.parameters import ItemErrors

from .simulate import simulate


def error(found: Float64Array, truth: Float64Array) -> float:
    return float(np.sqrt(np.mean((found - truth) ** 2)))


@pytest.mark.parametrize("seed", range(4))
def test_parameters_come_closer_to_the_truth_than_under_fixed_priors(seed: int) -> None:
    """On the scale on which the models that were drawn have mean 0 and deviation 1."""
    truth = simulate(200, 400, seed=seed)
    slope, difficulty = linked(truth.parameters, truth.ability)
    errors = {}
    for fit in (fit_irt, fit_hierarchical):
        parameters = fit(truth.scores).parameters
        found = linked(parameters, eap_abilities(truth.scores, parameters).ability)
        errors[fit] = np.array([error(found[0], slope), error(found[1], difficulty)])
        errors[fit] = np.append(errors[fit], 1 - np.corrcoef(found[1], difficulty)[0, 1])
    assert (errors[fit_hierarchical] < errors[fit_irt]).all()


def linked(parameters: ItemParameters, ability: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Discrimination and difficulty where these abilities have mean 0 and deviation 1."""
    sd = ability.std()
    return parameters.discrimination * sd, (parameters.difficulty - ability.mean()) / sd


def test_more_rounds_stay_on_the_scale_of_abilities() -> None:
    truth = simulate(200, 300, seed=2)
    for rounds in (1, 2, 6):
        parameters = fit_hierarchical(truth.scores, rounds=rounds).parameters
        found = eap_abilities(truth.scores, parameters)
        assert abs(found.ability.mean()) < 0.05
        assert np.sqrt(found.ability.var() + np.mean(found.standard_error**2)) == pytest.approx(1.0, abs=0.03)
    assert error(parameters.difficulty, truth.parameters.difficulty) < 0.4


def test_another_scale_of_abilities_leaves_the_curves_as_they_are() -> None:
    truth = simulate(300, 400, seed=3)
    # what a population of mean 0.7 and deviation 1.6 would have been told
    moved = dataclasses.replace(
        truth.parameters,
        discrimination=truth.parameters.discrimination / 1.6,
        intercept=truth.parameters.intercept - truth.parameters.discrimination * 0.7 / 1.6,
    )
    back = standardised(moved, truth.scores)
    again = eap_abilities(truth.scores, back)
    assert abs(again.ability.mean()) < 0.03
    assert np.sqrt(again.ability.var() + np.mean(again.standard_error**2)) == pytest.approx(1.0, abs=0.03)
    # an item's curve only moves along the axis: where it is steepest it is still as likely as not
    np.testing.assert_allclose(np.diag(expected_scores(back, back.difficulty)), 0.5)
    ratio = back.discrimination / moved.discrimination
    assert np.ptp(ratio) < 1e-12


def test_what_is_learnt_are_the_moments_of_truth_and_error() -> None:
    rng = np.random.default_rng(0)
    items, noise = 20_000, 0.3
    slope, difficulty = rng.normal(0.2, 0.5, items), rng.normal(-0.4, 0.9, items)
    # posterior means under a normal prior: shrunk, so that their variance and the error's add up to the truth's
    shrunk = [
        m + (s**2 / (s**2 + noise**2)) * (x + rng.normal(0, noise, items) - m)
        for x, m, s in ((slope, 0.2, 0.5), (difficulty, -0.4, 0.9))
    ]
    errors = [np.full(items, np.sqrt(s**2 * noise**2 / (s**2 + noise**2))) for s in (0.5, 0.9)]
    steepness = np.exp(shrunk[0])
    zero = np.zeros(items)
    parameters = ItemParameters(
        steepness,
        -steepness * shrunk[1],
        zero,
        zero + 1,
        ItemErrors(errors[0] * steepness, zero, errors[1], zero, zero),
    )
    found = learnt_priors(parameters, Priors(difficulty=(0.0, 2.0)))
    assert (found.slope_mean, found.slope_sd) == pytest.approx((0.2, 0.5), abs=0.02)
    assert found.difficulty == pytest.approx((-0.4, 0.9), abs=0.03)


def test_missing_cells_and_hopeless_items_leave_finite_parameters() -> None:
    truth = simulate(60, 50, seed=4, missing=0.1)
    scores = truth.scores.copy()
    scores[:, 0], scores[:, 1] = 1.0, 0.0
    parameters = fit_hierarchical(scores).parameters
    assert np.isfinite(parameters.discrimination).all()
    assert np.isfinite(parameters.difficulty).all()


def test_no_rounds_are_refused() -> None:
    with pytest.raises(MethodOptionError, match="rounds"):
        fit_hierarchical(np.ones((3, 3)), rounds=0)


def test_the_slopes_of_the_difficulty_prior_are_those_of_its_value() -> None:
    priors = Priors(difficulty=(0.3, 0.8))
    rng = np.random.default_rng(5)
    here = rng.normal(size=(6, 2))
    gradient, curvature = priors.slopes(here)
    step = 1e-5
    for column in range(2):
        moved = np.zeros((6, 2))
        moved[:, column] = step
        numeric = (priors.value(here + moved) - priors.value(here - moved)) / (2 * step)
        np.testing.assert_allclose(gradient[:, column], numeric, rtol=1e-5, atol=1e-7)
    assert (curvature > 0).all()
    with pytest.raises(MethodOptionError, match="difficulty"):
        Priors(difficulty=(0.0, 0.0))
