"""What differences reconstructed scores can tell apart: critical value, power, Type-M and Type-S error, smallest gap.

Two models count as different where |D_hat| exceeds c = t * spread(0), t being the quantile of Student's t with the
degrees of freedom with which the spread at no difference is known. A true gap is then found with probability
P(slope * gap + spread(gap) * Z > c), and the smallest gap that is found with the wanted probability solves

    gap = (t * spread(0) + z * spread(gap)) / slope.

Beyond the gaps seen among calibration models the law is not known, and there is no answer. With no shrinkage and one
spread this is the textbook (z + z) * tau_D. Where the score of the population that the items come from is meant (T2,
below) and not that of these very items (T1), the benchmark's own sampling error joins every spread.

Type-M and Type-S error: Gelman and Carlin, Beyond power calculations (2014), with the true gap as the measure: a
difference that is shown shrunken may come out as an exaggeration below 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anchoreval.errors import MethodOptionError
from anchoreval.power.law.difference_law import DifferenceLaw, Spread

GRID = 60
"""Gaps at which power is looked at before the smallest sufficient one is narrowed down."""


@dataclass(frozen=True)
class Comparison:
    """What to expect of comparing two models that are truly `gap` apart.

    Attributes:
        gap: in score units.
        power: probability that the difference is found, in the right direction.
        type_s: probability that a difference found has the wrong sign.
        type_m: mean of |D_hat| where a difference is found, over the gap.
    """

    gap: float
    power: float
    type_s: float
    type_m: float


@dataclass(frozen=True, eq=False)
class PairTest:
    """The test that two models differ, for pairs of one level and kinship.

    Attributes:
        law: of the differences.
        alpha: two-sided size, in (0, 1).
        level: mean true score of the pairs; None: of all.
        kin: whether the pairs are of one family; None: either.
        item_variance: variance of the difference of two full scores over draws of the benchmark's items, in squared
            score units; 0 for the fixed benchmark (T1).
    """

    law: DifferenceLaw
    alpha: float = 0.05
    level: float | None = None
    kin: bool | None = None
    item_variance: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha < 1.0:
            raise MethodOptionError(f"alpha = {self.alpha!r} is not between 0 and 1")
        if not self.item_variance >= 0.0:
            raise MethodOptionError(f"item_variance = {self.item_variance!r} is negative")

    def spread(self, gap: float) -> Spread:
        """Spread of estimated differences of pairs that are `gap` apart, the items' own sampling error included."""
        bare = self.law.spread(gap, self.level, self.kin)
        variance = bare.deviation**2 + self.law.slope**2 * self.item_variance
        grown = variance / bare.deviation**2 if bare.deviation > 0 else 1.0
        return Spread(float(np.sqrt(variance)), bare.freedom * grown**2)

    @property
    def critical(self) -> float:
        """Estimated difference from which on two models count as different, in score units."""
        from scipy.special import stdtrit

        null = self.spread(0.0)
        return float(stdtrit(_finite(null.freedom), 1.0 - self.alpha / 2)) * null.deviation

    def p_value(self, difference: float) -> float:
        """Two-sided p-value of an estimated difference."""
        from scipy.special import stdtr

        null = self.spread(0.0)
        if null.deviation == 0.0:
            return 0.0 if difference else 1.0
        return float(2.0 * stdtr(_finite(null.freedom), -abs(difference) / null.deviation))

    def at(self, gap: float, critical: float | None = None) -> Comparison:
        """What to expect at a true gap > 0, in score units.

        Raises:
            MethodOptionError: the gap is not positive.
        """
        from scipy.special import ndtr

        if not gap > 0.0:
            raise MethodOptionError(f"gap = {gap!r} is not positive")
        limit = self.critical if critical is None else critical
        centre, deviation = self.law.slope * gap, self.spread(gap).deviation
        if deviation == 0.0:
            return Comparison(gap, float(centre > limit), 0.0, centre / gap if centre > limit else float("nan"))
        above, below = (limit - centre) / deviation, (limit + centre) / deviation
        right, wrong = float(ndtr(-above)), float(ndtr(-below))
        size = centre * (right - wrong) + deviation * (_density(above) + _density(below))
        found = right + wrong
        return Comparison(gap, right, wrong / found, size / found / gap)

    def smallest(self, power: float = 0.8) -> float:
        """The smallest gap found with probability `power`, in score units; NaN beyond the gaps that were seen.

        Raises:
            MethodOptionError: the power is not in (alpha / 2, 1).
        """
        if not self.alpha / 2 < power < 1.0:
            raise MethodOptionError(f"power = {power!r} is not between alpha / 2 = {self.alpha / 2:g} and 1")
        limit = self.critical
        gaps = np.linspace(0.0, self.law.largest_gap, GRID + 1)[1:]
        enough = np.array([self.at(float(gap), limit).power >= power for gap in gaps])
        if not enough.any():
            return float("nan")
        first = int(np.argmax(enough))
        return self._narrowed(float(gaps[first - 1]) if first else 0.0, float(gaps[first]), limit, power)

    def _narrowed(self, low: float, high: float, limit: float, power: float) -> float:
        for _ in range(20):
            middle = (low + high) / 2
            if self.at(middle, limit).power >= power:
                high = middle
            else:
                low = middle
        return high


def _finite(freedom: float) -> float:
    return min(freedom, 1e6)


def _density(z: float) -> float:
    return float(np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi))
