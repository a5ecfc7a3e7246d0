"""Bootstrap of sums over a crossed table: rows and columns are both drawn anew, each with replacement.

Errors of a method on models (rows) over repeated splits (columns) vary with both: some models are hard to reconstruct,
and some draws of anchors are bad for all models at once. Drawing only one of the two takes the other for fixed. Drawing
both, independently of each other, gives variances that are at least as large as those of sums over such a table, to
leading order (the pigeonhole bootstrap: Owen, The pigeonhole bootstrap, Annals of Applied Statistics 1 (2007)).
"""

from __future__ import annotations

import numpy as np

from anchoreval.arrays import Float64Array


def multiplicities(count: int, draws: int, rng: np.random.Generator) -> Float64Array:
    """(draws, count) how often each of `count` things comes in a sample of as many with replacement."""
    drawn = rng.integers(count, size=(draws, count)) + count * np.arange(draws)[:, None]
    return np.bincount(drawn.ravel(), minlength=draws * count).reshape(draws, count).astype(np.float64)


def crossed_sums(values: Float64Array, rows: Float64Array, columns: Float64Array) -> Float64Array:
    """Sums over a crossed table for each draw of its rows and columns.

    Args:
        values: (rows, columns) what is summed.
        rows: (draws, rows) multiplicities.
        columns: (draws, columns) multiplicities.

    Returns:
        (draws,) so that tables summed with the same draws can be paired.
    """
    return np.asarray(np.einsum("dc,dc->d", rows @ values, columns), dtype=np.float64)
