"""Symmetric matrices packed as the entries of their upper triangles, so that sums of many are one matrix product."""

from __future__ import annotations

import numpy as np

from anchoreval.arrays import Float64Array, IntArray


def pairs(order: int) -> tuple[IntArray, IntArray]:
    """Row and column of each entry of the upper triangle of a matrix of that order."""
    rows, columns = np.triu_indices(order)
    return rows.astype(np.int64), columns.astype(np.int64)


def packed(matrices: Float64Array) -> Float64Array:
    """(n, pairs) entries of (n, order, order) symmetric matrices."""
    rows, columns = pairs(matrices.shape[1])
    return np.asarray(matrices[:, rows, columns], dtype=np.float64)


def doubled(entries: Float64Array, order: int) -> Float64Array:
    """(n, pairs) with entries off the diagonal doubled: the trace of two matrices' product is these times the other."""
    rows, columns = pairs(order)
    return np.asarray(entries * np.where(rows == columns, 1.0, 2.0), dtype=np.float64)


def unpacked(entries: Float64Array, order: int) -> Float64Array:
    """(n, order, order) symmetric matrices of (n, pairs) entries."""
    rows, columns = pairs(order)
    matrices = np.empty((len(entries), order, order))
    matrices[:, rows, columns] = matrices[:, columns, rows] = entries
    return matrices
