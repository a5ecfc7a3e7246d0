"""Classical item statistics: difficulty and discrimination, over the cells that are there."""

from __future__ import annotations

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array, FloatArray, IntArray
from anchoreval.numerics.additive import mean_over

CELLS = 1 << 20
"""Cells worked on at a time, so that temporary arrays stay small beside the scores."""
CONSTANT = 1e-12
"""Scores lie in [0, 1]; a sum of squared deviations below this is rounding, not spread."""


def difficulty(scores: FloatArray) -> Float64Array:
    """Proportion correct of each item, in the field's words its difficulty (a high one is an easy item).

    Args:
        scores: (models, items) in [0, 1]; NaN where a model did not answer.

    Returns:
        (items,) mean score over the models that answered; NaN where none did.
    """
    return mean_over(scores, axis=0, empty=np.nan)


def discrimination(scores: FloatArray) -> Float64Array:
    """Correlation of each item with the mean of a model's other items (corrected item-total correlation).

    Args:
        scores: (models, items) in [0, 1]; NaN where a model did not answer.

    Returns:
        (items,) in [-1, 1], over the models that answered the item and at least one other; NaN where the item, or
        the mean of the others, is the same for all of them.
    """
    models, items = scores.shape
    there = ~np.isnan(scores)
    total = np.where(there, scores, 0.0).sum(axis=1, dtype=np.float64, keepdims=True)
    answered = there.sum(axis=1, keepdims=True)
    step = max(1, CELLS // models)
    blocks = [slice(first, first + step) for first in range(0, items, step)]
    return np.concatenate([_item_rest(scores[:, b], there[:, b], total, answered) for b in blocks])


def _item_rest(scores: FloatArray, there: BoolArray, total: Float64Array, answered: IntArray) -> Float64Array:
    """Item-rest correlations of a block; `total` and `answered` (models, 1) count every item."""
    used = there & (answered > 1)
    item = np.where(used, scores, 0.0).astype(np.float64)
    rest = np.where(used, (total - item) / np.maximum(answered - 1, 1), 0.0)
    item, rest = _centred(item, used), _centred(rest, used)
    spread_item, spread_rest = np.sum(item**2, axis=0), np.sum(rest**2, axis=0)
    varies = (spread_item > CONSTANT) & (spread_rest > CONSTANT)
    scale = np.sqrt(np.where(varies, spread_item * spread_rest, 1.0))
    correlation = np.clip(np.sum(item * rest, axis=0) / scale, -1.0, 1.0)
    return np.where(varies, correlation, np.nan)


def _centred(values: Float64Array, used: BoolArray) -> Float64Array:
    """Deviations from each column's mean over the cells used; 0 elsewhere, where `values` are 0 too."""
    mean = values.sum(axis=0) / np.maximum(used.sum(axis=0), 1)
    return np.where(used, values - mean, 0.0)
