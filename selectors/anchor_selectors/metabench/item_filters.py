"""Which items are worth looking at: those that vary, are not answered by nearly all, and go with the total.

Correlations are point-biserial (Pearson's) with the sum of all items, the item itself included, as published; with few
items the rest score is fairer. What the filters leave may be too little for the budget; they are then lifted one after
another, the last first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array, FloatArray, IntArray
from anchoreval.numerics.item_statistics import discrimination

CONSTANT = 1e-12
"""A sum of squares below this is rounding, not spread."""


@dataclass(frozen=True)
class ItemFilters:
    """What an item must satisfy.

    Attributes:
        least_spread: its standard deviation over the models has to exceed this.
        greatest_accuracy: its mean must not exceed this.
        least_correlation: the absolute part-whole correlation has to reach this.
        rest_score: correlate with the sum of the other items instead.
        drop_negative: the correlation itself, and not only its absolute value, has to reach the limit.
    """

    least_spread: float
    greatest_accuracy: float
    least_correlation: float
    rest_score: bool
    drop_negative: bool

    def passed(self, scores: FloatArray) -> dict[str, BoolArray]:
        """By filter, in the order applied, (items,) which items pass it."""
        values = scores.astype(np.float64)
        spread = values.std(axis=0, ddof=1) if len(values) > 1 else np.zeros(values.shape[1])
        correlation = np.nan_to_num(discrimination(scores) if self.rest_score else part_whole(values))
        strength = correlation if self.drop_negative else np.abs(correlation)
        return {
            "spread": np.asarray(spread > self.least_spread, dtype=np.bool_),
            "accuracy": np.asarray(values.mean(axis=0) <= self.greatest_accuracy, dtype=np.bool_),
            "correlation": np.asarray(strength >= self.least_correlation, dtype=np.bool_),
        }

    def kept(self, scores: FloatArray, fewest: int) -> tuple[IntArray, list[str]]:
        """Positions of the items that pass, and the names of the filters lifted because too few did.

        Args:
            scores: (models, items) without gaps.
            fewest: as many items as must be left.
        """
        applied = self.passed(scores)
        lifted: list[str] = []
        while applied and int(np.logical_and.reduce(list(applied.values())).sum()) < fewest:
            lifted.append(applied.popitem()[0])
        everything = np.ones(scores.shape[1], dtype=np.bool_)
        return np.flatnonzero(np.logical_and.reduce([everything, *applied.values()])), lifted


def part_whole(scores: Float64Array) -> Float64Array:
    """(items,) correlation of each item with the sum of all, itself included; NaN where either does not vary.

    Args:
        scores: (models, items) without gaps.
    """
    total = scores.sum(axis=1)
    part, whole = scores - scores.mean(axis=0), total - total.mean()
    squares = (part**2).sum(axis=0) * (whole @ whole)
    return np.where(squares > CONSTANT, (whole @ part) / np.sqrt(np.maximum(squares, CONSTANT)), np.nan)
