"""Which settings of the filter to take: Bayesian optimisation over a list of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import numpy as np

from anchor_selectors.metabench.thinning import Settings, Thinning
from anchoreval.arrays import Float64Array
from anchoreval.numerics.bayesian_search import minimise

THRESHOLDS = 51
"""Tried between 0 and the greatest information there is, at most `HIGHEST`."""
HIGHEST = 5.0


@dataclass(frozen=True)
class Found:
    """The settings to take and what is told of the search."""

    settings: Settings
    told: dict[str, Any]


def every_setting(
    whole: Thinning, models: Sequence[str], thetas: Sequence[str], grids: Sequence[str]
) -> list[Settings]:
    """Every combination of model, kind of ability, kind of bins and threshold, in the order named.

    Args:
        whole: item response models of all source models, which tell how much information there is.
        models: item response models.
        thetas: kinds of ability.
        grids: kinds of bins.
    """
    kinds = list(product(models, thetas, grids))
    most = max(float(whole.information(*kind).max()) for kind in kinds)
    thresholds = np.round(np.linspace(0.0, min(HIGHEST, most), THRESHOLDS), 6)
    return [Settings(*kind, float(threshold)) for kind in kinds for threshold in thresholds]


def search(
    objective: Callable[[Settings], float],
    listed: Sequence[Settings],
    start: int,
    iterations: int,
    rng: np.random.Generator,
) -> Found:
    """The settings with the least objective among those tried."""
    trials = minimise(lambda n: objective(listed[n]), points(listed), start=start, steps=iterations, rng=rng)
    best = listed[trials.best]
    told = {"tried": len(trials.values), "objective_points": float(trials.values.min())}
    return Found(best, {**told, "settings": asdict(best)})


def unsearched(listed: Sequence[Settings]) -> Found:
    """The first settings, where too few models are there to tell settings apart."""
    return Found(listed[0], {"tried": 0, "settings": asdict(listed[0])})


def points(listed: Sequence[Settings]) -> Float64Array:
    """(settings, coordinates) in [0, 1]: a coordinate for every kind there is, and the threshold."""
    columns = []
    for name in ("model", "ability", "grid"):
        values = [getattr(settings, name) for settings in listed]
        columns += [[float(value == kind) for value in values] for kind in dict.fromkeys(values)]
    thresholds = np.array([settings.threshold for settings in listed])
    columns.append((thresholds / (thresholds.max() or 1.0)).tolist())
    return np.array(columns, dtype=np.float64).T
