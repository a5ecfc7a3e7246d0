"""How many abilities: the truth is chosen, and the held-out error is that of a loop."""

from __future__ import annotations

import numpy as np
import pytest

from anchoreval.errors import MethodOptionError, ResponseDataError, TooFewModelsError
from anchoreval.numerics.irt.multidimensional import (
    MultidimensionalParameters,
    choose_dimensions,
    multidimensional_abilities,
)
from anchoreval.numerics.irt.multidimensional.dimensions import held_out_error

from .simulate import simulate_multidimensional


def test_scenarios_with_abilities_of_their_own_need_as_many_dimensions() -> None:
    """Three groups of items, each with one ability: fewer dimensions cannot predict every group's mean."""
    rng = np.random.default_rng(1)
    groups = np.repeat([0, 1, 2], 150)
    logit = 1.3 * rng.normal(size=(200, 3))[:, groups] + rng.normal(size=450)
    scores = (rng.random(logit.shape) < 1 / (1 + np.exp(-logit))).astype(np.float64)
    found = choose_dimensions(scores, (1, 2, 3, 5), groups=groups)
    assert found.dimensions == 3
    assert list(found.errors) == [1, 2, 3, 5]
    assert found.errors[1] > 1.5 * found.errors[3]


def test_one_ability_is_enough_where_there_is_one() -> None:
    scores = simulate_multidimensional(100, 200, 1, seed=2, missing=0.1).scores
    assert choose_dimensions(scores, (4, 1, 2)).dimensions == 1


def test_the_held_out_error_is_that_of_a_loop() -> None:
    truth = simulate_multidimensional(6, 20, 2, seed=3, missing=0.3)
    parameters = MultidimensionalParameters(truth.slopes, truth.intercept)
    groups = np.repeat([4, 7], 10)
    truth.scores[2, 11::2] = np.nan  # this model has nothing to predict in the second group
    by_group = []
    for group in (4, 7):
        errors = []
        for scores in truth.scores:
            seen = np.where(np.arange(20) % 2 == 0, scores, np.nan)
            ability = multidimensional_abilities(seen[None], parameters).ability[0]
            hidden = [i for i in range(20) if i % 2 == 1 and groups[i] == group and not np.isnan(scores[i])]
            expected = [1 / (1 + np.exp(-(truth.slopes[i] @ ability + truth.intercept[i]))) for i in hidden]
            errors += [abs(np.mean(scores[hidden]) - np.mean(expected))] if hidden else []
        by_group.append(np.mean(errors))
    assert held_out_error(truth.scores, parameters, groups) == pytest.approx(float(np.mean(by_group)))


def test_what_cannot_be_chosen_is_refused() -> None:
    with pytest.raises(TooFewModelsError, match="at least 3"):
        choose_dimensions(np.ones((2, 5)))
    with pytest.raises(MethodOptionError, match="candidates"):
        choose_dimensions(np.ones((5, 5)), ())
    with pytest.raises(ResponseDataError, match="odd places"):
        choose_dimensions(np.ones((5, 1)))
