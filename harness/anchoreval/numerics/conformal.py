"""Split conformal quantiles, also for scores that come in groups, and under a known shift of covariates.

With n exchangeable scores the ceil((n + 1) level)-th smallest covers a new one with probability at least `level`. Where
scores come in groups (variants of one base model) only the groups are exchangeable: each of the G groups then has mass
1 / (G + 1), spread evenly over its scores, and the remaining 1 / (G + 1) sits at infinity. The quantile of that
distribution covers a score of a new group with probability at least `level`.

Where targets have other covariates than the calibration models, every score counts in proportion to the ratio of the
two densities at its covariate, and so does the mass at infinity at the target's.

Source: Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World (2005), chapter 4; groups: Lee, Barber and
Willett, Distribution-free inference with hierarchical data (arXiv 2306.06342), section 3; shift: Tibshirani, Barber,
Candes and Ramdas, Conformal prediction under covariate shift (arXiv 1904.06019), section 2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anchoreval.arrays import Float64Array

ROUNDING = 1e-9
"""Masses are sums of fractions: 19 / 20 must count as 0.95."""


def group_weights(groups: Any) -> Float64Array:
    """(n,) weight of each row such that every group weighs the same and all weights sum to 1."""
    _, inverse, sizes = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    return np.asarray(1.0 / (sizes[inverse] * len(sizes)), dtype=np.float64)


def attainable_level(groups: Any) -> float:
    """The highest level that a finite quantile can have: G / (G + 1) with G groups, 0 with none."""
    count = len(np.unique(np.asarray(groups)))
    return count / (count + 1)


def groups_needed(level: float) -> int:
    """The fewest groups that allow a finite quantile at a level: 9 at 90 %, 19 at 95 %."""
    return int(np.ceil(level / (1.0 - level) - ROUNDING * 100))


def conformal_quantile(scores: Any, level: float, groups: Any = None) -> float:
    """The least value that holds at least `level` of the mass (see the module's text).

    Args:
        scores: (n,) conformity scores, such as absolute residuals.
        level: wanted coverage, in (0, 1).
        groups: (n,) labels of what is exchangeable, or None for each score by itself.

    Returns:
        The quantile; infinity where there are too few groups for the level.
    """
    values = np.asarray(scores, dtype=np.float64)
    labels = np.arange(len(values)) if groups is None else np.asarray(groups)
    if not values.size or level > attainable_level(labels) + ROUNDING:
        return float("inf")
    order = np.argsort(values, kind="stable")
    mass = np.cumsum(group_weights(labels)[order]) * attainable_level(labels)
    first = min(int(np.searchsorted(mass, level - ROUNDING)), len(mass) - 1)
    return float(values[order][first])


def weighted_quantiles(scores: Any, level: float, weights: Float64Array, own: Float64Array) -> Float64Array:
    """The least value that holds at least `level` of the mass, for targets that differ in what they weigh themselves.

    Args:
        scores: (n,) conformity scores.
        level: wanted coverage, in (0, 1).
        weights: (n,) non-negative weight of each score; a group's scores share the group's.
        own: (t,) weight of each target, which sits at infinity.

    Returns:
        (t,) quantiles; infinity where the scores weigh too little for the level.
    """
    values = np.asarray(scores, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    mass = np.cumsum(weights[order])
    wanted = level * (weights.sum() + own)
    first = np.searchsorted(mass * (1.0 + ROUNDING), wanted)
    return np.asarray(np.append(values[order], np.inf)[first], dtype=np.float64)
