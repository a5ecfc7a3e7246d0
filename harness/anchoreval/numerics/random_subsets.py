"""Random subsets of items and what models score on them: the raw material of every search that judges many subsets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from anchoreval.arrays import Float64Array, IntArray

CELLS = 1 << 22
"""Subset-item pairs of a block of subsets: 32 MiB of random numbers at a time."""


def random_subsets(count: int, n_items: int, k: int, rng: np.random.Generator) -> Iterator[IntArray]:
    """Simple random subsets, (block, k) positions at a time: the k smallest of random numbers.

    Args:
        count: number of subsets.
        n_items: number of items to draw from.
        k: items a subset, at most `n_items`.
        rng: source of all randomness.
    """
    step = max(1, CELLS // n_items)
    for first in range(0, count, step):
        draws = rng.random((min(step, count - first), n_items))
        yield np.asarray(np.argpartition(draws, k - 1, axis=1)[:, :k], dtype=np.int64)


def subset_means(scores: Any, subsets: IntArray) -> Float64Array:
    """Plain mean of every model on every subset.

    Args:
        scores: (models, items).
        subsets: (subsets, k) positions of items.

    Returns:
        (models, subsets) means.
    """
    member = np.zeros((len(subsets), scores.shape[1]), dtype=np.float32)
    np.put_along_axis(member, subsets, np.float32(1.0), axis=1)
    return np.asarray((scores @ member.T).astype(np.float64) / subsets.shape[1])
