"""Importance sampling: draws from one distribution, weighted so that they stand for another.

The effective number of draws, 1 / sum w^2, tells how many independent draws of the target the weighted ones are worth.
It collapses where the two distributions hardly overlap (a flat prior against thousands of answers); what is then read
off a few heavy draws is not to be trusted, so callers watch it and take another way.

Source: Kong (1992); Bowyer, Aitchison and Ivanova (arXiv 2503.01747), appendix, for its use with benchmark scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import Float64Array

LEAST_EFFECTIVE = 400.0
"""Fewer effective draws are a collapse: a probability of one half then has a Monte-Carlo error above .025."""


@dataclass(frozen=True)
class WeightedDraws:
    """Draws whose weights sum to 1.

    Attributes:
        values: (draws,) of a scalar quantity.
        weights: (draws,) non-negative, summing to 1.
    """

    values: Float64Array
    weights: Float64Array

    @property
    def mean(self) -> float:
        """Expectation."""
        return float(self.weights @ self.values)

    def above(self, value: float) -> float:
        """Probability of exceeding a value, draws that equal it counting one half."""
        return float(self.weights @ np.heaviside(self.values - value, 0.5))

    def interval(self, level: float) -> tuple[float, float]:
        """Equal-tailed interval: the first draws at which the weights from below reach either tail."""
        order = np.argsort(self.values)
        reached = np.cumsum(self.weights[order])
        places = np.searchsorted(reached, [(1.0 - level) / 2, (1.0 + level) / 2])
        lower, upper = self.values[order][np.minimum(places, order.size - 1)]
        return float(lower), float(upper)


def normalised(log_weights: Float64Array) -> Float64Array:
    """Weights that sum to 1, from their logarithms up to a constant."""
    weights = np.exp(log_weights - log_weights.max())
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def effective_draws(weights: Float64Array) -> float:
    """1 / sum w^2 of weights that sum to 1: from 1 (one draw has it all) to their number (all are equal)."""
    return 1.0 / float(np.sum(weights**2))
