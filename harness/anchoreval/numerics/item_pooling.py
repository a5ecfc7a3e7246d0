"""What the covariance of items would be if the items of a stratum were alike (ours).

Two items of one stratum then share their stratum's mean covariance, items of two strata the mean covariance between
these, and every item has its stratum's mean variance. A design that is optimal under such a covariance takes from each
stratum what that is worth and has no preference inside: it is a stratified random design. Means over many items are
known well from few models, which the covariance of a single pair is not: that makes it a target to shrink to.
"""

from __future__ import annotations

import numpy as np

from anchoreval.arrays import Float64Array, IntArray


def equal_strata(levels: Float64Array, count: int) -> IntArray:
    """(items,) number of each item's stratum, from the lowest level up; equally many items in each (to one).

    Args:
        levels: (items,) what strata are bands of, such as difficulties; of equal ones the first comes first.
        count: number of strata, at most that of items.
    """
    stratum = np.empty(len(levels), dtype=np.int64)
    stratum[np.argsort(levels, kind="stable")] = np.arange(len(levels)) * count // len(levels)
    return stratum


def pooled(factors: Float64Array, variance: Float64Array, strata: IntArray) -> tuple[Float64Array, Float64Array]:
    """The pooled covariance as `shared`.T @ `shared` + diag(`own`).

    Mean covariances inside a stratum count each item's covariance with itself as well, which keeps the matrix positive
    semi-definite; with n items to a stratum that adds 1 / n of what an item shares with no other.

    Args:
        factors: (rank, items) with `factors`.T @ `factors` the covariance to pool.
        variance: (items,) its diagonal.
        strata: (items,) number of each item's stratum, from 0 without gaps.

    Returns:
        `shared` (strata, items), equal inside strata; `own` (items,), at least 0.
    """
    sizes = np.bincount(strata)
    order = np.argsort(strata, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    means = np.add.reduceat(factors[:, order], starts, axis=1) / sizes  # (rank, strata)
    between = means.T @ means
    values, vectors = np.linalg.eigh(between)
    shared = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
    own = np.maximum(np.bincount(strata, variance) / sizes - np.diag(between), 0.0)
    return np.asarray(shared[:, strata], dtype=np.float64), np.asarray(own[strata], dtype=np.float64)
