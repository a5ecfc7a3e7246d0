"""A benchmark with anchors and a reconstruction, and models to come from the same or from another population."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import anchoreval as ae
from anchoreval.anchors import AnchorSet
from anchoreval.reconstruction import Reconstruction
from anchoreval.responses import ResponseMatrix

ITEMS, SOURCES, ANCHORS = 200, 120, 40


@dataclass(frozen=True)
class World:
    """A simulated benchmark whose further models can be drawn."""

    anchors: AnchorSet
    reconstruction: Reconstruction
    sources: ResponseMatrix
    draw: Callable[..., ResponseMatrix]


def simulator(seed: int, graded: bool) -> Callable[..., ResponseMatrix]:
    rng = np.random.default_rng(seed)
    slopes = np.column_stack([np.exp(0.3 * rng.normal(size=ITEMS)), 0.4 * rng.normal(size=ITEMS)])
    easiness = rng.normal(size=ITEMS)
    items = [f"item{n:03d}" for n in range(ITEMS)]

    def draw(count: int, seed: int, prefix: str = "new", better: float = 0.0) -> ResponseMatrix:
        rng = np.random.default_rng([seed, 77])
        ability = rng.normal(size=(count, 2)) + np.array([better, 0.0])
        chance = 1.0 / (1.0 + np.exp(-(ability @ slopes.T + easiness)))
        if graded:
            scores = rng.beta(1.0 + 4.0 * chance, 1.0 + 4.0 * (1.0 - chance))
        else:
            scores = (rng.random(chance.shape) < chance).astype(np.float64)
        return ResponseMatrix.from_arrays(
            scores, models=[f"{prefix}{n:03d}" for n in range(count)], items=items, name="world"
        )

    return draw


@cache
def made_world(seed: int = 0, calibration: Any = 0.4, graded: bool = False, sources: int = SOURCES) -> World:
    draw = simulator(seed, graded)
    matrix = draw(sources, 1000 + seed, "source")
    anchors = ae.select(matrix, "random", k=ANCHORS, seed=seed, calibration=calibration)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = ae.reconstruct(matrix, anchors, "signature", seed=seed)
    return World(anchors, made, matrix, draw)


@pytest.fixture(scope="session")
def world() -> Callable[..., World]:
    """Maker of benchmarks with anchors, 48 calibration models by default."""
    return made_world


def with_scores(matrix: ResponseMatrix, scores: Any, **columns: Any) -> ResponseMatrix:
    """The same models and items with other answers, and perhaps further columns of the models."""
    models = pd.DataFrame(columns, index=matrix.models.index)
    return ResponseMatrix.from_arrays(scores, models=models, items=list(matrix.items.index), name=matrix.name)


@pytest.fixture(scope="session")
def changed() -> Callable[..., ResponseMatrix]:
    """`with_scores`."""
    return with_scores
