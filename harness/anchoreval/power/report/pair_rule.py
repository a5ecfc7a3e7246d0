"""The pair table as a rule: what it says of any two models, without a row for every pair.

Two thousand models make two million pairs. The rule holds what decides them: the half width of an interval of a
difference, how the probability of an order grows with the difference, and the difference from which on a pair counts as
told apart. The last follows from Holm's procedure over all pairs: it rejects every p-value up to a limit, and the limit
is turned back into differences at each level. The rule decides every pair as the table does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import BoolArray, Float64Array
from anchoreval.power.inference.multiplicity import holm
from anchoreval.power.law.difference_law import DifferenceLaw
from anchoreval.power.law.order_probability import OrderProbability
from anchoreval.power.report.pair_table import NullSpread, kinship, law_tests

POINTS = 201
"""Levels at which critical differences are tabulated."""


@dataclass(frozen=True, eq=False)
class PairRule:
    """What is said of two models, by their estimates. Made by `learn`; scores in [0, 1].

    Attributes:
        half_width: of the interval of a difference; infinite where its level is not attainable.
        precision: the probability that the model with the higher estimate is better is Phi(precision * difference).
        kin_precision: the same for two models of one family.
        levels: (L,) grid of the mean expected level of two models.
        critical: (2, L) smallest estimated difference that is resolved at a level, of strangers and of kin; infinite
            where no pair is.
        expected: by model, the level that is expected of it.
        alpha: of all pairs together.
    """

    half_width: float
    precision: float
    kin_precision: float
    levels: Float64Array
    critical: Float64Array
    expected: pd.Series[Any]
    alpha: float

    @classmethod
    def learn(
        cls,
        law: DifferenceLaw,
        estimates: pd.Series[Any],
        families: pd.Series[Any] | None = None,
        half_width: float = float("inf"),
        alpha: float = 0.05,
    ) -> PairRule:
        """The rule for these models; arguments as for `anchoreval.power.report.pair_table.pair_table`."""
        known = estimates.dropna()
        sizes, order = NullSpread.of(law), OrderProbability.learn(law)
        tests = law_tests(law, known.to_numpy(dtype=np.float64), kinship(families, known.index), sizes)
        limit = _limit(tests.p_values[np.triu_indices(len(known), 1)], alpha)
        levels = np.linspace(float(sizes.levels[0]), float(sizes.levels[-1]), POINTS)
        return cls(
            half_width=half_width,
            precision=order.precision,
            kin_precision=order.kin_precision,
            levels=levels,
            critical=np.stack([_critical(sizes, levels, kin, limit) for kin in (False, True)]),
            expected=pd.Series(law.level_of(known.to_numpy(dtype=np.float64)), index=known.index),
            alpha=alpha,
        )

    def resolved(self, first: Any, second: Any, difference: Any, kin: Any = False) -> BoolArray:
        """Whether pairs are told apart.

        Args:
            first: names of models.
            second: names of others, as many.
            difference: of their estimates.
            kin: whether they are of one family.
        """
        level = (self.expected.loc[first].to_numpy() + self.expected.loc[second].to_numpy()) / 2.0
        strangers, own = (np.interp(level, self.levels, row) for row in self.critical)
        return np.asarray(np.abs(difference) >= np.where(kin, own, strangers), dtype=np.bool_)


def _limit(p_values: Float64Array, alpha: float) -> float:
    """A p-value that parts those which Holm rejects from the others; 0 where none is rejected."""
    rejected = holm(p_values) <= alpha if len(p_values) else np.zeros(0, dtype=np.bool_)
    if not rejected.any():
        return 0.0
    largest = float(p_values[rejected].max())
    kept = p_values[~rejected]
    return float(np.sqrt(largest * kept.min())) if len(kept) and largest > 0 else largest


def _critical(sizes: NullSpread, levels: Float64Array, kin: bool, limit: float) -> Float64Array:
    from scipy.special import stdtrit

    deviation, freedom = sizes.at(levels, np.full(len(levels), kin))
    if limit <= 0.0:
        # a p-value of 0 is rejected too, but only estimates without any error have one
        return np.asarray(np.where(deviation > 0, np.inf, 0.0), dtype=np.float64)
    return np.asarray(deviation * -stdtrit(freedom, limit / 2.0), dtype=np.float64)
