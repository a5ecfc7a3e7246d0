"""Greedy Bayesian design for several weighted sums at once: the least summed posterior variance (ours).

The scores of several benchmarks are several sums over the items of all. One answer tells of each of them as far as its
item varies with the items of that benchmark, and the item that takes most off the sum of their posterior variances is
taken next: the greedy design for the trace of their posterior covariance (A-optimality). That is another aim than the
variance of their mean, under which errors of two benchmarks may cancel.

The model is that of `anchoreval.numerics.optimal_design`: scores y = mean + Z' g + e. All sums share what is unknown of
g, so an answer costs one pass over Z, whatever the number of sums, and some numbers an item and sum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array
from anchoreval.numerics.item_covariance import ItemCovariance
from anchoreval.numerics.optimal_design import Design, greedy


@dataclass(frozen=True, eq=False)
class SeveralSums:
    """What is unknown of several sums once some items were answered.

    Attributes:
        covariance: prior covariance of the items.
        sums: (sums, items) weights.
        directions: (changes, rank) rows p with M = I - sum of sign p p', posterior covariance of the factors g.
        signs: (changes,) 1 for an answer, -1 for one taken back.
        ahead: (sums, rank) loadings on g of the parts of the sums that are still open.
        shared: (items,) posterior variance of each item's Z' g.
        linked: (sums, items) posterior covariance of each item's Z' g with the open part of each sum.
        open: (items,) not yet answered.
    """

    covariance: ItemCovariance
    sums: Float64Array
    directions: Float64Array
    signs: Float64Array
    ahead: Float64Array
    shared: Float64Array
    linked: Float64Array
    open: BoolArray

    @classmethod
    def prior(cls, covariance: ItemCovariance, sums: Float64Array) -> SeveralSums:
        """Nothing answered yet, of (sums, items) weights."""
        factors = covariance.factors
        ahead = sums @ factors.T
        nothing = np.ones(sums.shape[1], dtype=np.bool_)
        shared = np.einsum("ri,ri->i", factors, factors)
        return cls(covariance, sums, np.zeros((0, len(factors))), np.zeros(0), ahead, shared, ahead @ factors, nothing)

    @property
    def variances(self) -> Float64Array:
        """(sums,) posterior variance of each."""
        known = (self.ahead @ self.directions.T) ** 2 @ self.signs
        own = self.sums[:, self.open] ** 2 @ self.covariance.own[self.open]
        return np.asarray(np.maximum((self.ahead**2).sum(axis=1) - known + own, 0.0), dtype=np.float64)

    @property
    def variance(self) -> float:
        """Sum of the posterior variances."""
        return float(self.variances.sum())

    def reductions(self) -> Float64Array:
        """(items,) summed variance that answering each open item would take away; -inf for answered ones."""
        own = self.covariance.own
        total = self.shared + own
        gained = ((self.linked + self.sums * own) ** 2).sum(axis=0) / np.where(total > 0, total, 1.0)
        return np.where(self.open, gained, -np.inf)

    def given(self, item: int) -> SeveralSums:
        """After one more answer."""
        return self._changed(item, 1.0)

    def without(self, item: int) -> SeveralSums:
        """As if an answered item had not been answered."""
        return self._changed(item, -1.0)

    def _changed(self, item: int, sign: float) -> SeveralSums:
        """One direction more or less in M, and one pass over the factors."""
        factors, weights = self.covariance.factors, self.sums[:, item]
        loading = factors[:, item]
        spread = np.sqrt(self.covariance.own[item] + sign * self.shared[item])
        direction = (loading - (self.signs * (self.directions @ loading)) @ self.directions) / spread
        along = direction @ factors  # (items,); spread times it is the item's covariance with each Z' g
        ahead = self.ahead - sign * np.outer(weights, loading)
        still_open = self.open.copy()
        still_open[item] = sign < 0
        return replace(
            self,
            directions=np.vstack([self.directions, direction]),
            signs=np.append(self.signs, sign),
            ahead=ahead,
            shared=np.maximum(self.shared - sign * along**2, 0.0),
            linked=self.linked - sign * np.outer(weights * spread + ahead @ direction, along),
            open=still_open,
        )


def greedy_design_of_sums(
    covariance: ItemCovariance, sums: Float64Array, k: int, *, candidates: int | None = None, swaps: int = 0
) -> Design:
    """Take one item at a time, each time the one that most reduces the summed posterior variance of several sums.

    Args:
        covariance: of the items' scores.
        sums: (sums, items) weights; a sum that is multiplied by c counts c^2 times.
        k: number of items, at most the number of candidates.
        candidates: only the first so many items may be taken; None: all.
        swaps: passes over the chosen items afterwards (see `anchoreval.numerics.optimal_design.greedy_design`).

    Returns:
        The design; its variances are sums over the sums.
    """
    return greedy(SeveralSums.prior(covariance, sums), k, candidates=candidates, swaps=swaps)
