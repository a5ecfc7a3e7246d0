"""Missing scores filled in additively: an item effect plus a model effect, clipped to [0, 1]."""

from __future__ import annotations

from typing import Any

import numpy as np

from anchoreval.arrays import Float64Array, FloatArray

ROUNDS, SETTLED = 50, 1e-6
NEUTRAL = 0.5
"""Stands for the effect of an item that nobody answered."""


def additive_item_effects(scores: FloatArray) -> Float64Array:
    """Item means adjusted for which models answered: least squares of item plus model effect by alternating means.

    Args:
        scores: (models, items) in [0, 1]; NaN where a model did not answer.

    Returns:
        (items,) effects, on the scale of scores; NaN where nobody answered.
    """
    effects = mean_over(scores, axis=0, empty=np.nan)
    for _ in range(ROUNDS if np.isnan(scores).any() else 0):
        ability = mean_over(scores - effects, axis=1)
        update = mean_over(scores - (ability - ability.mean())[:, None], axis=0, empty=np.nan)
        change, effects = np.nanmax(np.abs(update - effects), initial=0.0), update
        if change < SETTLED:
            break
    return effects


def fill_in(scores: FloatArray, effects: Float64Array) -> Float64Array:
    """Scores with every gap filled by item effect plus the model's mean deviation from item effects.

    Args:
        scores: (models, items), NaN where missing.
        effects: (items,), NaN where unknown.
    """
    known = np.where(np.isnan(effects), NEUTRAL, effects)
    ability = mean_over(scores - known, axis=1)
    return np.where(np.isnan(scores), np.clip(known + ability[:, None], 0.0, 1.0), scores)


def mean_over(values: Any, axis: int, empty: float = 0.0) -> Float64Array:
    """Mean over the cells that are there, `empty` where none is."""
    there = ~np.isnan(values)
    count = there.sum(axis=axis)
    total = np.where(there, values, 0.0).sum(axis=axis, dtype=np.float64)
    return np.where(count > 0, total / np.maximum(count, 1), empty)
