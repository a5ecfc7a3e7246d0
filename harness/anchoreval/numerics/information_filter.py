"""Items chosen by Fisher information, so that every level of ability is measured (metabench, arXiv 2407.12844).

The filter cuts the abilities seen into bins and goes through them from low to high; in each it takes the unused item
with most information there, if that reaches a threshold. It is greedy: an item may be spent on a bin where it is poor,
and how many items come out depends on the threshold. `with_budget` (ours) fills or cuts the outcome to k items: an
item is added or dropped by what it does to the posterior variance of ability, 1 / (1 + information), meant over bins.
"""

from __future__ import annotations

import numpy as np

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.errors import MethodOptionError

GRIDS = ("quantiles", "steps")
PRIOR_PRECISION = 1.0
"""Abilities are N(0, 1) before any answer."""
DIGITS = 12
"""Gains closer than this are tied, and the first item wins, on every machine."""


def ability_bins(ability: Float64Array, bins: int, grid: str = "quantiles") -> Float64Array:
    """(bins,) abilities from low to high at which information is read.

    Args:
        ability: (models,) observed abilities.
        bins: how many.
        grid: `quantiles` of the observed abilities (as many bins where there are more models), or equal `steps` from
            the least to the greatest.

    Raises:
        MethodOptionError: an unknown grid, or no bin.
    """
    if grid not in GRIDS or bins < 1:
        raise MethodOptionError(f"information filter: grid {grid!r} of {bins} bins is not one of {', '.join(GRIDS)}")
    if grid == "quantiles":
        return np.asarray(np.quantile(ability, (np.arange(bins) + 0.5) / bins), dtype=np.float64)
    return np.linspace(ability.min(), ability.max(), bins)


def information_filter(information: Float64Array, threshold: float) -> IntArray:
    """Items in the order in which the bins, from low to high ability, take them.

    Args:
        information: (items, bins) Fisher information.
        threshold: a bin whose best unused item has less takes none.

    Returns:
        Positions of at most as many items as there are bins.
    """
    left = np.ascontiguousarray(information.T, dtype=np.float64)  # (bins, items): a bin's row is read at once
    used = np.zeros(left.shape[1])
    taken = []
    for row in left:  # what a bin takes depends on the bins before it
        best = int(np.argmax(row - used))
        if row[best] - used[best] >= threshold:
            taken.append(best)
            used[best] = np.inf
    return np.array(taken, dtype=np.int64)


def with_budget(information: Float64Array, chosen: IntArray, k: int) -> IntArray:
    """Exactly k items: `chosen` filled up or cut down, one item at a time.

    Args:
        information: (items, bins) Fisher information, at least k items.
        chosen: positions to start from, all different.
        k: how many items are wanted.

    Returns:
        (k,) positions: those kept in their order, then those added.
    """
    total = PRIOR_PRECISION + information[chosen].sum(axis=0)  # (bins,)
    return _filled(information, chosen, total, k) if len(chosen) <= k else _cut(information, chosen, total, k)


def _filled(information: Float64Array, chosen: IntArray, total: Float64Array, k: int) -> IntArray:
    """Add the item that lowers the mean posterior variance most, until there are k."""
    free = np.zeros(len(information))
    free[chosen] = np.inf
    added = []
    for _ in range(k - len(chosen)):  # each gain depends on the items before
        variance = np.round((1.0 / (total + information)).mean(axis=1), DIGITS) + free
        added.append(int(np.argmin(variance)))
        free[added[-1]] = np.inf
        total = total + information[added[-1]]
    return np.concatenate([chosen, np.array(added, dtype=np.int64)])


def _cut(information: Float64Array, chosen: IntArray, total: Float64Array, k: int) -> IntArray:
    """Drop the item whose loss raises the mean posterior variance least, until there are k."""
    kept = chosen.copy()
    for _ in range(len(chosen) - k):
        left = np.maximum(total - information[kept], PRIOR_PRECISION)  # rounding must not eat the prior
        dropped = int(np.argmin(np.round((1.0 / left).mean(axis=1), DIGITS)))
        total = left[dropped]
        kept = np.delete(kept, dropped)
    return kept
