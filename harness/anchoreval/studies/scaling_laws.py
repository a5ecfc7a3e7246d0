"""How a cost grows: exponents with their standard errors, and what they say of sizes that were not measured.

Along each of models, items and k a power law is fitted by least squares to logarithms. Small sizes cost much that does
not grow, which flattens that law; so a second one, a fixed part plus a power of the size, is fitted to relative errors,
and carries costs beyond the measured sizes. In models and items its power is at least 1, for the answers must be held
and read: an extrapolation errs on the dear side.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.studies.scaling_data import Size

DIMENSIONS = ("models", "items", "k")
LEAST = {"models": 1.0, "items": 1.0, "k": 0.0}
GREATEST, STEP = 3.0, 0.1
"""Powers that are tried begin with the least, and end here."""
HUGE = 1e12
TOLERANCE = 0.02
"""Of powers whose relative misfits differ by less, the smallest is taken: the clock is no better."""


@dataclass(frozen=True)
class Growth:
    """One cost along one dimension.

    Attributes:
        sizes: (cells,) rising.
        values: (cells,) the cost at each.
        exponent: of the power law through all cells.
        error: its standard error; NaN with fewer than three cells.
        fixed: the part of the second law that does not grow.
        share: what the power of the size is multiplied by.
        power: of the size.
    """

    sizes: Float64Array
    values: Float64Array
    exponent: float
    error: float
    fixed: float
    share: float
    power: float

    def at(self, size: float) -> float:
        """The cost at a size: interpolated between cells, continued beyond them."""
        if not self.sizes[0] < size < self.sizes[-1]:
            end = 0 if size <= self.sizes[0] else -1
            return float(self.values[end] * self._curve(size) / self._curve(float(self.sizes[end])))
        return float(np.exp(np.interp(np.log(size), np.log(self.sizes), np.log(self.values))))

    def growing(self, size: float) -> float:
        """The share of the cost at a size that grows with it, above 0."""
        return max(1e-6, 1.0 - self.fixed / max(self._curve(size), 1e-12))

    def _curve(self, size: float) -> float:
        return float(self.fixed + self.share * size**self.power)


def growth(sizes: Float64Array, values: Float64Array, least: float = 0.0) -> Growth:
    """Fit both laws to costs; sizes in any order, costs positive.

    Args:
        sizes: (cells,).
        values: (cells,).
        least: power of the second law that it does not fall below.
    """
    order = np.argsort(sizes)
    sizes, values = sizes[order], np.maximum(values[order], 1e-9)
    return Growth(sizes, values, *_slope(np.log(sizes), np.log(values)), *_with_fixed_part(sizes, values, least))


def _with_fixed_part(sizes: Float64Array, values: Float64Array, least: float) -> tuple[float, float, float]:
    """Fixed part, share and power of the smallest power whose relative misfit is as good as the best."""
    from scipy.optimize import nnls

    fits = []
    for power in np.arange(least, GREATEST + STEP / 2, STEP):
        design = np.column_stack([np.ones_like(sizes), (sizes / sizes[-1]) ** power]) * (values[-1] / values)[:, None]
        (fixed, share), misfit = nnls(design, np.ones_like(sizes))
        found = (float(fixed * values[-1]), float(share * values[-1] / sizes[-1] ** power), float(power))
        fits.append((misfit / np.sqrt(len(sizes)), *found))
    best = min(fits)[0]
    return next(fit[1:] for fit in fits if fit[0] <= best + TOLERANCE)


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
    """A cost in all three dimensions: that at `base`, and what each dimension alone makes of it."""

    base: Size
    value: float
    growths: Mapping[str, Growth]

    def predict(self, size: Size) -> float:
        """The cost at any size.

        Of what grows in one dimension and what grows in another, the smaller is taken to grow with both: that is the
        dearest that costs measured in each dimension alone allow, and exact for a product of powers.
        """
        extra, growing = 0.0, 0.0
        for name, one in self.growths.items():
            at_base = getattr(self.base, name)
            more, share = one.at(getattr(size, name)) / one.at(at_base) - 1.0, one.growing(at_base)
            growing = max(growing, share)
            both = extra * more / (growing if extra > 0 and more > 0 else 1.0)
            extra += more + both
        return self.value * (1.0 + extra)

    def most(self, dimension: str, size: Size, value: float) -> float:
        """The largest models, items or k at which the cost is at most `value`, the other two as in `size`.

        Infinite where the cost does not grow, 0 where nothing is cheap enough.
        """
        low, high = 0.0, np.log(HUGE)
        if self._with(dimension, size, HUGE) <= value:
            return float("inf")
        if self._with(dimension, size, 1.0) > value:
            return 0.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if self._with(dimension, size, np.exp(middle)) <= value else (low, middle)
        return float(np.exp(low))

    def _with(self, dimension: str, size: Size, count: float) -> float:
        return self.predict(dataclasses.replace(size, **{dimension: int(count)}))

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
            along[dimension].to_numpy(dtype=np.float64),
            along[column].to_numpy(dtype=np.float64),
            LEAST[dimension],
        )
    return Law(base, max(float(at_base[column].iloc[0]), 1e-9), growths) if len(at_base) else None


def _beside(cells: pd.DataFrame, base: Size, free: tuple[str, ...]) -> pd.Series[bool]:
    """Cells that are as large as `base` in every dimension but the free ones."""
    kept = pd.Series(True, index=cells.index)
    for dimension in DIMENSIONS:
        if dimension not in free:
            kept &= cells[dimension] == getattr(base, dimension)
    return kept
