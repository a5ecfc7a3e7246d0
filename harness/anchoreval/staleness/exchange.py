"""Tests of freshness that assume nothing but exchange: fresh targets could have been calibration models.

If groups of targets and of calibration models come from one population, any of them might have been the targets. A
statistic of the targets is compared with what it would be for groups drawn at random from both sides; the p-value is
exact for every number of groups on either side, for whatever statistic (permutation test; Phipson and Smyth 2010 for
the added one). Groups of kin are exchanged as one, so that copies do not count twice.

Conformal p-values of single models follow from the same assumption.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array
from anchoreval.numerics.conformal import group_weights

DRAWS = 1999
ROUNDING = 1e-9
POWER_QUANTILE = 0.8416212335729143
"""Of the standard normal at 80 %."""


@dataclass(frozen=True, eq=False)
class Exchange:
    """Random divisions of all groups into targets and others.

    Attributes:
        observed: (groups,) True for the groups that are targets.
        drawn: (draws, groups) as many True in each row, at random.
    """

    observed: BoolArray
    drawn: BoolArray

    @classmethod
    def of(cls, others: int, targets: int, seed: int = 0, draws: int = DRAWS) -> Exchange:
        """Divisions of `others` groups followed by `targets` groups."""
        count = others + targets
        rng = np.random.default_rng([seed, others, targets])
        ranks = np.argsort(rng.random((draws, count)), axis=1)
        return cls(np.arange(count) >= others, ranks < targets)

    def tested(self, statistic: Callable[[BoolArray], Float64Array], alpha: float) -> Tested:
        """Compare a statistic, large where targets are odd, with its law under exchange.

        Args:
            statistic: from (divisions, groups) to (divisions,).
            alpha: size of the test, for what it can see.
        """
        seen = float(statistic(self.observed[None])[0])
        return compared(seen, statistic(self.drawn), alpha)


@dataclass(frozen=True, eq=False)
class Tested:
    """Outcome of an exchange.

    Attributes:
        value: of the statistic.
        expected: its mean under exchange.
        p_value: of a value as large.
        visible: value that the test finds with probability 80 %, by a normal approximation; infinite where no value
            would be found.
    """

    value: float
    expected: float
    p_value: float
    visible: float


def compared(seen: float, draws: Float64Array, alpha: float) -> Tested:
    """A statistic against its values in random divisions."""
    level = np.sort(draws)
    beyond = len(draws) - np.searchsorted(level, level - ROUNDING)
    critical = level[(1 + beyond) <= alpha * (len(draws) + 1)]
    visible = float(critical[0] + POWER_QUANTILE * draws.std()) if critical.size else float("inf")
    p_value = (1 + int((draws >= seen - ROUNDING).sum())) / (len(draws) + 1)
    return Tested(seen, float(draws.mean()), p_value, visible)


def mean_among(values: Float64Array) -> Callable[[BoolArray], Float64Array]:
    """Statistic: mean of (groups,) values over the targets."""
    return lambda targets: np.asarray(targets @ values / targets.sum(axis=1), dtype=np.float64)


def superiority(values: Float64Array) -> Callable[[BoolArray], Float64Array]:
    """Statistic: probability that a target's value is above another group's, ties counting half (Mann-Whitney)."""
    ranks = midranks(values)

    def statistic(targets: BoolArray) -> Float64Array:
        m = targets.sum(axis=1)
        return np.asarray((targets @ ranks - m * (m + 1) / 2.0) / (m * (len(values) - m)), dtype=np.float64)

    return statistic


def exponential_scores(values: Float64Array) -> Float64Array:
    """(n,) scores that grow with the rank and steeply at the top (Savage 1956): powerful where some values are odd."""
    return np.asarray(-np.log1p(-midranks(values) / (len(values) + 1)), dtype=np.float64)


def midranks(values: Float64Array) -> Float64Array:
    """(n,) ranks from 1, ties sharing their mean."""
    ordered = np.sort(values)
    below, upto = (np.searchsorted(ordered, values, side=side) for side in ("left", "right"))
    return np.asarray((below + upto + 1) / 2.0, dtype=np.float64)


def conformal_p_values(values: Float64Array, others: Float64Array, groups: Any) -> Float64Array:
    """(targets,) p-value of each value against those of calibration models, every group of them counting once.

    Args:
        values: (targets,) large where odd; NaN has no p-value.
        others: (calibration models,).
        groups: (calibration models,) labels.
    """
    count = len(np.unique(np.asarray(groups, dtype=str)))
    beyond = (others[None, :] >= values[:, None] - ROUNDING) @ (group_weights(groups) * count) if count else 0.0
    return np.where(np.isnan(values), np.nan, (1.0 + beyond) / (count + 1.0))
