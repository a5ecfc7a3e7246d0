"""Items that tell next to nothing of a model: too easy, hardly varying, or unrelated to the other items."""

from __future__ import annotations

import numpy as np

from anchoreval.arrays import BoolArray, FloatArray
from anchoreval.numerics.item_statistics import difficulty, discrimination

DIGITS = 9
"""Statistics are compared with their limits to this many."""


def informative(
    scores: FloatArray, max_accuracy: float | None, min_sd: float | None, min_discrimination: float | None
) -> BoolArray:
    """Which items pass every filter that is set.

    Args:
        scores: (models, items) in [0, 1] without NaN.
        max_accuracy: greatest mean score over models.
        min_sd: least standard deviation over models.
        min_discrimination: least absolute correlation with the mean of a model's other items; an item without a
            correlation does not pass.

    Returns:
        (items,) True where an item passes.
    """
    passes = np.ones(scores.shape[1], dtype=np.bool_)
    if max_accuracy is not None:
        passes &= np.round(difficulty(scores), DIGITS) <= max_accuracy
    if min_sd is not None:
        passes &= np.round(scores.std(axis=0, dtype=np.float64), DIGITS) >= min_sd
    if min_discrimination is not None:
        passes &= np.round(np.abs(np.nan_to_num(discrimination(scores))), DIGITS) >= min_discrimination
    return passes
