"""The priors that keep item parameters finite, and the coordinates in which items are fitted.

Working coordinates of an item are log discrimination, intercept, logit lower, logit upper: the first two, three or
all four of them, whichever the model frees. The penalty is the log density of the parameters named in `Priors`, without
the Jacobian of the change to working coordinates, so the optimum does not depend on the coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from anchoreval.arrays import Float64Array
from anchoreval.errors import MethodOptionError
from anchoreval.numerics.irt.parameters import ItemParameters

SLOPE, INTERCEPT, LOWER, UPPER = range(4)
FREE = {"1pl": 2, "2pl": 2, "3pl": 3, "4pl": 4}
"""Working coordinates of each model; in 1pl all items share the first."""


@dataclass(frozen=True)
class Priors:
    """Weak priors of item parameters; abilities are N(0, 1), which fixes the scale.

    Attributes:
        slope_mean: mean of log discrimination, normal.
        slope_sd: its standard deviation; 0.5 says that 95 % of slopes lie within a factor 2.7 of the median.
        intercept_sd: standard deviation of the intercept, normal around 0.
        difficulty: mean and standard deviation of -intercept / discrimination, normal, beside the density of the
            intercept; None: none. It recovers simulated difficulties better, above all of items that discriminate
            little; on real answers (arc, ifeval, musr, mmlu) it predicted held-out scores no better.
        lower: Beta parameters of the lower asymptote; (5, 17) has its mode at 0.20.
        upper: Beta parameters of the upper asymptote; (19, 2) has its mode at 0.95.
    """

    slope_mean: float = 0.0
    slope_sd: float = 0.5
    intercept_sd: float = 3.0
    difficulty: tuple[float, float] | None = None
    lower: tuple[float, float] = (5.0, 17.0)
    upper: tuple[float, float] = (19.0, 2.0)

    def __post_init__(self) -> None:
        if not (self.slope_sd > 0 and self.intercept_sd > 0):
            raise MethodOptionError("priors: slope_sd and intercept_sd must be positive")
        if self.difficulty is not None and not self.difficulty[1] > 0:
            raise MethodOptionError("priors: the standard deviation of difficulty must be positive")
        if not all(parameter > 1 for parameter in (*self.lower, *self.upper)):
            raise MethodOptionError("priors: Beta parameters of lower and upper must exceed 1")

    def start(self, working: int) -> Float64Array:
        """(working,) coordinates where the penalty is greatest."""
        betas = np.array([self.lower, self.upper])
        modes = logit((betas[:, 0] - 1) / (betas.sum(axis=1) - 2))
        return np.concatenate([[self.slope_mean, 0.0], modes])[:working]

    def value(self, coordinates: Float64Array, shared_slope: bool = False) -> Float64Array:
        """(items,) log density up to a constant; -inf where the asymptotes have crossed.

        Args:
            coordinates: (items, working).
            shared_slope: all items have one slope, whose density is then spread evenly over them.
        """
        share = 1 / len(coordinates) if shared_slope else 1.0
        total = -0.5 * share * ((coordinates[:, SLOPE] - self.slope_mean) / self.slope_sd) ** 2
        total -= 0.5 * (coordinates[:, INTERCEPT] / self.intercept_sd) ** 2
        if self.difficulty is not None:
            total -= 0.5 * self._standard_difficulty(coordinates) ** 2
        for column, (successes, failures) in self._betas(coordinates):
            asymptote = coordinates[:, column]
            total += -(successes - 1) * np.logaddexp(0, -asymptote) - (failures - 1) * np.logaddexp(0, asymptote)
        if coordinates.shape[1] > UPPER:
            total = np.where(coordinates[:, LOWER] < coordinates[:, UPPER], total, -np.inf)
        return np.asarray(total, dtype=np.float64)

    def slopes(self, coordinates: Float64Array, shared_slope: bool = False) -> tuple[Float64Array, Float64Array]:
        """Gradient of `value` and its negative second derivatives, both (items, working)."""
        share = 1 / len(coordinates) if shared_slope else 1.0
        gradient, curvature = np.empty_like(coordinates), np.empty_like(coordinates)
        curvature[:, SLOPE] = share / self.slope_sd**2
        gradient[:, SLOPE] = (self.slope_mean - coordinates[:, SLOPE]) * curvature[:, SLOPE]
        curvature[:, INTERCEPT] = 1 / self.intercept_sd**2
        gradient[:, INTERCEPT] = -coordinates[:, INTERCEPT] * curvature[:, INTERCEPT]
        if self.difficulty is not None:
            self._add_difficulty(coordinates, gradient, curvature)
        for column, (successes, failures) in self._betas(coordinates):
            asymptote = expit(coordinates[:, column])
            gradient[:, column] = successes - 1 - (successes + failures - 2) * asymptote
            curvature[:, column] = (successes + failures - 2) * asymptote * (1 - asymptote)
        return gradient, curvature

    def _standard_difficulty(self, coordinates: Float64Array) -> Float64Array:
        """(items,) difficulties in standard deviations from their mean."""
        assert self.difficulty is not None
        mean, sd = self.difficulty
        return np.asarray((-coordinates[:, INTERCEPT] * np.exp(-coordinates[:, SLOPE]) - mean) / sd, dtype=np.float64)

    def _add_difficulty(self, coordinates: Float64Array, gradient: Float64Array, curvature: Float64Array) -> None:
        """Add the density of difficulties; the curvature is that of a sum of squares, which is never negative."""
        assert self.difficulty is not None
        far = self._standard_difficulty(coordinates)
        by_intercept = -np.exp(-coordinates[:, SLOPE]) / self.difficulty[1]
        by_slope = coordinates[:, INTERCEPT] * np.exp(-coordinates[:, SLOPE]) / self.difficulty[1]
        gradient[:, INTERCEPT] -= far * by_intercept
        gradient[:, SLOPE] -= far * by_slope
        curvature[:, INTERCEPT] += by_intercept**2
        curvature[:, SLOPE] += by_slope**2

    def _betas(self, coordinates: Float64Array) -> list[tuple[int, tuple[float, float]]]:
        return [(LOWER, self.lower), (UPPER, self.upper)][: coordinates.shape[1] - 2]


def parameters_of(coordinates: Float64Array) -> ItemParameters:
    """Item parameters at working coordinates (items, 2 to 4); asymptotes that are not free are 0 and 1."""
    items, working = coordinates.shape
    lower = expit(coordinates[:, LOWER]) if working > LOWER else np.zeros(items)
    upper = expit(coordinates[:, UPPER]) if working > UPPER else np.ones(items)
    return ItemParameters(np.exp(coordinates[:, SLOPE]), coordinates[:, INTERCEPT].copy(), lower, upper)
