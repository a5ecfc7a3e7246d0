"""Every pair of models tested on the items of a benchmark, paired: McNemar's mid-p test, or Student's.

Right and wrong answers of equal weight go through McNemar's mid-p test; other scores, or items of unequal weight,
through the t-test of the weighted mean difference, with the variance sum w_i^2 (d_i - d)^2 k / (k - 1) of weights that
sum to 1 over the k items that both models answered. The question is about the population that the items come from: on
the items themselves every difference is known.

All sums over items are products of matrices: 400 models and 14,000 items take a second. Where all k differences are
equal and not 0, the t-test would know everything from nothing; the p-value is then that of k coin tosses that all fall
the same way.

Source: McNemar's test as in `anchoreval.power.inference.mcnemar`; weighted variance as in Kish, Survey Sampling (1965),
section 2.8.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtr

from anchoreval.arrays import BoolArray, Float64Array
from anchoreval.errors import MethodOptionError, ResponseDataError
from anchoreval.power.inference.mcnemar import mcnemar_p_values
from anchoreval.power.inference.multiplicity import benjamini_hochberg, benjamini_yekutieli, holm
from anchoreval.power.inputs import check_open_unit, shares

ADJUSTMENTS: dict[str, Callable[[Float64Array], Float64Array]] = {
    "holm": holm,
    "benjamini_hochberg": benjamini_hochberg,
    "benjamini_yekutieli": benjamini_yekutieli,
    "none": np.asarray,
}
ROUNDING = 1e-12
"""Share of the squared differences below which a variance is rounding; and of a p-value that equals alpha."""


@dataclass(frozen=True, eq=False)
class PairDecisions:
    """What some rule says of every pair of models.

    Attributes:
        difference: (models, models) by how much the row's model is ahead of the column's; NaN where nothing is known.
        significant: (models, models) whether that is resolved, symmetric.
    """

    difference: Float64Array
    significant: BoolArray


@dataclass(frozen=True, eq=False)
class PairTests:
    """Every pair tested.

    Attributes:
        difference: (models, models) mean score of the row's model less the column's, over items both answered.
        p_values: (models, models) two-sided, symmetric; NaN on the diagonal and for pairs without common items.
    """

    difference: Float64Array
    p_values: Float64Array

    def decide(self, alpha: float = 0.05, adjustment: str = "holm") -> PairDecisions:
        """Decide all pairs at once.

        Args:
            alpha: in (0, 1).
            adjustment: `holm`, `benjamini_hochberg`, `benjamini_yekutieli` or `none`.

        Raises:
            MethodOptionError: another adjustment, or alpha outside (0, 1).
        """
        check_open_unit("alpha", alpha)
        if adjustment not in ADJUSTMENTS:
            raise MethodOptionError(f"adjustment = {adjustment!r} is none of {', '.join(ADJUSTMENTS)}")
        pairs = np.triu_indices(len(self.p_values), 1)
        significant = np.zeros(self.p_values.shape, dtype=np.bool_)
        significant[pairs] = ADJUSTMENTS[adjustment](self.p_values[pairs]) <= alpha * (1.0 + ROUNDING)
        return PairDecisions(self.difference, significant | significant.T)


def all_pair_tests(scores: Any, weights: Any = None) -> PairTests:
    """Test every pair of models on their common items.

    Args:
        scores: (models, items) in [0, 1], NaN where not answered.
        weights: (items,) of the items in the score, equal by default.

    Raises:
        ResponseDataError: not a matrix, a score outside [0, 1], or impossible weights.
    """
    values = np.asarray(scores)
    if values.ndim != 2:
        raise ResponseDataError(f"scores have shape {values.shape}, expected (models, items)")
    outside = (values < 0.0) | (values > 1.0)
    if outside.any():
        raise ResponseDataError(f"score {values[outside][0]:g} is outside [0, 1]")
    share = shares(weights, values.shape[1])
    share, values = share[share > 0.0], values[:, share > 0.0]
    answered = ~np.isnan(values)
    binary = bool(((values == 0.0) | (values == 1.0) | ~answered).all())
    tested = _mcnemar(values, answered) if binary and np.ptp(share) == 0.0 else _student(values, answered, share)
    p_values = np.where(np.eye(len(values), dtype=np.bool_), np.nan, tested.p_values)
    return PairTests(tested.difference, p_values)


def _mcnemar(values: Any, answered: BoolArray) -> PairTests:
    right, there = (values == 1.0).astype(np.float32), answered.astype(np.float32)  # exact below 16 million items
    row_only = (right @ (there - right).T).astype(np.float64)
    common = (there @ there.T).astype(np.float64)
    p_values = mcnemar_p_values(row_only, row_only.T)
    with np.errstate(invalid="ignore"):
        difference = (row_only - row_only.T) / common
    return PairTests(difference, np.where(common > 0.0, p_values, np.nan))


def _student(values: Any, answered: BoolArray, share: Float64Array) -> PairTests:
    there, x = answered.astype(np.float64), np.nan_to_num(values.astype(np.float64), nan=0.0)
    with np.errstate(invalid="ignore"):
        total = there * share @ there.T
        difference = _difference(x, there, share) / total
        squared = np.square(share)
        spread = _squared_difference(x, there, squared)
        variance = (
            spread - 2.0 * difference * _difference(x, there, squared) + difference**2 * (there * squared @ there.T)
        )
    count = there @ there.T
    return PairTests(difference, _t_p_values(difference * total, variance, spread, count))


def _difference(x: Float64Array, there: Float64Array, share: Float64Array) -> Float64Array:
    """(models, models) sum over common items of share (x_row - x_column)."""
    found = x * share @ there.T
    return np.asarray(found - found.T, dtype=np.float64)


def _squared_difference(x: Float64Array, there: Float64Array, share: Float64Array) -> Float64Array:
    """(models, models) sum over common items of share (x_row - x_column)^2."""
    found = x**2 * share @ there.T
    return np.asarray(found + found.T - 2.0 * (x * share @ x.T), dtype=np.float64)


def _t_p_values(
    difference: Float64Array, squares: Float64Array, spread: Float64Array, count: Float64Array
) -> Float64Array:
    """Two-sided p-values from weighted sums over common items: of differences, and of their squares about the mean."""
    constant = squares <= ROUNDING * spread
    freedom = np.maximum(count - 1.0, 1.0)
    error = np.sqrt(np.where(constant, 1.0, squares) * count / freedom)
    ordinary = 2.0 * stdtr(freedom, -np.abs(difference) / error)
    tossed = np.where(np.abs(difference) > ROUNDING, np.minimum(1.0, 2.0 ** (1.0 - count)), 1.0)
    return np.where(count > 0.0, np.where(constant, tossed, ordinary), np.nan)
