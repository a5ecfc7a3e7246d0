"""How item scores vary together over models: empirical covariance, shrunk, as low rank plus diagonal.

It is shrunk to its diagonal, which takes every item for a case of its own, and to a pooled covariance, which takes
items of a stratum for alike (`anchoreval.numerics.item_pooling`). The items x items matrix is never formed: with fewer
models than items it has the rank of the models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import Float64Array, FloatArray, IntArray
from anchoreval.numerics.item_pooling import pooled

LARGEST_VARIANCE = 0.25
"""Of a score in [0, 1]; the unit of noise where models do not differ at all."""


@dataclass(frozen=True, eq=False)
class ItemCovariance:
    """Covariance of item scores: `factors`.T @ `factors` + diag(`own`).

    Attributes:
        factors: (rank, items).
        own: (items,) variance of an item that it shares with no other; > 0 for items that may become anchors.
    """

    factors: Float64Array
    own: Float64Array

    def among(self, items: IntArray) -> Float64Array:
        """(items, items) dense covariance of a few items."""
        some = self.factors[:, items]
        return np.asarray(some.T @ some + np.diag(self.own[items]), dtype=np.float64)

    def with_total(self, weights: Float64Array, items: IntArray) -> Float64Array:
        """(items,) covariance of a few items with the weighted sum of all."""
        shared = self.factors[:, items].T @ (self.factors @ weights)
        return np.asarray(shared + self.own[items] * weights[items], dtype=np.float64)

    def reconstruction(self, weights: Float64Array, items: IntArray) -> Float64Array:
        """(items,) what the posterior mean of the weighted sum adds per deviation of each answer from its mean."""
        return np.asarray(np.linalg.solve(self.among(items), self.with_total(weights, items)), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class ItemMoments:
    """Empirical second moments of item scores over models, from which covariances of any shrinkage are made.

    Attributes:
        factors: (rank, items) with `factors`.T @ `factors` the empirical covariance.
        variance: (items,) its diagonal.
        unit: (items,) variance that noise 1 adds to each item: the mean variance.
        alike: the empirical covariance pooled over the items of each stratum.
    """

    factors: Float64Array
    variance: Float64Array
    unit: Float64Array
    alike: ItemCovariance

    @classmethod
    def of(cls, scores: FloatArray, strata: IntArray | None = None) -> ItemMoments:
        """Moments of (models, items) complete scores; `strata` (items,) are numbered without gaps, None: all one."""
        centred = np.asarray(scores, dtype=np.float64)
        centred = (centred - centred.mean(axis=0)) / np.sqrt(len(centred))
        variance = np.einsum("mi,mi->i", centred, centred)
        unit = float(variance.mean()) or LARGEST_VARIANCE
        same = np.zeros(len(variance), dtype=np.int64) if strata is None else strata
        alike = ItemCovariance(*pooled(centred, variance, same))
        return cls(compact(centred), variance, np.full(len(variance), unit), alike)

    def shrunk(self, shrinkage: float, noise: float, pooling: float = 0.0) -> ItemCovariance:
        """(1 - pooling) [(1 - shrinkage) C + shrinkage diag(C)] + pooling P + noise mean(diag(C)) I.

        C is the empirical covariance and P the pooled one.

        Args:
            shrinkage: in [0, 1].
            noise: > 0; lets items that no source model tells apart vary.
            pooling: in [0, 1].
        """
        single = ItemCovariance(np.sqrt(1 - shrinkage) * self.factors, shrinkage * self.variance)
        return _mixed(single, self.alike, pooling, noise * self.unit)

    def narrowed(self, kept: IntArray, weights: Float64Array) -> tuple[ItemMoments, Float64Array]:
        """The kept items and, last, the weighted sum of the others as one; and the weights of these.

        The weighted sum of all has the same joint distribution with the kept items as before.
        """
        rest = weights.copy()
        rest[kept] = 0.0
        alike = ItemCovariance(
            np.column_stack([self.alike.factors[:, kept], self.alike.factors @ rest]),
            np.append(self.alike.own[kept], rest**2 @ self.alike.own),
        )
        moments = ItemMoments(
            compact(np.column_stack([self.factors[:, kept], self.factors @ rest])),
            np.append(self.variance[kept], rest**2 @ self.variance),
            np.append(self.unit[kept], rest**2 @ self.unit),
            alike,
        )
        return moments, np.append(weights[kept], 1.0)


def _mixed(single: ItemCovariance, alike: ItemCovariance, pooling: float, noise: Float64Array) -> ItemCovariance:
    """(1 - pooling) `single` + pooling `alike` + diag(`noise`); what has no share takes no room."""
    parts = [(1 - pooling, single), (pooling, alike)]
    factors = [np.sqrt(share) * part.factors for share, part in parts if share > 0]
    own = noise + sum(share * part.own for share, part in parts)
    return ItemCovariance(np.vstack(factors), np.asarray(own, dtype=np.float64))


def compact(factors: Float64Array) -> Float64Array:
    """Factors with the same products between items, no more of them than there are items."""
    rank, items = factors.shape
    if rank <= items:
        return factors
    values, vectors = np.linalg.eigh(factors.T @ factors)
    return np.asarray(np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T, dtype=np.float64)
