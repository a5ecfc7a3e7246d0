"""Fisher: the nearest difficulty, the stop, randomesque exposure, refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.numerics.irt.simulate import Simulation, simulate

from anchoreval.contract import fit_policy
from anchoreval.errors import MethodOptionError
from anchoreval.methods import Answers
from anchoreval.numerics.ability_grid import AbilityGrid
from anchoreval.numerics.irt import ItemParameters, map_abilities
from anchoreval.policies.fisher import Fisher
from anchoreval.protocol.sittings import administer
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


def knowing(policy: Fisher, parameters: ItemParameters, k: int) -> Fisher:
    """The policy with known curves instead of fitted ones."""
    policy.items_ = pd.Index([f"i{n:03d}" for n in range(len(parameters))], dtype=object)
    policy.grid_, policy.k_, policy.seed_ = AbilityGrid.of(parameters), k, 0
    return policy


def of_difficulty(difficulty: Any) -> ItemParameters:
    count = len(difficulty)
    return ItemParameters(np.ones(count), -np.asarray(difficulty, dtype=float), np.zeros(count), np.ones(count))


def test_with_equal_slopes_it_takes_the_difficulty_nearest_to_ability() -> None:
    rng = np.random.default_rng(1)
    parameters = of_difficulty(rng.normal(size=80))
    policy = knowing(Fisher(), parameters, 80)
    asked: list[int] = []
    scores = (rng.random(80) < 0.7).astype(float)
    for _ in range(25):
        ability = 0.0
        if asked:
            some = of_difficulty(parameters.difficulty[asked])
            ability = float(map_abilities(scores[None, asked], some).ability[0])
        distance = np.abs(parameters.difficulty - ability)
        distance[asked] = np.inf
        following = policy.next_items(Answers(policy.items_[asked], scores[asked]))
        position = int(policy.items_.get_loc(following[0]))
        assert distance[position] <= distance.min() + 5e-3
        asked.append(position)


def test_it_stops_when_ability_is_known_and_not_before_least() -> None:
    simulation = simulate(10, 300, seed=2)
    policy = knowing(Fisher(standard_error=0.35, least=12), simulation.parameters, 300)
    matrix = ResponseMatrix.from_arrays(simulation.scores, items=policy.items_)
    sittings = administer(policy, matrix, 300)
    for target, count in enumerate(sittings.counts):
        reached = [error_after(simulation, target, sittings.asked[target, :n]) for n in (count - 1, count)]
        assert reached[1] <= 0.35 + 1e-3
        assert 12 <= count < 100
        assert count == 12 or reached[0] > 0.35 - 1e-3


def error_after(simulation: Simulation, target: int, asked: Any) -> float:
    """Standard error of ability by the engine, from the items asked alone."""
    answers = np.full((1, simulation.scores.shape[1]), np.nan)
    answers[0, asked] = simulation.scores[target, asked]
    return float(map_abilities(answers, simulation.parameters).standard_error[0])


def test_randomesque_spreads_the_items(synthetic: Simulator) -> None:
    matrix = synthetic(120, 600, seed=3)
    sources, targets = (matrix.subset(models=matrix.models.index[part]) for part in (slice(40, None), slice(40)))
    plain = administer(fit_policy(Fisher(), sources, 8), targets, 8)
    spread = administer(fit_policy(Fisher(randomesque=5), sources, 8), targets, 8)
    assert plain.exposure.max() == 1.0  # everybody starts with the same item
    assert len(np.unique(spread.asked[:, 0])) == 5
    assert spread.exposure.max() < 1.0
    assert spread.overlap < plain.overlap
    assert (spread.exposure > 0).sum() > (plain.exposure > 0).sum()


def test_tests_of_its_own_choice_tell_ability_better_than_random_items() -> None:
    simulation = simulate(150, 400, seed=4)
    policy = knowing(Fisher(), simulation.parameters, 25)
    matrix = ResponseMatrix.from_arrays(simulation.scores, items=policy.items_)
    answers = administer(policy, matrix, 25).answers().scores
    random = np.where(np.arange(400) < 25, simulation.scores, np.nan)
    errors = [
        np.sqrt(np.mean((map_abilities(a, simulation.parameters).ability - simulation.ability) ** 2))
        for a in (answers, random)
    ]
    assert errors[0] < 0.75 * errors[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "rasch"}, "option model is one of 1pl"),
        ({"batch": 0}, "option batch must be a whole number of at least 1, not 0"),
        ({"randomesque": 1.5}, "option randomesque"),
        ({"least": -1}, "option least"),
        ({"standard_error": 1.0}, "option standard_error must be between 0 and 1"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodOptionError, match=f"policy fisher: {message}"):
        Fisher(**options)
