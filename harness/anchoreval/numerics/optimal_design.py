"""Greedy Bayesian design: which items leave the least posterior variance of a weighted sum of all items (ours).

Item scores of a model are taken as y = mean + Z' g + e, with g ~ N(0, I) of as many dimensions as there are source
models, and e independent of variance `own`. So the covariance of items is Z'Z + diag(own), of low rank plus diagonal,
and what is still unknown after some items were answered is M, the posterior covariance of g. One more answer takes one
direction away from M (Sherman-Morrison), and taking an answer back adds one; each costs one pass over Z, O(models x
items), whatever the number of anchors. M is kept as the identity less these directions; neither M nor an items x items
matrix is ever formed.

The answers themselves make up the full score, their own part e included, so that with every item answered nothing is
left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, Self, TypeVar

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array, IntArray
from anchoreval.numerics.item_covariance import ItemCovariance

WORTHWHILE = 1e-9
"""A swap has to be better by this share, so that rounding alone never swaps."""

TIED = 1e-9
"""Items this close to the best are as good, and the first is taken: rounding must not choose between them."""


class Unknown(Protocol):
    """What a greedy design makes smaller, answer by answer: the variance of one sum, or of several together."""

    @property
    def open(self) -> BoolArray:
        """(items,) not yet answered."""
        ...

    @property
    def variance(self) -> float:
        """What is still unknown."""
        ...

    def reductions(self) -> Float64Array:
        """(items,) what answering each open item would take away; -inf for answered ones."""
        ...

    def given(self, item: int) -> Self:
        """After one more answer."""
        ...

    def without(self, item: int) -> Self:
        """As if an answered item had not been answered."""
        ...


AnyUnknown = TypeVar("AnyUnknown", bound=Unknown)


@dataclass(frozen=True, eq=False)
class Posterior:
    """What is unknown once some items were answered.

    Attributes:
        covariance: prior covariance of the items.
        weights: (items,) of the sum that is wanted.
        directions: (changes, rank) rows p with M = I - sum of sign p p', posterior covariance of the factors g.
        signs: (changes,) 1 for an answer, -1 for one taken back.
        ahead: (rank,) loading on g of the part of the sum that is still open.
        shared: (items,) posterior variance of each item's Z' g.
        linked: (items,) posterior covariance of each item's Z' g with the open part of the sum.
        open: (items,) not yet answered.
    """

    covariance: ItemCovariance
    weights: Float64Array
    directions: Float64Array
    signs: Float64Array
    ahead: Float64Array
    shared: Float64Array
    linked: Float64Array
    open: BoolArray

    @classmethod
    def prior(cls, covariance: ItemCovariance, weights: Float64Array) -> Posterior:
        """Nothing answered yet."""
        factors = covariance.factors
        ahead = factors @ weights
        shared = np.einsum("ri,ri->i", factors, factors)
        nothing = np.ones(len(weights), dtype=np.bool_)
        return cls(
            covariance, weights, np.zeros((0, len(factors))), np.zeros(0), ahead, shared, ahead @ factors, nothing
        )

    @property
    def variance(self) -> float:
        """Posterior variance of the weighted sum."""
        own = self.weights[self.open] ** 2 @ self.covariance.own[self.open]
        return max(float(self.ahead @ self._unknown(self.ahead) + own), 0.0)

    def reductions(self) -> Float64Array:
        """(items,) variance that answering each open item would take away; -inf for answered ones."""
        own = self.covariance.own
        total = self.shared + own
        gained = (self.linked + self.weights * own) ** 2 / np.where(total > 0, total, 1.0)
        return np.where(self.open, gained, -np.inf)

    def given(self, item: int) -> Posterior:
        """After one more answer."""
        return self._changed(item, 1.0)

    def without(self, item: int) -> Posterior:
        """As if an answered item had not been answered."""
        return self._changed(item, -1.0)

    def _unknown(self, loading: Float64Array) -> Float64Array:
        """M times (rank,) `loading`."""
        return np.asarray(loading - (self.signs * (self.directions @ loading)) @ self.directions, dtype=np.float64)

    def _changed(self, item: int, sign: float) -> Posterior:
        """One direction more or less in M, and one pass over the factors."""
        factors, own = self.covariance.factors, self.covariance.own
        spread = np.sqrt(own[item] + sign * self.shared[item])
        direction = self._unknown(factors[:, item]) / spread
        still_open = self.open.copy()
        still_open[item] = sign < 0
        changed = replace(
            self,
            directions=np.vstack([self.directions, direction]),
            signs=np.append(self.signs, sign),
            ahead=self.ahead - sign * self.weights[item] * factors[:, item],
            open=still_open,
        )
        along, linked = np.stack([direction, changed._unknown(changed.ahead)]) @ factors
        return replace(changed, shared=np.maximum(self.shared - sign * along**2, 0.0), linked=linked)


@dataclass(frozen=True, eq=False)
class Design:
    """Chosen items and how the posterior variance fell.

    Attributes:
        items: (k,) positions, in the order in which greedy took them (swapped ones in the place of what they replace).
        variances: (k + 1,) posterior variance of the sum, before the first and after each greedy addition.
        refined: posterior variance after all swaps; the last of `variances` without any.
        swapped: number of swaps made.
    """

    items: IntArray
    variances: Float64Array
    refined: float
    swapped: int = 0


def greedy_design(
    covariance: ItemCovariance,
    weights: Float64Array,
    k: int,
    *,
    costs: Float64Array | None = None,
    candidates: int | None = None,
    swaps: int = 0,
) -> Design:
    """Take one item at a time, each time the one that most reduces the posterior variance of the weighted sum.

    Args:
        covariance: of the items' scores.
        weights: (items,) of the sum.
        k: number of items, at most the number of candidates.
        costs: (items,) > 0; the reduction is then counted per cost.
        candidates: only the first so many items may be taken; None: all.
        swaps: passes over the chosen items afterwards, in which each is replaced by the best item instead of it;
            stops early when a pass changes nothing.
    """
    return greedy(Posterior.prior(covariance, weights), k, costs=costs, candidates=candidates, swaps=swaps)


def greedy(
    prior: AnyUnknown, k: int, *, costs: Float64Array | None = None, candidates: int | None = None, swaps: int = 0
) -> Design:
    """Take one item at a time, each time the one that takes most away of what is unknown (see `greedy_design`)."""
    n_items = len(prior.open)
    price = np.ones(n_items) if costs is None else costs
    allowed = np.arange(n_items) < (n_items if candidates is None else candidates)
    posterior = prior
    variances, items = [posterior.variance], []
    for _ in range(k):  # each addition depends on all before it
        items.append(_best(posterior, price, allowed))
        posterior = posterior.given(items[-1])
        variances.append(posterior.variance)
    swapped = 0
    for _ in range(swaps):
        posterior, replaced = _swap_pass(posterior, items, price, allowed)
        swapped += replaced
        if not replaced:
            break
    return Design(np.array(items, dtype=np.int64), np.array(variances), posterior.variance, swapped)


def _best(posterior: Unknown, price: Float64Array, allowed: BoolArray) -> int:
    value = np.where(allowed, posterior.reductions() / price, -np.inf)
    return int(np.argmax(value >= value.max() * (1 - TIED)))


def _swap_pass(
    posterior: AnyUnknown, items: list[int], price: Float64Array, allowed: BoolArray
) -> tuple[AnyUnknown, int]:
    """Replace each item in turn where another does better in its place; changes `items`, counts the changes."""
    replaced = 0
    for place, item in enumerate(items):
        before = posterior.without(item)
        value = np.where(allowed, before.reductions() / price, -np.inf)
        best = int(np.argmax(value))
        if value[best] > value[item] * (1 + WORTHWHILE):
            posterior, items[place] = before.given(best), best
            replaced += 1
    return posterior, replaced
