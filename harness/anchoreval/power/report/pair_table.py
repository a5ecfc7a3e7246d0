"""Every pair of scored models: difference, interval, p-value, probability of the order, resolved or not.

A pair is tested at its own level: the spread of estimated differences at no true difference, of pairs with about these
scores, and of one family where both are of one. The models' levels are what the regression of truth on estimate
expects. P-values are adjusted over all pairs shown (Holm), so that the chance of naming any difference that is none is
at most alpha. Differences shrink: `difference` is that of the estimates, `expected` what the true one is on average
where such a difference is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import BoolArray, Float64Array
from anchoreval.power.inference.multiplicity import holm
from anchoreval.power.inference.pair_tests import PairTests
from anchoreval.power.law.difference_law import DifferenceLaw
from anchoreval.power.law.order_probability import OrderProbability

EXACT = 1e-9
"""Error of an estimate that has none, in score units: a scale must be positive."""
LEVELS = 15
"""Levels at which spreads are computed; those between are interpolated."""
COLUMNS = ("first", "second", "difference", "lower", "upper", "p_value", "p_adjusted", "p_first_better", "resolved")


@dataclass(frozen=True, eq=False)
class NullSpread:
    """Spread of estimated differences of equal models, by level and kinship. Made by `of`."""

    levels: Float64Array
    deviations: Float64Array
    freedoms: Float64Array

    @classmethod
    def of(cls, law: DifferenceLaw) -> NullSpread:
        """At levels over the calibration models' scores; rows: strangers, kin."""
        levels = np.linspace(float(law.truth.min()), float(law.truth.max()), LEVELS)
        spreads = [[law.spread(0.0, float(level), kin) for level in levels] for kin in (False, True)]
        deviations = np.array([[spread.deviation for spread in row] for row in spreads])
        freedoms = np.array([[min(spread.freedom, 1e6) for spread in row] for row in spreads])
        return cls(levels, deviations, freedoms)

    def at(self, level: Float64Array, kin: BoolArray) -> tuple[Float64Array, Float64Array]:
        """Deviations and degrees of freedom of pairs."""
        rows = [
            [np.interp(level, self.levels, values) for values in table] for table in (self.deviations, self.freedoms)
        ]
        deviation, freedom = (np.where(kin, own, strangers) for strangers, own in rows)
        return deviation, freedom

    def own(self, level: Float64Array) -> Float64Array:
        """(models,) spread of a single estimate at a level: that of a difference of strangers over the root of 2."""
        found = np.interp(level, self.levels, self.deviations[0]) / np.sqrt(2.0)
        return np.asarray(np.maximum(found, EXACT), dtype=np.float64)


def law_tests(
    law: DifferenceLaw, estimates: Float64Array, kin: BoolArray, sizes: NullSpread | None = None
) -> PairTests:
    """Every pair tested by the law of differences.

    Args:
        law: of differences.
        estimates: (models,) in [0, 1].
        kin: (models, models) whether two models are of one family.
        sizes: of the law, where they are known already.
    """
    from scipy.special import stdtr

    difference, level = np.subtract.outer(estimates, estimates), law.level_of(estimates)
    deviation, freedom = (sizes or NullSpread.of(law)).at(np.add.outer(level, level) / 2.0, kin)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(deviation > 0, np.abs(difference) / deviation, np.where(difference != 0, np.inf, 0.0))
    p_values = np.minimum(2.0 * stdtr(freedom, -statistic), 1.0)
    np.fill_diagonal(p_values, np.nan)
    return PairTests(difference, p_values)


def pair_table(
    law: DifferenceLaw,
    order: OrderProbability,
    estimates: pd.Series[Any],
    families: pd.Series[Any] | None = None,
    half_width: float = float("inf"),
    alpha: float = 0.05,
    sizes: NullSpread | None = None,
) -> pd.DataFrame:
    """A row a pair of models, the one with the higher estimate first.

    Args:
        law: of differences.
        order: probability of orders.
        estimates: by model, estimated full score in [0, 1]; models without one are left out.
        families: by model; None where they are not known.
        half_width: of the interval of a difference (`anchoreval.power.law.difference_intervals`).
        alpha: of the whole family of pairs.
        sizes: of the law, where they are known already.

    Returns:
        Columns `first`, `second`, `difference` (of the estimates, >= 0), `lower`, `upper` (in [-1, 1]), `p_value`,
        `p_adjusted`, `p_first_better`, `resolved`; scores in [0, 1].
    """
    known = estimates.dropna().sort_values(ascending=False, kind="stable")
    kin = kinship(families, known.index)
    tests = law_tests(law, known.to_numpy(dtype=np.float64), kin, sizes)
    first, second = np.triu_indices(len(known), 1)
    difference, p_value = tests.difference[first, second], tests.p_values[first, second]
    adjusted = holm(p_value)
    return pd.DataFrame(
        {
            "first": known.index.to_numpy()[first],
            "second": known.index.to_numpy()[second],
            "difference": difference,
            "lower": np.clip(difference - half_width, -1.0, 1.0),
            "upper": np.clip(difference + half_width, -1.0, 1.0),
            "p_value": p_value,
            "p_adjusted": adjusted,
            "p_first_better": order(difference, kin[first, second]),
            "resolved": adjusted <= alpha,
        }
    )


def kinship(families: pd.Series[Any] | None, models: pd.Index[Any]) -> BoolArray:
    """(models, models) whether two models are known to be of one family."""
    if families is None:
        return np.zeros((len(models), len(models)), dtype=np.bool_)
    codes = pd.factorize(families.reindex(models).astype(object))[0]
    return np.asarray((codes[:, None] == codes) & (codes >= 0), dtype=np.bool_)
