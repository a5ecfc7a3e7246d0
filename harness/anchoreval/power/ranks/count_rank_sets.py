"""Rank confidence sets from counts: votes for models, or how often each model alone won. Exact for every sample size.

Where each trial counts for one of several models, x_j given x_j + x_k is binomial, with share 1/2 if both models are as
likely. "theta_j is at most theta_k" is tested by the upper tail at x_j, for all ordered pairs, with Holm's procedure
over them; ranks follow from the rejections as in `anchoreval.power.ranks.rank_sets`. Nothing is asymptotic or drawn.

Source: Mogstad, Romano, Shaikh and Wilhelm, Inference for ranks, Review of Economic Studies 91 (2024), the multinomial
case; Clopper and Pearson (1934); Holm (1979).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import betainc

from anchoreval.arrays import BoolArray, Float64Array
from anchoreval.errors import ResponseDataError
from anchoreval.power.inference.multiplicity import holm
from anchoreval.power.inputs import counts
from anchoreval.power.ranks.rank_sets import RankSets, Sides, check_request, named

ROUNDING = 1e-12
"""A p-value that equals its threshold but for rounding rejects."""


def count_rank_sets(
    wins: Any,
    level: float = 0.95,
    *,
    simultaneous: bool = True,
    sides: Sides = "both",
    models: Sequence[Any] | None = None,
) -> RankSets:
    """Rank confidence sets from a multinomial sample; rank 1 has the largest share.

    Args:
        wins: (models,) counts; every trial counts for at most one model.
        level: probability with which the sets hold, in (0.5, 1).
        simultaneous: for all models at once, or for each by itself.
        sides: `both`, or only the `best` or the `worst` rank of each model.
        models: (models,) names; positions by default.

    Raises:
        MethodOptionError: a level or sides that are not possible.
        ResponseDataError: not counts, or another number of names.
    """
    check_request(level, sides)
    values = counts("wins", wins)
    if values.ndim != 1:
        raise ResponseDataError(f"wins have shape {values.shape}, expected (models,)")
    search = _all_at_once if simultaneous else _one_by_one
    above, below = search(_tails(values), sides, 1.0 - level)
    critical = np.full(len(values), np.nan)
    return RankSets(named(models, len(values)), (), values, above, below, level, simultaneous, critical)


def _tails(wins: Float64Array) -> Float64Array:
    """(models, models) probability that x_j is as large as it is, given x_j + x_k and equal shares."""
    tails = betainc(np.maximum(wins, 1.0)[:, None], wins + 1.0, 0.5)
    return np.where(wins[:, None] > 0, tails, 1.0)


def _all_at_once(p_values: Float64Array, sides: Sides, alpha: float) -> tuple[BoolArray, BoolArray]:
    better = _rejected(p_values, ~np.eye(len(p_values), dtype=np.bool_), alpha)
    nothing = np.zeros_like(better)
    return (better.T if sides != "worst" else nothing), (better if sides != "best" else nothing)


def _one_by_one(p_values: Float64Array, sides: Sides, alpha: float) -> tuple[BoolArray, BoolArray]:
    count = len(p_values)
    above, below = np.zeros((2, count, count), dtype=np.bool_)
    asked = np.array([[sides != "worst"], [sides != "best"]])
    for model in range(count):
        own = np.stack([p_values[:, model], p_values[model]])
        above[model], below[model] = _rejected(own, asked & (np.arange(count) != model), alpha)
    return above, below


def _rejected(p_values: Float64Array, tested: BoolArray, alpha: float) -> BoolArray:
    """Holm's procedure over the cells under test."""
    rejected = np.zeros_like(tested)
    rejected[tested] = holm(p_values[tested]) <= alpha + ROUNDING
    return rejected
