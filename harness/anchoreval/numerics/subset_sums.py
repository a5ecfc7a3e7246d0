"""Sums of many models' scores over many small subsets of items at once, exact and fast.

A search judges hundreds of thousands of subsets of k items. A product with a 0/1 mask reads every score for each of
them; gathering reads k columns only. Scores are kept item by item, so that one item's answers are consecutive bytes,
in the smallest whole numbers whose sum over k items cannot overflow: 8 bits for right and wrong answers up to k = 255,
16 bits up to 65,535, else 32 bits of fixed point. Several models' numbers are then added as one 64-bit word. Sums of
whole numbers do not depend on the order of items, so equal subsets have equal sums on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from anchoreval.arrays import Float64Array, FloatArray, IntArray

Words = npt.NDArray[np.uint64]
Whole = npt.NDArray[np.unsignedinteger[Any]]

WORD = 8
"""Bytes of a word."""


@dataclass(frozen=True, eq=False)
class SubsetSums:
    """Scores of models on items, laid out for sums over subsets of at most `k` items.

    Attributes:
        words: (items, words) the models' whole numbers, several to a word; the last word is filled up with zeros.
        lane: the type of one whole number.
        unit: the whole number that stands for a score of 1.
        n_models: number of models.
    """

    words: Words
    lane: np.dtype[np.unsignedinteger[Any]]
    unit: int
    n_models: int

    @classmethod
    def of(cls, scores: FloatArray, k: int) -> Self:
        """Lay out scores.

        Args:
            scores: (models, items) in [0, 1] without NaN. Scores other than 0 and 1 are rounded to multiples of about
                k / 2^32.
            k: the most items that a subset will have.
        """
        lane, unit = _lane(scores, k)
        n_models = scores.shape[0]
        padded = -(-n_models * lane.itemsize // WORD) * WORD // lane.itemsize
        table = np.zeros((scores.shape[1], padded), dtype=lane)
        table[:, :n_models] = scores.T if unit == 1 else np.rint(scores.T.astype(np.float64) * unit)
        return cls(table.view(np.uint64), lane, unit, n_models)

    def sums(self, subsets: IntArray) -> Whole:
        """(subsets, models) sums, in multiples of 1 / `unit`, for (subsets, k) positions of items."""
        total = self.words.take(subsets[:, 0], axis=0)
        for column in subsets.T[1:]:  # k additions over all subsets, whose running totals stay in the cache
            total += self.words.take(column, axis=0)
        return total.view(self.lane)[:, : self.n_models]

    def means(self, subsets: IntArray) -> Float64Array:
        """(subsets, models) mean scores for (subsets, k) positions of items."""
        count = np.float64(self.unit * subsets.shape[1])  # bytes over an int would be half precision
        return self.sums(subsets) / count


def _lane(scores: FloatArray, k: int) -> tuple[np.dtype[np.unsignedinteger[Any]], int]:
    """The type of whole number that holds a sum of k scores, and what stands for a score of 1."""
    binary = bool(((scores == 0) | (scores == 1)).all())
    for lane in (np.dtype(np.uint8), np.dtype(np.uint16)):
        if binary and k <= np.iinfo(lane).max:
            return lane, 1
    return np.dtype(np.uint32), np.iinfo(np.uint32).max // k
