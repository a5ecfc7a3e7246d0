"""The coarse filter: which items repeat an earlier one, in words or in how models answer it.

Items are taken in the benchmark's order. One is dropped if an earlier one that was kept is too like it; a dropped item
drops no other. The published rule compares with every earlier item, which may drop a whole chain of items each of
which is like the next only. Similarities are computed for a block of items at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np

from anchoreval.arrays import BoolArray, Float32Array, FloatArray, IntArray

BLOCK = 256
"""Items compared at a time with all that were kept: 14 MiB of similarities at 14,000 items."""
DIGITS = 5
"""Single precision is good for this many; equal columns correlate by exactly 1 on every machine."""
CONSTANT = 1e-9
"""A column with less variance than this has no correlation."""

Similarity: TypeAlias = Callable[[IntArray, IntArray], Float32Array]
"""From two sets of items to (first, second) similarities."""


def not_redundant(order: IntArray, tests: Sequence[tuple[Similarity, float]], every: bool) -> BoolArray:
    """Which items are kept.

    Args:
        order: all items, in the order in which they are judged.
        tests: similarities, and thresholds that two items alike exceed.
        every: two items are alike if they exceed every threshold; else if they exceed any.

    Returns:
        (items,) True where no earlier item that is kept is alike; all True without tests.
    """
    kept = np.zeros(len(order), dtype=np.bool_)
    if not tests:
        return ~kept
    for first in range(0, len(order), BLOCK):
        block = order[first : first + BLOCK]
        earlier = order[:first][kept[order[:first]]]
        alike = _alike(tests, every, block, np.concatenate([earlier, block]))
        fresh = np.asarray(~alike[:, : len(earlier)].any(axis=1), dtype=np.bool_)
        within = alike[:, len(earlier) :]
        for place in range(len(block)):  # whether an item is kept depends on those before it
            fresh[place] &= not within[place, :place][fresh[:place]].any()
        kept[block] = fresh
    return kept


def _alike(tests: Iterable[tuple[Similarity, float]], every: bool, first: IntArray, second: IntArray) -> BoolArray:
    exceeded = [np.round(similarity(first, second), DIGITS) > threshold for similarity, threshold in tests]
    alike = np.logical_and.reduce(exceeded) if every else np.logical_or.reduce(exceeded)
    return np.asarray(alike, dtype=np.bool_)


def text_similarity(vectors: Any) -> Similarity:
    """Cosine of (items, features) vectors of length 1, sparse or dense."""

    def cosine(first: IntArray, second: IntArray) -> Float32Array:
        product = vectors[first] @ vectors[second].T
        return np.asarray(product if isinstance(product, np.ndarray) else product.toarray(), dtype=np.float32)

    return cosine


def rank_similarity(scores: FloatArray) -> Similarity:
    """Pearson's correlation between the columns of (models, items) scores; 0 with a constant column.

    A column that is constant correlates with nothing, and one that nearly is does so by accident: with few models two
    items that one model alone answers differently have r = 1.
    """
    units = np.array(scores.T, dtype=np.float32, order="C")  # (items, models)
    units -= units.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    length = np.sqrt(np.einsum("im,im->i", units, units, dtype=np.float64))
    varies = length**2 > CONSTANT * units.shape[1]
    units /= np.where(varies, length, 1.0)[:, None].astype(np.float32)
    units[~varies] = 0.0

    def correlation(first: IntArray, second: IntArray) -> Float32Array:
        return np.asarray(units[first] @ units[second].T, dtype=np.float32)

    return correlation
