"""Probability that of two models the one with the higher estimate is truly better.

P(D > 0 | D_hat) = Phi(precision * D_hat), the precision being fitted to pairs of calibration models by maximum
likelihood: straight from what was estimated to what is true. How models' true scores spread is in the pairs already, so
that nothing is shrunk a second time, and neither D nor the error need be normal. A pair that is truly tied counts half
for either order. One pair, half of it right and half wrong, is added: pairs that never disagree prove no certainty.
The probability is right on average over pairs drawn as calibration pairs are; for pairs of one family the precision is
fitted to such pairs, drawn towards that of all.

Ours; probit regression: McCullagh and Nelder, Generalized Linear Models (1989), chapter 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.power.difference_law import PRIOR_MODELS, DifferenceLaw

STEPS = 100
TOLERANCE = 1e-10


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
        return cls(every, float(np.exp(share * np.log(own) + (1.0 - share) * np.log(every))))

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
    """The precision by Newton's method on its logarithm's scale; weights sum to the number of disjoint pairs."""
    chosen = np.triu(weights, 1) > 0
    mass = weights[chosen] * (models / 2.0) / weights[chosen].sum()
    right = np.sign(gap[chosen]) * shown[chosen]  # positive where the order is right
    tied = gap[chosen] == 0
    typical = float(np.sqrt(mass @ shown[chosen] ** 2 / mass.sum()))
    if not typical > 0:
        return 0.0
    signed = np.concatenate([right[~tied], shown[chosen][tied], -shown[chosen][tied], [typical, -typical]]) / typical
    masses = np.concatenate([mass[~tied], mass[tied] / 2, mass[tied] / 2, [0.5, 0.5]])
    return _probit_slope(signed, masses) / typical


def _probit_slope(signed: Float64Array, masses: Float64Array) -> float:
    """Maximises the sum of masses * log Phi(slope * signed), which is concave, over slope >= 0."""
    from scipy.special import log_ndtr

    slope = 0.0
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
