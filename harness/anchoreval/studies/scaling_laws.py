"""How a cost grows: exponents with their standard errors, and what they say of sizes that were not measured.

Along each of models, items and k a power law is fitted by least squares to logarithms. Beyond the measured sizes a cost
goes on with the steeper of that law and of the last three sizes, since costs are sums of powers of which the highest
takes over at last: an extrapolation errs on the dear side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.studies.scaling_data import Size

DIMENSIONS = ("models", "items", "k")
LAST = 3
FLAT = 0.02
"""An exponent below this sets no limit to the size."""


@dataclass(frozen=True)
class Growth:
    """One cost along one dimension.

    Attributes:
        sizes: (cells,) rising.
        values: (cells,) the cost at each.
        exponent: of the power law through all cells.
        error: its standard error; NaN with fewer than three cells.
        onward: exponent beyond the last cell.
    """

    sizes: Float64Array
    values: Float64Array
    exponent: float
    error: float
    onward: float

    def at(self, size: float) -> float:
        """The cost at a size: interpolated between cells, continued beyond them."""
        x, y = np.log(self.sizes), np.log(self.values)
        if size >= self.sizes[-1]:
            return float(np.exp(y[-1] + self.onward * (np.log(size) - x[-1])))
        if size <= self.sizes[0]:
            return float(np.exp(y[0] + self.exponent * (np.log(size) - x[0])))
        return float(np.exp(np.interp(np.log(size), x, y)))

    def most(self, value: float) -> float:
        """The largest size whose cost is at most `value`; infinite where the cost does not grow."""
        if self.values[-1] <= value:
            grows = max(self.onward, FLAT)
            found = float(np.log(self.sizes[-1]) + np.log(value / self.values[-1]) / grows)
            return float(np.exp(found)) if self.onward >= FLAT else float("inf")
        grid = np.geomspace(1.0, self.sizes[-1], 2000)
        fits = [size for size in grid if self.at(size) <= value]
        return float(fits[-1]) if fits else 0.0


def growth(sizes: Float64Array, values: Float64Array) -> Growth:
    """Fit a power law to costs; sizes in any order, costs positive."""
    order = np.argsort(sizes)
    sizes, values = sizes[order], np.maximum(values[order], 1e-9)
    exponent, error = _slope(np.log(sizes), np.log(values))
    last = _slope(np.log(sizes[-LAST:]), np.log(values[-LAST:]))[0]
    return Growth(sizes, values, exponent, error, max(exponent, last))


def _slope(x: Float64Array, y: Float64Array) -> tuple[float, float]:
    """Least-squares slope and its standard error."""
    if len(x) < 2:
        return float("nan"), float("nan")
    centred = x - x.mean()
    spread = float(centred @ centred)
    slope = float(centred @ y) / spread
    if len(x) < 3:
        return slope, float("nan")
    left = y - y.mean() - slope * centred
    return slope, float(np.sqrt(left @ left / (len(x) - 2) / spread))


@dataclass(frozen=True)
class Law:
    """A cost in all three dimensions: that at `base`, times what each dimension does to it alone."""

    base: Size
    value: float
    growths: Mapping[str, Growth]

    def predict(self, size: Size) -> float:
        """The cost at any size, as if the dimensions multiplied."""
        found = self.value
        for name, one in self.growths.items():
            found *= one.at(getattr(size, name)) / one.at(getattr(self.base, name))
        return found

    def most(self, dimension: str, size: Size, value: float) -> float:
        """The largest models, items or k at which the cost is at most `value`, the other two as in `size`."""
        others = self.predict(size) / self.growths[dimension].at(getattr(size, dimension))
        return self.growths[dimension].most(value / others)

    def measured_to(self, dimension: str) -> float:
        """The largest size that was measured."""
        return float(self.growths[dimension].sizes[-1])


def law(cells: pd.DataFrame, base: Size, column: str) -> Law | None:
    """The law of a cost from cells that went well (columns of `Size` and `column`); None where there are too few."""
    growths, at_base = {}, cells[_beside(cells, base, ())]
    for dimension in DIMENSIONS:
        along = cells[_beside(cells, base, (dimension,))]
        if len(along) < 2:
            return None
        growths[dimension] = growth(
            along[dimension].to_numpy(dtype=np.float64), along[column].to_numpy(dtype=np.float64)
        )
    return Law(base, max(float(at_base[column].iloc[0]), 1e-9), growths) if len(at_base) else None


def _beside(cells: pd.DataFrame, base: Size, free: tuple[str, ...]) -> pd.Series[bool]:
    """Cells that are as large as `base` in every dimension but the free ones."""
    kept = pd.Series(True, index=cells.index)
    for dimension in DIMENSIONS:
        if dimension not in free:
            kept &= cells[dimension] == getattr(base, dimension)
    return kept
