"""Curves behind one face: the same abilities and scores as the engines give, and refusals."""

from __future__ import annotations

import numpy as np
import pytest
from tests.numerics.irt.simulate import simulate

from anchoreval.errors import MethodOptionError
from anchoreval.numerics.irt import fit_irt, map_abilities
from anchoreval.numerics.irt.multidimensional import multidimensional_abilities
from anchoreval.numerics.response_curves import ResponseCurves, check_curve_options


@pytest.mark.parametrize("model", ["1pl", "2pl", "3pl"])
def test_one_ability_is_read_as_the_engine_reads_it(model: str) -> None:
    scores = simulate(60, 40, seed=1, missing=0.1).scores
    curves, engine = ResponseCurves.fit(scores, model), fit_irt(scores, model).parameters
    assert curves.dimensions == 1
    ability = curves.abilities(scores)
    np.testing.assert_allclose(ability[:, 0], map_abilities(scores, engine).ability)
    logistic = 1 / (1 + np.exp(-(ability * engine.discrimination + engine.intercept)))
    np.testing.assert_allclose(curves.expected(ability), engine.lower + (engine.upper - engine.lower) * logistic)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_beliefs_about_one_model_are_the_modes_found_for_many(dimensions: int) -> None:
    scores = simulate(80, 50, seed=2).scores
    curves = ResponseCurves.fit(scores, dimensions=dimensions)
    modes = curves.abilities(scores)
    for row in (0, 7, 31):
        mode, covariance = curves.beliefs(scores[row])
        np.testing.assert_allclose(mode, modes[row], atol=1e-6)
        if dimensions > 1:
            engine = multidimensional_abilities(scores[row : row + 1], curves._several())
            np.testing.assert_allclose(covariance, engine.covariance[0], atol=1e-6)
    for constant in (0.0, 1.0):
        mode, _ = curves.beliefs(np.full(50, constant))
        np.testing.assert_allclose(mode, curves.abilities(np.full((1, 50), constant))[0], atol=1e-6)


def test_without_answers_the_prior_stays() -> None:
    curves = ResponseCurves.fit(simulate(40, 20, seed=3).scores, dimensions=2)
    mode, covariance = curves.take([]).beliefs(np.zeros(0))
    np.testing.assert_array_equal(mode, [0.0, 0.0])
    np.testing.assert_array_equal(covariance, np.eye(2))
    np.testing.assert_array_equal(curves.take([]).abilities(np.zeros((3, 0))), np.zeros((3, 2)))


@pytest.mark.parametrize(
    ("model", "dimensions", "message"),
    [("5pl", 1, "model = '5pl' is not one of 1pl"), ("3pl", 2, "goes with model 2pl"), ("2pl", 0, "dimensions = 0")],
)
def test_impossible_options_are_refused(model: str, dimensions: int, message: str) -> None:
    with pytest.raises(MethodOptionError, match=message):
        check_curve_options(model, dimensions)
