"""Abilities, information and expected scores: closed forms, quadrature and direct maximisation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from anchoreval.arrays import Float64Array
from anchoreval.errors import ResponseDataError
from anchoreval.numerics.irt import (
    ItemParameters,
    eap_abilities,
    expected_scores,
    item_information,
    map_abilities,
    total_information,
)

from .simulate import simulate


def log_posterior(theta: float, scores: Float64Array, parameters: ItemParameters) -> float:
    logit = parameters.discrimination * theta + parameters.intercept
    chance = parameters.lower + (parameters.upper - parameters.lower) / (1 + np.exp(-logit))
    cells = scores * np.log(chance) + (1 - scores) * np.log(1 - chance)
    return float(np.nansum(cells)) - theta**2 / 2


@pytest.mark.parametrize("lower", [0.0, 0.2])
def test_mode_and_mean_are_those_of_the_posterior(lower: float) -> None:
    truth = simulate(12, 15, seed=1, lower=lower, missing=0.2)
    mode, mean = map_abilities(truth.scores, truth.parameters), eap_abilities(truth.scores, truth.parameters)
    for model, scores in enumerate(truth.scores):
        grid = np.linspace(-6, 6, 241)
        peak = grid[np.argmax([log_posterior(t, scores, truth.parameters) for t in grid])]
        best = minimize_scalar(
            lambda t, y=scores: -log_posterior(t, y, truth.parameters),
            bounds=(peak - 0.1, peak + 0.1),
            method="bounded",
            options={"xatol": 1e-9},
        )
        assert mode.ability[model] == pytest.approx(best.x, abs=1e-5)
        moments = [
            quad(
                lambda t, y=scores, p=p, top=best.fun: t**p * np.exp(log_posterior(t, y, truth.parameters) + top), -9, 9
            )[0]
            for p in range(3)
        ]
        average = moments[1] / moments[0]
        assert mean.ability[model] == pytest.approx(average, abs=1e-4)
        deviation = (moments[2] / moments[0] - average**2) ** 0.5
        assert mean.standard_error[model] == pytest.approx(deviation, rel=1e-3)


def test_the_standard_error_of_the_mode_is_from_information_and_prior() -> None:
    truth = simulate(20, 30, seed=2)
    found = map_abilities(truth.scores, truth.parameters, prior_sd=2.0)
    expected = 1 / np.sqrt(total_information(truth.parameters, found.ability) + 1 / 4)
    np.testing.assert_allclose(found.standard_error, expected)


@pytest.mark.parametrize("score", [0.0, 1.0])
@pytest.mark.parametrize("items", [1, 20, 5000])
@pytest.mark.parametrize("lower", [0.0, 0.25])
def test_all_right_and_all_wrong_stay_finite(score: float, items: int, lower: float) -> None:
    parameters = simulate(1, items, seed=3, lower=lower).parameters
    for found in (abilities(np.full((2, items), score), parameters) for abilities in (map_abilities, eap_abilities)):
        assert (np.abs(found.ability) < 12).all()
        assert (np.sign(found.ability) == np.sign(score - 0.5)).all()
        assert (found.standard_error > 0).all()
        assert (found.standard_error <= 1.001).all()


def test_without_answers_the_prior_remains() -> None:
    parameters = simulate(1, 4, seed=4).parameters
    for abilities in (map_abilities, eap_abilities):
        found = abilities(np.full((1, 4), np.nan), parameters, prior_mean=0.7, prior_sd=1.3)
        assert found.ability[0] == pytest.approx(0.7, abs=1e-6)
        assert found.standard_error[0] == pytest.approx(1.3, rel=1e-3)


def test_abilities_are_recovered_and_their_errors_hold() -> None:
    truth = simulate(500, 200, seed=5, missing=0.3)
    for abilities in (map_abilities, eap_abilities):
        found = abilities(truth.scores.astype(np.float32), truth.parameters)
        assert np.corrcoef(found.ability, truth.ability)[0, 1] > 0.97
        covered = np.abs(found.ability - truth.ability) < 1.96 * found.standard_error
        assert 0.92 <= covered.mean() <= 0.98


@settings(max_examples=30, deadline=None)
@given(st.floats(0.05, 6.0), st.floats(-4, 4))
def test_two_parameter_information_peaks_at_the_difficulty_with_a_quarter_of_the_squared_slope(
    a: float, b: float
) -> None:
    item = ItemParameters(np.array([a]), np.array([-a * b]), np.zeros(1), np.ones(1))
    theta = b + np.linspace(-3, 3, 601)
    information = item_information(item, theta)[0]
    assert information.max() == pytest.approx(a**2 / 4, rel=1e-9)
    assert theta[np.argmax(information)] == pytest.approx(b, abs=1e-9)


def test_information_is_the_variance_of_the_score_function() -> None:
    """With asymptotes as well: E[(d log-likelihood / d theta)^2] by numerical differentiation."""
    items = ItemParameters(np.array([0.8, 2.0]), np.array([0.3, -1.0]), np.array([0.2, 0.1]), np.array([0.95, 1.0]))
    theta, step = np.linspace(-2, 2, 9), 1e-5
    p = expected_scores(items, theta)
    high, low = expected_scores(items, theta + step), expected_scores(items, theta - step)
    right, wrong = (np.log(high) - np.log(low)) / (2 * step), (np.log(1 - high) - np.log(1 - low)) / (2 * step)
    np.testing.assert_allclose(item_information(items, theta).T, p * right**2 + (1 - p) * wrong**2, rtol=1e-6)
    np.testing.assert_allclose(total_information(items, theta), item_information(items, theta).sum(axis=0))


def test_expected_scores_follow_the_formula() -> None:
    items = ItemParameters(np.array([1.5]), np.array([-0.75]), np.array([0.25]), np.array([0.9]))
    assert items.difficulty[0] == pytest.approx(0.5)
    assert expected_scores(items, np.array([0.5]))[0, 0] == pytest.approx((0.25 + 0.9) / 2)
    np.testing.assert_allclose(expected_scores(items, np.array([-1e6, 1e6]))[:, 0], [0.25, 0.9])


def test_scores_and_parameters_must_belong_together() -> None:
    with pytest.raises(ResponseDataError, match="3 columns for the parameters of 4"):
        map_abilities(np.ones((2, 3)), simulate(1, 4).parameters)
