"""What a genetic search does to subsets of k items: draw, cross, mutate, repair, choose parents; a generation at once.

A subset is a row of k different positions of items, ascending. Every operator takes whole generations, returns new
arrays and draws from the generator that it is given.
"""

from __future__ import annotations

import numpy as np

from anchoreval.arrays import BoolArray, IntArray

LOW = np.uint64(32)
"""Bits of a sort key that hold the item; a random number stands above them."""
NEVER = np.iinfo(np.uint32).max
"""The greatest key: an item with it is not taken."""


def random_subsets(count: int, n_items: int, k: int, rng: np.random.Generator) -> IntArray:
    """(count, k) simple random subsets of `n_items` items."""
    return repair(np.zeros((count, n_items), dtype=np.bool_), k, rng)


def tournament(count: int, population: int, size: int, rng: np.random.Generator) -> IntArray:
    """(count,) winners of tournaments among `size` members drawn with replacement; the best member is number 0."""
    return np.asarray(rng.integers(population, size=(count, size)).min(axis=1), dtype=np.int64)


def crossover(first: IntArray, second: IntArray, rng: np.random.Generator) -> IntArray:
    """A child of each pair: the items that both parents have, and a random part of those that one has.

    This is uniform crossover of 0/1 masks, given that the child has k items: no repair is needed.

    Args:
        first: (pairs, k).
        second: (pairs, k).
        rng: draws the items.

    Returns:
        (pairs, k), all from the parents' union.
    """
    union = np.sort(np.concatenate([first, second], axis=1), axis=1)
    shared = union[:, 1:] == union[:, :-1]
    key = rng.integers(1, NEVER, size=union.shape, dtype=np.uint32)
    key[:, :-1][shared] = 0
    key[:, 1:][shared] = NEVER
    return _least(key, union, first.shape[1])


def swap(subsets: IntArray, n_items: int, swaps: int, rng: np.random.Generator) -> IntArray:
    """Exactly `swaps` items of each subset (as many as there are others, at most) give way to as many new ones."""
    count, k = subsets.shape
    swaps = min(swaps, k, n_items - k)
    grown, changed = subsets, subsets.copy()
    leaving = np.argsort(rng.random((count, k)), axis=1)[:, :swaps]
    for turn in range(swaps):
        new = absent(grown, rng.integers(n_items - grown.shape[1], size=count))
        np.put_along_axis(changed, leaving[:, turn, None], new[:, None], axis=1)
        grown = np.sort(np.column_stack([grown, new]), axis=1)
    changed.sort(axis=1)
    return changed


def flip(subsets: IntArray, n_items: int, rng: np.random.Generator) -> IntArray:
    """The published mutation: every bit of the mask of all items flips with probability 1/k; then repair.

    About n_items / k items come in and one goes, so after repair little is left of a small subset of many items.
    """
    count, k = subsets.shape
    mask = np.zeros((count, n_items), dtype=np.bool_)
    np.put_along_axis(mask, subsets, True, axis=1)
    return repair(mask ^ (rng.random(mask.shape) < 1.0 / k), k, rng)


def repair(mask: BoolArray, k: int, rng: np.random.Generator) -> IntArray:
    """Subsets of exactly k items out of masks: surplus items are cleared at random, missing ones set at random.

    Args:
        mask: (subsets, items), any number of items set in each row.
        k: number of items wanted, at most all.
        rng: decides which.

    Returns:
        (subsets, k), ascending.
    """
    key = rng.integers(NEVER // 2, size=mask.shape, dtype=np.uint32)
    key[~mask] += NEVER // 2  # every item that is set comes before every one that is not
    return _least(key, np.arange(mask.shape[1]), k)


def absent(members: IntArray, rank: IntArray) -> IntArray:
    """The items that stand at given places among those not in a subset.

    Args:
        members: (subsets, any) ascending.
        rank: (subsets,) places from 0.

    Returns:
        (subsets,) items: for a uniform rank, a uniform item outside the subset.
    """
    skipped = (members - np.arange(members.shape[1]) <= rank[:, None]).sum(axis=1)
    return np.asarray(rank + skipped, dtype=np.int64)


def _least(key: np.ndarray[tuple[int, int], np.dtype[np.uint32]], items: IntArray, k: int) -> IntArray:
    """(rows, k) items with the k least keys of each row, ascending; of equal keys the lower item's counts."""
    packed = key.astype(np.uint64) << LOW | items.astype(np.uint64)  # one number: sorting moves half the memory
    if k < packed.shape[1]:
        packed = np.partition(packed, k - 1, axis=1)[:, :k]
    return np.sort((packed & np.uint64(NEVER)).astype(np.int64), axis=1)
