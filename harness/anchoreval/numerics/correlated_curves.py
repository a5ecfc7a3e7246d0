"""Response curves, and what they leave over: items that go together beyond what the abilities explain (ours).

A model of ability a scores y = p(a) + s(a) e on the items, p(a) the expected scores of logistic curves in a few
abilities and s = sqrt(p (1 - p)) their spread. The remainders e are not independent as item response theory has it:
their covariance R over the sources, in units of the spread, is kept, shrunk to its diagonal. What answers leave open is
then a Gaussian around the abilities' posterior mode: abilities enter by the curves' slopes there, the remainders by R.
With no shrinkage and flat curves this is the linear Gaussian reading (`anchoreval.numerics.item_covariance`); with full
shrinkage it is p-IRT in several abilities. In between it knows both that an item is no news to a model that is sure to
solve it and that some items stand and fall together, whatever the ability.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array, FloatArray, IntArray
from anchoreval.numerics.item_covariance import compact
from anchoreval.numerics.response_curves import ResponseCurves

CERTAIN = 1e-3
"""No expected score is closer to 0 or 1: a surprise then weighs no more than some thirty ordinary ones."""

GROUPS_AN_ABILITY, MOST_ABILITIES = 28, 8
"""One ability for so many groups of models, up to so many."""

PRIOR_GROUPS = 400
"""What the belief is worth that remainders are unrelated, in groups of models."""

LEAST_OWN = 0.05
"""Share of its variance that an item shares with no other, at least."""


@dataclass(frozen=True, eq=False)
class LocalBelief:
    """What is held of a model's scores given some of its answers, remainders not yet conditioned on these.

    Attributes:
        expected: (items,) by the curves.
        factors: (rank, items) and
        own: (items,) with factors' factors + diag(own) the covariance of the scores around `expected`.
        asked: positions of the answers.
    """

    expected: Float64Array
    factors: Float64Array
    own: Float64Array
    asked: IntArray

    def open_part(self, loading: Float64Array) -> Float64Array:
        """Posterior covariance of the shared factors times `loading`, (rank,) or (rank, columns)."""
        if not len(self.asked):
            return loading
        some = self.factors[:, self.asked]
        return np.asarray(loading - some @ np.linalg.solve(self.among(), some.T @ loading), dtype=np.float64)

    def among(self) -> Float64Array:
        """(asked, asked) covariance of the answers."""
        some = self.factors[:, self.asked]
        return np.asarray(some.T @ some + np.diag(self.own[self.asked]), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class CorrelatedCurves:
    """Curves of all items and the covariance of what they leave over.

    Attributes:
        curves: logistic, in one ability or several.
        factors: (rank, items) with factors' factors the shared part of the remainders' covariance, in units of the
            curves' spread.
        own: (items,) the rest of their variance, in the same units.
    """

    curves: ResponseCurves
    factors: Float64Array
    own: Float64Array

    @classmethod
    def fit(cls, scores: FloatArray, dimensions: int, shrinkage: float) -> Self:
        """Fit the curves, then take the remainders' moments.

        Args:
            scores: (models, items) in [0, 1], complete.
            dimensions: number of abilities.
            shrinkage: of the remainders' covariance to its diagonal, in [0, 1].
        """
        curves = ResponseCurves.fit(scores, "2pl", dimensions)
        expected = _inside(curves.expected(curves.abilities(scores)))
        remainders = (np.asarray(scores, dtype=np.float64) - expected) / np.sqrt(expected * (1.0 - expected))
        remainders -= remainders.mean(axis=0)
        factors = np.sqrt((1.0 - shrinkage) / len(remainders)) * remainders
        typical = float((remainders**2).mean())  # about 1 for right and wrong answers, less for finer scores
        shared = np.einsum("mi,mi->i", factors, factors)
        return cls(curves, compact(factors), np.maximum(typical - shared, LEAST_OWN * max(typical, LEAST_OWN)))

    def belief(self, asked: IntArray, scores: Float64Array) -> LocalBelief:
        """What is held after some answers.

        Args:
            asked: positions of the items answered.
            scores: their scores.
        """
        ability = self.curves.take(asked).beliefs(scores)[0] if len(asked) else np.zeros(self.curves.dimensions)
        expected = _inside(self.curves.expected(ability[None])[0])
        variance = expected * (1.0 - expected)
        factors = np.vstack([self.curves.slopes.T * variance, self.factors * np.sqrt(variance)])
        return LocalBelief(expected, factors, self.own * variance, asked)

    def predicted(self, asked: IntArray, scores: Float64Array) -> Float64Array:
        """(items,) posterior means in [0, 1]; the answers themselves where items were answered."""
        belief = self.belief(asked, scores)
        means = belief.expected.copy()
        if len(asked):  # the abilities are at their mode already: only remainders are left to follow the answers
            shared = belief.factors[self.curves.dimensions :]
            among = shared[:, asked].T @ shared[:, asked] + np.diag(belief.own[asked])
            means += shared.T @ (shared[:, asked] @ np.linalg.solve(among, scores - belief.expected[asked]))
        means = np.clip(means, 0.0, 1.0)
        means[asked] = scores
        return np.asarray(means, dtype=np.float64)


def suited_to(groups: int) -> tuple[int, float]:
    """Number of abilities and shrinkage for so many groups of models (set in trials on arc, musr and ifeval)."""
    return min(max(groups // GROUPS_AN_ABILITY, 1), MOST_ABILITIES), PRIOR_GROUPS / (PRIOR_GROUPS + groups)


def open_variance(belief: LocalBelief, weights: Float64Array) -> float:
    """Posterior variance of the weighted sum of the items not asked; `weights` are 0 for those asked."""
    ahead = belief.factors @ weights
    return max(float(ahead @ belief.open_part(ahead) + weights**2 @ belief.own), 0.0)


def most_telling(
    belief: LocalBelief, weights: Float64Array, allowed: BoolArray, count: int, shortlist: int = 200
) -> IntArray:
    """The items whose answers take most off the variance of the weighted sum, each given those before it.

    Only items with the greatest possible reduction, that of an answer of which all but its own part is known, are
    looked at closely.

    Args:
        belief: after the answers so far.
        weights: (items,) of the sum, 0 for items asked.
        allowed: (items,) which may be asked.
        count: how many, at most that of allowed items.
        shortlist: number of items that are looked at closely.
    """
    ahead = belief.open_part(belief.factors @ weights)
    linked = ahead @ belief.factors + weights * belief.own
    possible = np.where(allowed, linked**2 / belief.own, -np.inf)
    few = np.sort(np.argsort(-possible, kind="stable")[: min(max(shortlist, 2 * count), int(allowed.sum()))])
    linked, shared = linked[few], belief.factors[:, few]
    between = shared.T @ belief.open_part(shared) + np.diag(belief.own[few])
    chosen: list[int] = []
    for _ in range(count):  # each choice depends on those before it
        variance = np.maximum(np.diag(between), 1e-12)
        value = linked**2 / variance
        value[chosen] = -np.inf
        best = int(np.argmax(value))
        chosen.append(best)
        along = between[:, best].copy()
        linked = linked - along * (linked[best] / variance[best])
        between = between - np.outer(along, along) / variance[best]
    return np.asarray(few[chosen], dtype=np.int64)


def _inside(expected: Float64Array) -> Float64Array:
    return np.clip(expected, CERTAIN, 1.0 - CERTAIN)
