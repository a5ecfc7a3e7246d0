"""Probability that of two models the one with the higher estimate is truly better.

P(D > 0 | D_hat) = Phi(precision * D_hat), the precision being fitted to pairs of calibration models by maximum
likelihood: straight from what was estimated to what is true. How models' true scores spread is in the pairs already, so
that nothing is shrunk a second time, and neither D nor the error need be normal. A pair that is truly tied counts half
for either order. One pair is added, half of it right and half wrong, where a normal error would leave odds of 5 to 1:
pairs that never disagree prove no certainty.
The probability is right on average over pairs drawn as calibration pairs are; for pairs of one family the precision is
fitted to such pairs, drawn towards that of all.

Ours; probit regression: McCullagh and Nelder, Generalized Linear Models (1989), chapter 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.power.law.difference_law import PRIOR_MODELS, DifferenceLaw

STEPS = 100
TOLERANCE = 1e-10
NEAR = 0.4
"""Width of the kernel about no difference, in root mean squared estimated differences."""
CERTAIN = 1e6
"""Precision where estimates are exact: any difference shown is one."""


@dataclass(frozen=True)
class OrderProbability:
    """Made by `learn`; precisions per score unit of the estimated difference.

    Attributes:
        precision: for pairs of any kind.
        kin_precision: for pairs of one family; the same where no calibration models are kin.
    """

    precision: float
    kin_precision: float

    @classmethod
    def learn(cls, law: DifferenceLaw) -> Self:
        """Fit to the calibration pairs of a law of differences."""
        pairs = law.pairs
        every = _fitted(pairs.gap, pairs.shown, pairs.weights, len(set(law.groups.tolist())))
        kin = pairs.weights * pairs.kin
        if not kin.any():
            return cls(every, every)
        rows = kin.sum(axis=1)
        models = float(rows.sum() ** 2 / (rows @ rows))
        share = models / (models + PRIOR_MODELS)
        own = _fitted(pairs.gap, pairs.shown, kin, models)
        return cls(every, share * own + (1.0 - share) * every)

    def __call__(self, difference: Any, kin: Any = False) -> Float64Array:
        """Probability that the first model is truly better.

        Args:
            difference: estimated score of the first minus that of the second, in score units, of any shape.
            kin: whether they are of one family, of the same shape or one for all.
        """
        from scipy.special import ndtr

        precision = np.where(np.asarray(kin, dtype=np.bool_), self.kin_precision, self.precision)
        return np.asarray(ndtr(precision * np.asarray(difference, dtype=np.float64)), dtype=np.float64)


def _fitted(gap: Float64Array, shown: Float64Array, weights: Float64Array, models: float) -> float:
    """The precision of chosen pairs, whose weights are scaled to the number of disjoint ones."""
    chosen = np.triu(weights, 1) > 0
    gap, shown, mass = gap[chosen], shown[chosen], weights[chosen] * (models / 2.0) / weights[chosen].sum()
    first = _normal_precision(gap, shown, mass)
    if not 0.0 < first < CERTAIN:
        return first
    right, tied = np.sign(gap) * shown * first, gap == 0  # positive where the order is right
    signed = np.concatenate([right[~tied], shown[tied] * first, -shown[tied] * first, [1.0, -1.0]])
    return first * _probit_slope(signed, np.concatenate([mass[~tied], mass[tied] / 2, mass[tied] / 2, [0.5, 0.5]]))


def _normal_precision(gap: Float64Array, shown: Float64Array, mass: Float64Array) -> float:
    """Slope over spread of the regression of true on estimated differences, the spread near no difference."""
    square = float(mass @ shown**2)
    if not square > 0.0:
        return 0.0
    slope = max(float(mass @ (gap * shown)) / square, 0.0)
    near = mass * np.exp(-0.5 * shown**2 / (NEAR**2 * square / mass.sum()))
    spread = float(np.sqrt(near @ (gap - slope * shown) ** 2 / near.sum()))
    return min(slope / spread, CERTAIN) if spread > slope / CERTAIN else CERTAIN


def _probit_slope(signed: Float64Array, masses: Float64Array) -> float:
    """Maximises the sum of masses * log Phi(slope * signed), which is concave, over slope >= 0."""
    from scipy.special import log_ndtr

    slope = 1.0
    for _ in range(STEPS):
        at = slope * signed
        hazard = np.exp(-0.5 * at**2 - log_ndtr(at)) / np.sqrt(2.0 * np.pi)
        gradient = float(masses @ (hazard * signed))
        curvature = float(masses @ (hazard * (hazard + at) * signed**2))
        step = gradient / max(curvature, TOLERANCE)
        step = float(np.clip(step, -0.5 * (1.0 + slope), 0.5 * (1.0 + slope)))
        slope = max(slope + step, 0.0)
        if abs(step) < TOLERANCE * (1.0 + slope):
            break
    return slope
