"""The law of an estimated difference between two models, given the true one: estimated, never assumed.

Reconstructions shrink: a regression puts two models that are 10 points apart some 7 or 8 points apart, and what is left
of the error is not the same for weak and strong models, for models far apart and close together, for strangers and for
models of one family. With calibration models that neither chose anchors nor fitted anything, every pair shows its
estimated difference beside its true one:

    D_hat = slope * D + e,   the spread of e depending on the gap |D|, on the pair's level and on kinship.

Over all ways to match the models into disjoint pairs every pair of different groups counts alike: so pairs are counted
here. Pairs share models and say less than so many disjoint ones; what is uncertain is judged by leaving out whole
groups of models (jackknife), and a spread comes with the degrees of freedom that this variation amounts to. A spread
is the root of a kernel mean of e^2 over pairs of about that gap, and of that level or kind, drawn towards the mean over
all pairs of about that gap.

Ours. Jackknife: Efron and Stein, The jackknife estimate of variance (1981); degrees of freedom: Satterthwaite (1946).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.errors import ResponseDataError, TooFewModelsError
from anchoreval.numerics.conformal import group_weights

FEWEST_GROUPS = 5
"""Groups of calibration models below which no spread can be told."""
MOST_MODELS = 600
"""More models are thinned to so many: pairs grow with the square."""
PRIOR_MODELS = 10.0
"""Models that the mean over all pairs of a gap counts as, against those of one level or kind."""
NEEDED = ("estimate", "truth", "group")


@dataclass(frozen=True)
class Spread:
    """Standard deviation of e in score units, and the degrees of freedom with which it is known."""

    deviation: float
    freedom: float


@dataclass(frozen=True, eq=False)
class DifferenceLaw:
    """Law of estimated differences, learnt from calibration models. Made by `learn`.

    Attributes:
        truth: (models,) true full scores, in [0, 1].
        estimate: (models,) estimated ones.
        groups: (models,) number of the group.
        families: (models,) number of the family, -1 where it is not known.
    """

    truth: Float64Array
    estimate: Float64Array
    groups: IntArray
    families: IntArray

    @classmethod
    def learn(cls, residuals: pd.DataFrame) -> Self:
        """Learn from the residuals of a reconstruction: columns `estimate`, `truth`, `group` and, if known, `family`.

        Raises:
            TooFewModelsError: fewer than 5 groups of models, or true scores that are all equal.
            ResponseDataError: a column is missing, or a number is not finite.
        """
        for name in NEEDED:
            if name not in residuals:
                raise ResponseDataError(f"residuals have no column {name!r}")
        table = _thinned(residuals)
        truth, estimate = (table[name].to_numpy(dtype=np.float64) for name in ("truth", "estimate"))
        if not (np.isfinite(truth).all() and np.isfinite(estimate).all()):
            raise ResponseDataError("a calibration model's estimate or true score is not a number")
        groups = np.asarray(pd.factorize(table["group"].astype(str))[0], dtype=np.int64)
        if (count := groups.max(initial=-1) + 1) < FEWEST_GROUPS:
            raise TooFewModelsError(
                f"{count} groups of calibration models; {FEWEST_GROUPS} are needed to learn how estimated differences "
                "follow true ones"
            )
        if not np.ptp(truth) > 0:
            raise TooFewModelsError("all calibration models have the same true score: no difference to learn from")
        family = table["family"] if "family" in table else pd.Series(None, index=table.index, dtype=object)
        return cls(truth, estimate, groups, np.asarray(pd.factorize(family.astype(object))[0], dtype=np.int64))

    @cached_property
    def pairs(self) -> Pairs:
        """Every pair of calibration models."""
        return Pairs.of(self.truth, self.estimate, self.groups, self.families)

    @cached_property
    def _slope(self) -> tuple[float, float]:
        pairs = self.pairs
        return _ratio(pairs.weights * pairs.gap * pairs.shown, pairs.weights * pairs.gap**2, self.groups)

    @property
    def slope(self) -> float:
        """Of estimated differences on true ones: 1 where nothing shrinks."""
        return self._slope[0]

    @property
    def slope_error(self) -> float:
        """Jackknife standard error of the slope."""
        return self._slope[1]

    @property
    def largest_gap(self) -> float:
        """True difference that 95 % of the calibration pairs stay below: beyond it the law is not known."""
        pairs = self.pairs
        return _weighted_quantile(np.abs(pairs.gap).ravel(), pairs.weights.ravel(), 0.95)

    def has_kin(self) -> bool:
        """Whether any two calibration models of different groups are of one family."""
        return bool((self.pairs.weights * self.pairs.kin).any())

    def level_of(self, estimate: Any) -> Float64Array:
        """True scores to expect of models with these estimates, by the regression of truth on estimate."""
        weights = group_weights(self.groups)
        middle = weights @ self.estimate, weights @ self.truth
        centred = self.estimate - middle[0]
        variance = float(weights @ centred**2)
        slope = float(weights @ (centred * (self.truth - middle[1]))) / variance if variance > 0 else 0.0
        return np.asarray(middle[1] + slope * (np.asarray(estimate, dtype=np.float64) - middle[0]), dtype=np.float64)

    def spread(self, gap: float, level: float | None = None, kin: bool | None = None) -> Spread:
        """Spread of e for pairs that are truly `gap` apart.

        Args:
            gap: absolute true difference, in score units.
            level: mean true score of the pair; None: of all levels.
            kin: whether both are of one family; None: of all pairs. Without kin among the calibration models the
                answer for kin is that for all pairs.
        """
        pairs = self.pairs
        all_of_gap = pairs.weights * _kernel(np.abs(pairs.gap) - gap, pairs.gap_width)
        squares = self._squared
        pooled = _Sums.of(all_of_gap * squares, all_of_gap, self.groups)
        chosen = all_of_gap
        if level is not None:
            chosen = chosen * _kernel(pairs.level - level, pairs.level_width)
        if kin is not None:
            chosen = chosen * (pairs.kin if kin else ~pairs.kin)
        if chosen is all_of_gap or not chosen.any():
            return _spread(pooled.left_out(), pooled.value())
        own = _Sums.of(chosen * squares, chosen, self.groups)
        share = own.models / (own.models + PRIOR_MODELS)
        value = share * own.value() + (1.0 - share) * pooled.value()
        return _spread(share * own.left_out() + (1.0 - share) * pooled.left_out(), value)

    @cached_property
    def _squared(self) -> Float64Array:
        pairs = self.pairs
        return np.asarray((pairs.shown - self.slope * pairs.gap) ** 2, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Pairs:
    """(models, models) every ordered pair: weight (0 within a group), true and shown difference, level, kinship."""

    weights: Float64Array
    gap: Float64Array
    shown: Float64Array
    level: Float64Array
    kin: Any
    gap_width: float
    level_width: float

    @classmethod
    def of(cls, truth: Float64Array, estimate: Float64Array, groups: IntArray, families: IntArray) -> Self:
        """Of models with these scores, groups and families."""
        share = 1.0 / np.bincount(groups)[groups]
        weights = np.outer(share, share) * (groups[:, None] != groups)
        about = truth - share @ truth / share.sum()
        width = 0.9 * float(np.sqrt(share @ about**2 / share.sum())) * share.sum() ** -0.2  # Silverman's rule
        return cls(
            weights=weights,
            gap=np.subtract.outer(truth, truth),
            shown=np.subtract.outer(estimate, estimate),
            level=np.add.outer(truth, truth) / 2.0,
            kin=(families[:, None] == families) & (families >= 0),
            gap_width=width,
            level_width=width,
        )


@dataclass(frozen=True, eq=False)
class _Sums:
    """Numerator and denominator of a weighted mean over pairs, whole and without each group."""

    numerator: float
    denominator: float
    numerators: Float64Array
    denominators: Float64Array
    models: float

    @classmethod
    def of(cls, numerators: Float64Array, denominators: Float64Array, groups: IntArray) -> Self:
        above, below = (np.bincount(groups, table.sum(axis=1)) for table in (numerators, denominators))
        top, bottom, squares = float(above.sum()), float(below.sum()), float(below @ below)
        models = bottom**2 / squares if squares else 0.0
        return cls(top, bottom, _less(top, above), _less(bottom, below), models)

    def value(self) -> float:
        """The mean; NaN over no pair."""
        return self.numerator / self.denominator if self.denominator > 0 else float("nan")

    def left_out(self) -> Float64Array:
        """(groups,) the mean without each group; where nothing is left without it, with it."""
        there = self.denominators > 1e-12 * self.denominator
        return np.where(there, self.numerators / np.where(there, self.denominators, 1.0), self.value())


def _less(total: float, rows: Any) -> Float64Array:
    """(groups,) a sum over ordered pairs without those of each group."""
    return np.asarray(total - 2.0 * rows, dtype=np.float64)


def _ratio(numerators: Float64Array, denominators: Float64Array, groups: IntArray) -> tuple[float, float]:
    sums = _Sums.of(numerators, denominators, groups)
    return sums.value(), float(np.sqrt(_jackknife_variance(sums.left_out())))


def _jackknife_variance(left_out: Float64Array) -> float:
    return float((len(left_out) - 1) / len(left_out) * np.sum((left_out - left_out.mean()) ** 2))


def _spread(left_out: Float64Array, variance: float) -> Spread:
    """From a variance and its values without each group; a variance of 0 is known for sure."""
    doubt = _jackknife_variance(left_out)
    freedom = 2.0 * variance**2 / doubt if doubt > 0 else float("inf")
    return Spread(float(np.sqrt(variance)), float(np.clip(freedom, 1.0, np.inf)))


def _kernel(distance: Float64Array, width: float) -> Float64Array:
    return np.asarray(np.exp(-0.5 * (distance / width) ** 2), dtype=np.float64)


def _weighted_quantile(values: Float64Array, weights: Float64Array, level: float) -> float:
    order = np.argsort(values, kind="stable")
    mass = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(mass, level * mass[-1])])


def _thinned(residuals: pd.DataFrame) -> pd.DataFrame:
    """At most so many models, evenly over their true scores."""
    if len(residuals) <= MOST_MODELS:
        return residuals
    ordered = residuals.iloc[np.lexsort((residuals.index.astype(str), residuals["truth"]))]
    return ordered.iloc[np.linspace(0, len(ordered) - 1, MOST_MODELS).round().astype(np.int64)]
