"""Maximum likelihood for two systems rated by every worker on every item, from four sums of squares a data set.

The mixed model of Card et al. is rating ~ system + (1 + system || worker) + (1 + system || item). Where every worker
rates every item of both systems it falls apart: for each worker and item, the mean and half the difference of the two
ratings are independent, and each is a two-way table with random rows (workers) and columns (items),

    cell = centre + worker + item + error,

of which the centre of the halved differences is half the difference of the systems. The two tables share the variance
of the error, half a rating's. A table of W workers and I items enters the likelihood by its centre and by three sums of
squares: of workers with mean square e + I var_worker, items with e + W var_item, and errors with e. The centre has
variance (e + I var_worker + W var_item) / (W I).

Setting the derivatives to zero gives equations that are solved in turn until they no longer move: a variance that would
be negative is 0 and its sum of squares joins the errors. A fit is a handful of numbers, so that 100,000 simulated
studies are fitted at once in a second; the general fit of one study is `ratings_fit`.

Source: the model, Card et al. (arXiv 2010.06595), section 5; the balanced likelihood, Searle, Casella and McCulloch,
Variance Components (1992), chapter 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import Float64Array

STEPS = 200
"""Enough for 1e-10 of a variance: what one step leaves is about 1 / (workers - 1) of what it found."""


@dataclass(frozen=True)
class TwoWaySquares:
    """Sums of squares of many two-way tables of one size.

    Attributes:
        workers: (tables,) items times the sum of squared deviations of the workers' means.
        items: (tables,) workers times the sum of squared deviations of the items' means.
        errors: (tables,) what is left of the squared deviations.
    """

    workers: Float64Array
    items: Float64Array
    errors: Float64Array


@dataclass(frozen=True)
class ExpectedSquares:
    """Expected mean squares of a two-way table: e + I var_worker, e + W var_item, and e."""

    workers: Float64Array
    items: Float64Array
    errors: Float64Array

    @property
    def centre(self) -> Float64Array:
        """Variance of the table's mean times its number of cells."""
        return self.workers + self.items - self.errors


def two_way_squares(tables: Float64Array) -> tuple[Float64Array, TwoWaySquares]:
    """Centres (tables,) and sums of squares of tables (tables, workers, items)."""
    centre = tables.mean(axis=(1, 2))
    rows = tables.mean(axis=2) - centre[:, None]
    columns = tables.mean(axis=1) - centre[:, None]
    rest = tables - centre[:, None, None] - rows[:, :, None] - columns[:, None, :]
    squares = TwoWaySquares(
        tables.shape[2] * np.sum(rows**2, axis=1),
        tables.shape[1] * np.sum(columns**2, axis=1),
        np.sum(rest**2, axis=(1, 2)),
    )
    return centre, squares


def maximum_likelihood(tables: list[TwoWaySquares], workers: int, items: int) -> list[ExpectedSquares]:
    """Fit tables of the same workers and items that share the variance of the error.

    Args:
        tables: sums of squares of one or more tables, each for many data sets.
        workers: number of workers, at least 2.
        items: number of items, at least 2.

    Returns:
        Fitted expected mean squares of each table; a variance of 0 has the error's.
    """
    degrees = float(workers - 1), float(items - 1)
    error = sum((table.errors for table in tables), np.zeros(())) / (len(tables) * degrees[0] * degrees[1])
    fits = [
        ExpectedSquares(
            np.maximum(error, table.workers / degrees[0]), np.maximum(error, table.items / degrees[1]), error
        )
        for table in tables
    ]
    for _ in range(STEPS):
        error = _shared_error(tables, fits, degrees)
        fits = [_given_error(table, fit, error, degrees) for table, fit in zip(tables, fits, strict=True)]
    return fits


def _given_error(
    table: TwoWaySquares, fit: ExpectedSquares, error: Float64Array, degrees: tuple[float, float]
) -> ExpectedSquares:
    """Workers' and items' mean squares: sum of squares / (degrees + mean square / centre), at least the error's."""
    by_workers = np.maximum(error, table.workers / (degrees[0] + fit.workers / fit.centre))
    by_items = np.maximum(error, table.items / (degrees[1] + fit.items / fit.centre))
    return ExpectedSquares(by_workers, by_items, error)


def _shared_error(
    tables: list[TwoWaySquares], fits: list[ExpectedSquares], degrees: tuple[float, float]
) -> Float64Array:
    """The error's mean square; sums of squares of variances that are 0 are pooled with the errors'."""
    squares, count = np.zeros(()), np.zeros(())
    for table, fit in zip(tables, fits, strict=True):
        free_workers, free_items = fit.workers > fit.errors, fit.items > fit.errors
        squares = squares + table.errors + ~free_workers * table.workers + ~free_items * table.items
        count = count + degrees[0] * degrees[1] + ~free_workers * degrees[0] + ~free_items * degrees[1]
        count = count + (1.0 - free_workers - free_items) * fit.errors / fit.centre
    return np.asarray(squares / count)
