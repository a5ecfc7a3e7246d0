"""The normal distribution that items come from, learnt from all of them: the prior of each.

A fixed prior of slopes would set the scale of ability by itself where items are many: ten thousand slopes pulled a
little towards 0 outweigh four hundred models. A learnt one goes along with any change of scale. Of its own it has only
as much prior as `WEIGHT` items would bring, which keeps it proper where items are few or alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import Float64Array

WEIGHT = 2.0
"""Number of items that the prior of the population's covariance counts for, a variance of 1 in every direction."""


@dataclass(frozen=True)
class Population:
    """A normal distribution.

    Attributes:
        mean: (order,).
        covariance: (order, order).
    """

    mean: Float64Array
    covariance: Float64Array

    @classmethod
    def standard(cls, order: int) -> Population:
        """N(0, I)."""
        return cls(np.zeros(order), np.eye(order))

    @classmethod
    def of(cls, mean: Float64Array, covariance: Float64Array) -> Population:
        """The population most likely under the prior, given what is believed of its members.

        Args:
            mean: (n, order) of each member.
            covariance: (n, order, order) of each member.
        """
        n, order = mean.shape
        centre = mean.sum(axis=0) / (n + WEIGHT)
        around = mean - centre
        spread = covariance.sum(axis=0) + around.T @ around + WEIGHT * (np.eye(order) + np.outer(centre, centre))
        return cls(centre, np.asarray(spread / (n + WEIGHT), dtype=np.float64))

    @property
    def precision(self) -> Float64Array:
        """(order, order) inverse of the covariance."""
        return np.asarray(np.linalg.inv(self.covariance), dtype=np.float64)

    @property
    def log_determinant(self) -> float:
        """Of the covariance."""
        return float(np.linalg.slogdet(self.covariance)[1])

    @property
    def value(self) -> float:
        """Log prior of mean and covariance up to a constant: that of `WEIGHT` members known to be N(0, I)."""
        second = np.eye(len(self.mean)) + np.outer(self.mean, self.mean)
        return -0.5 * WEIGHT * (self.log_determinant + float(np.sum(self.precision * second)))

    def moved(self, by: Float64Array) -> Population:
        """The distribution of `by` times a member."""
        return Population(by @ self.mean, np.asarray(by @ self.covariance @ by.T, dtype=np.float64))
