"""Facility location: items that stand for all others, each item counting by the anchor most similar to it.

The value of a set S is sum_i w_i max_{j in S} s_ij. With similarities that are not negative it is monotone and
submodular, so the greedy choice reaches at least 1 - 1/e of the best set's value (Nemhauser, Wolsey, Fisher 1978), and
a gain computed earlier bounds the present one from above: only items whose old gain still leads are looked at again
(lazy greedy; Minoux 1978). Sums are exact (see `item_similarity`), so lazy and plain greedy choose alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from anchoreval.arrays import Float32Array, Float64Array, IntArray
from anchoreval.numerics.item_similarity import Rows, whole_weights

BATCH = 32
"""Stale gains computed again at a time: a few more than needed, at the speed of arrays."""
CACHED = 1 << 16
"""Similarities worked on at a time: what is made of them stays in a core's cache."""


class Similarity(Protocol):
    """What the search reads: similarities in [0, 1] on the grid of 2^-20, by block."""

    @property
    def n_items(self) -> int:
        """Number of items, or of tasks."""
        ...

    def block(self, rows: Rows, columns: Rows = slice(None)) -> Float32Array:
        """(rows, columns) similarities of some with others, by position."""
        ...

    def row_blocks(self) -> list[slice]:
        """Slices of rows that together are all."""
        ...


@dataclass(frozen=True, eq=False)
class GreedyChoice:
    """What the greedy search chose.

    Attributes:
        items: (k,) positions in the order of choice; the first j of them are the choice for k = j.
        gains: (k,) what each added to the value, as a share of the total weight; they sum to the value, in [0, 1].
        evaluations: number of gains computed after the first round.
    """

    items: IntArray
    gains: Float64Array
    evaluations: int


def lazy_greedy(similarity: Similarity, weights: Float64Array, k: int) -> GreedyChoice:
    """Choose k items one by one, each the one that adds most to the facility-location value; ties to the lower one.

    Args:
        similarity: of items with each other, in [0, 1].
        weights: (items,) non-negative, not all 0.
        k: number of items to choose, at most all.
    """
    whole = whole_weights(weights)
    covered = np.zeros(similarity.n_items, dtype=np.float32)  # similarity of each item to its nearest chosen one
    bound = np.concatenate([_gains(similarity.block(rows), covered, whole) for rows in similarity.row_blocks()])
    fresh = np.ones(similarity.n_items, dtype=bool)
    chosen, gains, evaluations = np.empty(k, dtype=np.int64), np.empty(k), 0
    for step in range(k):
        while not fresh[best := int(np.argmax(bound))]:  # argmax gives the lowest of equals
            stale = _leaders(np.where(fresh, -2.0, bound))
            bound[stale] = _gains(similarity.block(stale), covered, whole)
            fresh[stale] = True
            evaluations += len(stale)
        chosen[step], gains[step] = best, bound[best]
        covered = np.maximum(covered, similarity.block(np.array([best]))[0])
        bound[best], fresh[:] = -1.0, False
        fresh[chosen[: step + 1]] = True
    return GreedyChoice(chosen, gains / whole.sum(), evaluations)


def nearest_chosen(similarity: Similarity, chosen: IntArray) -> IntArray:
    """(items,) for each item, the place in `chosen` of the one most similar to it; ties to the earlier one.

    A chosen item stands for itself, also where another is equal to it.
    """
    blocks = [np.argmax(similarity.block(rows, chosen), axis=1) for rows in similarity.row_blocks()]
    nearest = np.concatenate(blocks).astype(np.int64)
    nearest[chosen] = np.arange(len(chosen))
    return nearest


def cluster_weights(similarity: Similarity, chosen: IntArray, weights: Float64Array) -> Float64Array:
    """(chosen,) weight of the items that each chosen item stands for (see `nearest_chosen`)."""
    nearest = nearest_chosen(similarity, chosen)
    return np.bincount(nearest, weights=weights, minlength=len(chosen)).astype(np.float64)


def _gains(rows: Float32Array, covered: Float32Array, whole: Float64Array) -> Float64Array:
    """(rows,) what each item would add to the value, in whole units of 2^-20; exact."""
    step = max(1, CACHED // len(covered))
    parts = [
        np.maximum(rows[first : first + step] - covered, 0.0).astype(np.float64) @ whole
        for first in range(0, len(rows), step)
    ]
    return np.concatenate(parts)


def _leaders(bound: Float64Array) -> IntArray:
    """Positions of the largest bounds, at most a batch."""
    if len(bound) <= BATCH:
        return np.flatnonzero(bound > -1.0)
    first = np.argpartition(-bound, BATCH)[:BATCH]
    return first[bound[first] > -1.0].astype(np.int64)
