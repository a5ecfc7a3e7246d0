"""Conformal intervals of a difference between two models' scores, from disjoint pairs of calibration models.

Residuals of two models that share anchors move together, so that two intervals laid side by side are too wide. Here the
calibration groups are matched at random into disjoint pairs, one model of each group; the absolute errors of their
estimated differences are exchangeable with that of a new pair, and the conformal quantile of them covers it. G groups
give G / 2 pairs: 38 groups are needed for 95 %. One matching is as valid as another; the median quantile over many is
taken, for stability (ours).

Sources: Vovk, Gammerman and Shafer (2005), chapter 4; disjoint pairs, since pairs that share a model are not
exchangeable.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.errors import MethodOptionError
from anchoreval.numerics.conformal import conformal_quantile

MATCHINGS = 101
"""An odd number: the median is the quantile of one matching."""


def attainable_level(residuals: pd.DataFrame) -> float:
    """The highest level that a finite interval of a difference can have: P / (P + 1) with P disjoint pairs."""
    pairs = residuals["group"].nunique() // 2
    return pairs / (pairs + 1)


def difference_half_width(
    residuals: pd.DataFrame, level: float = 0.95, matchings: int = MATCHINGS, seed: int = 0
) -> float:
    """Half-width of the interval of a difference, in score units; infinity with too few calibration groups.

    Args:
        residuals: a row a calibration model: `residual` (estimate minus truth) and `group`.
        level: wanted coverage, in (0, 1).
        matchings: number of random ones.
        seed: of the matchings.

    Raises:
        MethodOptionError: the level is not in (0, 1), or `matchings` is not positive.
    """
    if not 0.0 < level < 1.0:
        raise MethodOptionError(f"level = {level!r} is not between 0 and 1")
    if matchings < 1:
        raise MethodOptionError(f"matchings = {matchings!r} is not positive")
    if level > attainable_level(residuals) + 1e-9:
        return float("inf")
    ordered = residuals.sort_index()
    rng = np.random.default_rng(seed)
    quantiles = [conformal_quantile(errors, level) for errors in _matched(ordered, matchings, rng)]
    return float(np.median(quantiles))


def _matched(residuals: pd.DataFrame, count: int, rng: np.random.Generator) -> Any:
    """Absolute errors of differences, for one random matching after another."""
    values = residuals["residual"].to_numpy(dtype=np.float64)
    groups = np.unique(residuals["group"].to_numpy(dtype=str), return_inverse=True)[1]
    for _ in range(count):
        order = rng.permutation(len(values))
        one_each = order[np.unique(groups[order], return_index=True)[1]]
        drawn: Float64Array = values[rng.permutation(one_each)]
        half = len(drawn) // 2
        yield np.abs(drawn[:half] - drawn[half : 2 * half])
