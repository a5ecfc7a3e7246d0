"""How alike items are to the source models: correlation, cosine or distance, on a grid so that sums of them are exact.

Similarities are rounded to multiples of 2^-20, far below what a few hundred models can tell, and item weights to whole
numbers (`whole_weights`). Weighted sums of similarities over items, and differences of such sums, are then exact in
double precision whatever the order of summation: ties between items are true ties, the same on every machine, and a
search that goes on while it gains must end.

The matrix is kept in single precision (400 MB for 10,000 items) up to `STORED` bytes; beyond, rows are computed when
asked for.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from anchoreval.arrays import BoolArray, Float32Array, Float64Array, FloatArray, IntArray
from anchoreval.errors import MethodOptionError

SIMILARITIES = ("correlation", "euclidean", "cosine")
GRID_BITS = 20
STORED = 1 << 30
"""Bytes up to which the matrix is kept: 16,384 items."""
CELLS = 1 << 22
"""Cells computed at a time: 32 MiB in double precision."""
FLAT = 1e-12
"""A column of numbers in [0, 1] whose sum of squares is below this is rounding, and has no direction."""

Rows: TypeAlias = IntArray | slice


class ItemSimilarity:
    """Similarities in [0, 1] between the columns of a table, 1 for equal columns.

    `correlation` is (1 + r) / 2 of Pearson's r; `cosine` the cosine; `euclidean` 1 minus the root mean square
    difference, which is the negative distance shifted and scaled. Columns without a direction (constant ones for
    `correlation`, zero ones for `cosine`) have r or cosine 1 with columns equal to them, and 0 with all others.

    Args:
        values: (models, items) in [0, 1] without NaN.
        kind: one of `SIMILARITIES`.

    Raises:
        MethodOptionError: no such kind.
    """

    def __init__(self, values: FloatArray, kind: str = "correlation") -> None:
        if kind not in SIMILARITIES:
            raise MethodOptionError(f"similarity {kind!r} is not one of {', '.join(SIMILARITIES)}")
        self.kind = kind
        self.n_items = int(values.shape[1])
        self._vectors: Float64Array = np.array(values.T, dtype=np.float64, order="C")  # (items, models)
        self._level: Float64Array = self._vectors.mean(axis=1)
        self._squares, self._flat = self._scaled()
        self._stored = self._filled() if 4 * self.n_items**2 <= STORED else None

    def block(self, rows: Rows, columns: Rows = slice(None)) -> Float32Array:
        """(rows, columns) similarities of some items with others, by position; not to be written to."""
        if self._stored is None:
            return self._computed(rows, columns)
        if isinstance(rows, slice) or isinstance(columns, slice):
            part: Float32Array = self._stored[rows, columns]
            return part
        return self._stored[np.ix_(rows, columns)]

    def row_blocks(self) -> list[slice]:
        """Slices of rows that together are all, each small beside the matrix."""
        step = max(1, CELLS // self.n_items)
        return [slice(first, first + step) for first in range(0, self.n_items, step)]

    def _scaled(self) -> tuple[Float64Array, BoolArray]:
        """Bring the vectors to the form whose products give similarities; their squared lengths, and which are flat."""
        models = self._vectors.shape[1]
        if self.kind == "euclidean":
            self._vectors /= np.sqrt(models)
            return np.einsum("ij,ij->i", self._vectors, self._vectors), np.zeros(self.n_items, dtype=bool)
        if self.kind == "correlation":
            self._vectors -= self._level[:, None]
        squares = np.einsum("ij,ij->i", self._vectors, self._vectors)
        flat = squares < FLAT
        self._vectors /= np.sqrt(np.where(flat, 1.0, squares))[:, None]
        self._vectors[flat] = 0.0
        return squares, flat

    def _filled(self) -> Float32Array:
        """The whole matrix; each pair is computed once, so it is symmetric to the last bit off the block diagonal."""
        whole = np.empty((self.n_items, self.n_items), dtype=np.float32)
        for rows in self.row_blocks():
            part = self._computed(rows, slice(rows.start, None))
            whole[rows, rows.start :] = part
            whole[rows.start :, rows] = part.T
        return whole

    def _computed(self, rows: Rows, columns: Rows) -> Float32Array:
        product: Any = self._vectors[rows] @ self._vectors[columns].T
        if self.kind == "euclidean":
            squared = self._squares[rows][:, None] + self._squares[columns] - 2.0 * product
            product = 1.0 - np.sqrt(np.maximum(squared, 0.0))
        elif self._flat.any():
            flat = self._flat[rows][:, None] & self._flat[columns]
            product[flat & (np.abs(self._level[rows][:, None] - self._level[columns]) < FLAT)] = 1.0
        if self.kind == "correlation":
            product += 1.0
            product *= 0.5
        product *= 2.0**GRID_BITS
        np.rint(product, out=product)
        product *= 2.0**-GRID_BITS
        return np.asarray(np.clip(product, 0.0, 1.0), dtype=np.float32)


def whole_weights(weights: Float64Array) -> Float64Array:
    """Item weights as whole numbers in float64, as finely as keeps sums of weighted similarities exact.

    Args:
        weights: (items,) non-negative, not all 0.

    Returns:
        (items,) whole numbers proportional to the weights, to within 2^-(32 - log2 items) of the greatest; equal
        weights stay equal.
    """
    bits = 53 - GRID_BITS - 1 - int(np.ceil(np.log2(max(len(weights), 2))))
    return np.asarray(np.rint(weights / weights.max() * 2.0**bits), dtype=np.float64)
