"""Simulated answers whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.numerics.irt import ItemParameters

DEGENERATE: dict[str, Float64Array] = {
    "all right": np.ones((5, 4)),
    "all wrong": np.zeros((5, 4)),
    "one model": np.array([[1.0, 0.0, 1.0]]),
    "one item": np.array([[1.0], [0.0]]),
    "no answer": np.full((3, 2), np.nan),
    "identity": np.eye(4),
    "duplicates": np.tile([1.0, 0.0, 1.0], (6, 1)),
}
"""Tables from which little can be learnt."""


@dataclass(frozen=True)
class Simulation:
    scores: Float64Array
    parameters: ItemParameters
    ability: Float64Array


def simulate(
    models: int, items: int, seed: int = 0, lower: float = 0.0, upper: float = 1.0, missing: float = 0.0
) -> Simulation:
    """Binary answers of N(0, 1) models; formulas written out here, not taken from the package."""
    rng = np.random.default_rng(seed)
    slope, difficulty = np.exp(rng.normal(0, 0.4, items)), rng.normal(0, 1.2, items)
    ability = rng.normal(size=models)
    chance = lower + (upper - lower) / (1 + np.exp(-slope * (ability[:, None] - difficulty)))
    scores = (rng.random((models, items)) < chance).astype(np.float64)
    scores[rng.random(scores.shape) < missing] = np.nan
    truth = ItemParameters(slope, -slope * difficulty, np.full(items, lower), np.full(items, upper))
    return Simulation(scores, truth, ability)


@dataclass(frozen=True)
class MultidimensionalSimulation:
    scores: Float64Array
    slopes: Float64Array
    intercept: Float64Array
    ability: Float64Array
    chance: Float64Array


def simulate_multidimensional(
    models: int, items: int, dimensions: int, seed: int = 0, missing: float = 0.0
) -> MultidimensionalSimulation:
    """Binary answers of N(0, I) models to items that share one ability and differ in the others."""
    rng = np.random.default_rng(seed)
    slopes = 0.7 * rng.normal(size=(items, dimensions))
    slopes[:, 0] += 1.0
    intercept, ability = rng.normal(0, 1.2, items), rng.normal(size=(models, dimensions))
    chance = 1 / (1 + np.exp(-(ability @ slopes.T + intercept)))
    scores = (rng.random(chance.shape) < chance).astype(np.float64)
    scores[rng.random(scores.shape) < missing] = np.nan
    return MultidimensionalSimulation(scores, slopes, intercept, ability, chance)
