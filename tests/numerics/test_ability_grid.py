"""The grid's posterior mode against the one found to the last digit; its bounds; information by its formula."""

from __future__ import annotations

import numpy as np
import pytest
from tests.numerics.irt.simulate import simulate

from anchoreval.numerics.ability_grid import AbilityGrid
from anchoreval.numerics.irt import ItemParameters, map_abilities


@pytest.mark.parametrize("lower", [0.0, 0.2])
def test_the_mode_is_that_of_the_engine(lower: float) -> None:
    simulation = simulate(40, 60, seed=4, lower=lower)
    grid = AbilityGrid.of(simulation.parameters)
    exact = map_abilities(simulation.scores, simulation.parameters).ability
    found = [grid.mode(np.arange(60), row) for row in simulation.scores]
    np.testing.assert_allclose(found, exact, atol=2e-3)


def test_no_answers_give_the_prior_mode_and_extremes_stay_within_bounds() -> None:
    steep = ItemParameters(np.full(300, 3.0), np.zeros(300), np.zeros(300), np.ones(300))
    grid = AbilityGrid.of(steep)
    assert grid.mode(np.arange(0), np.zeros(0)) == pytest.approx(0.0, abs=1e-12)
    assert 1.0 < grid.mode(np.arange(300), np.ones(300)) <= 4.0
    easy = ItemParameters(np.full(300, 3.0), np.full(300, -20.0), np.zeros(300), np.ones(300))
    assert AbilityGrid.of(easy).mode(np.arange(300), np.ones(300)) == 4.0


def test_information_is_slope_squared_times_the_variance_of_an_answer() -> None:
    simulation = simulate(2, 30, seed=5)
    slope, intercept = simulation.parameters.discrimination, simulation.parameters.intercept
    chance = 1 / (1 + np.exp(-(0.3 * slope + intercept)))
    expected = slope**2 * chance * (1 - chance)
    np.testing.assert_allclose(AbilityGrid.of(simulation.parameters).information(0.3), expected)
