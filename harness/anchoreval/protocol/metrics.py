"""How far estimates are from the truth, how well they rank, and whether intervals keep their promise.

Scores come in [0, 1]; every error goes out in percentage points.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array, IntArray
from anchoreval.errors import ResponseDataError
from anchoreval.numerics.ranks import (
    ROUNDING,
    agreement_by_gap,
    average_ranks,
    kendall,
    pair_counts,
    pairwise_agreement,
    spearman,
)

POINTS = 100.0
"""Percentage points in a score of 1."""
BUCKET = 0.5
"""Width of the buckets of true gaps, in percentage points (arXiv 2510.08730)."""
AGREEMENT = 0.8
"""Share of pairs in the right order that counts as distinguished (arXiv 2510.08730)."""
METRICS = (
    "mae",
    "rmse",
    "bias",
    "max_error",
    "slope",
    "spearman",
    "kendall",
    "pairwise_agreement",
    "within_5pct",
    "within_10pct",
    "mdad",
    "coverage",
    "interval_width",
)


def error_metrics(estimate: Any, truth: Any, lower: Any = None, upper: Any = None) -> dict[str, float]:
    """Every figure that `compare` reports for one set of targets.

    Args:
        estimate: (models,) estimated full scores in [0, 1]; models whose estimate is NaN are left out.
        truth: (models,) full scores in [0, 1].
        lower: (models,) lower ends of the intervals, NaN or None where there are none.
        upper: (models,) upper ends.

    Returns:
        `mae`, `rmse`, `bias` (estimate - truth), `max_error`, `mdad`, `interval_width` in percentage points; `slope`
        of the least-squares line through the estimates against the truths (1: no shrinkage; 0.8: a model 10 points
        above the mean is put 8 above it); `spearman`, `kendall` (tau-b); `pairwise_agreement`; `within_5pct`,
        `within_10pct`: share of models whose rank is wrong by at most 5 % or 10 % of the number of models;
        `coverage`: share of truths inside the interval, over the models that have one. NaN where a figure is not
        defined (two models for a rank, an interval).

    Raises:
        ResponseDataError: the arrays differ in length, or a truth is not known.
    """
    arrays = [np.asarray(values, dtype=np.float64) for values in (estimate, truth)]
    ends = [
        np.full(arrays[1].shape, np.nan) if end is None else np.asarray(end, dtype=np.float64) for end in (lower, upper)
    ]
    if len({values.shape for values in (*arrays, *ends)}) != 1 or arrays[0].ndim != 1:
        raise ResponseDataError("estimates, truths and intervals are not of one length")
    if np.isnan(arrays[1]).any():
        raise ResponseDataError(f"the full score of model number {int(np.argmax(np.isnan(arrays[1])))} is not known")
    there = ~np.isnan(arrays[0])
    known = [values[there] for values in (*arrays, *ends)]
    estimates, truths, low, high = known
    figures = {**_errors(estimates - truths), **_order(estimates, truths), **_intervals(truths, low, high)}
    figures["slope"] = _slope(estimates, truths)
    return {name: figures[name] for name in METRICS}


def mdad(estimate: Float64Array, truth: Float64Array, agreement: float = AGREEMENT) -> float:
    """Minimum detectable ability difference (arXiv 2510.08730), in percentage points.

    The smallest true gap at which the estimate puts 80 % of pairs in the right order, gaps taken in buckets of half a
    point ([0, 0.25), [0.25, 0.75) ..., named after 0, 0.5 ...). Agreement in one bucket is noisy where it holds few
    pairs, so that the published definition may be met by luck at a small gap. Here agreement is made to rise with the
    gap first, by isotonic regression weighted by the number of pairs (ours); where it does so by itself, nothing
    changes. Not to be mixed up with a minimum detectable effect, which is about 3 times larger.

    Returns:
        The bucket's centre; NaN where no gap among these models reaches 80 %.
    """
    centres, shares, pairs = agreement_by_gap(estimate * POINTS, truth * POINTS, BUCKET)
    enough = _rising(shares, pairs) >= agreement - ROUNDING
    return float(centres[np.argmax(enough)]) if enough.any() else float("nan")


def _rising(shares: Float64Array, pairs: IntArray) -> Float64Array:
    from scipy.optimize import isotonic_regression

    return np.asarray(isotonic_regression(shares, weights=pairs).x) if len(shares) else shares


def _errors(error: Float64Array) -> dict[str, float]:
    if not error.size:
        return dict.fromkeys(("mae", "rmse", "bias", "max_error"), float("nan"))
    return {
        "mae": float(np.mean(np.abs(error)) * POINTS),
        "rmse": float(np.sqrt(np.mean(error**2)) * POINTS),
        "bias": float(np.mean(error) * POINTS),
        "max_error": float(np.max(np.abs(error)) * POINTS),
    }


def _order(estimate: Float64Array, truth: Float64Array) -> dict[str, float]:
    counts = pair_counts(estimate, truth)
    return {
        "spearman": spearman(estimate, truth),
        "kendall": kendall(counts),
        "pairwise_agreement": pairwise_agreement(counts),
        "within_5pct": _within(estimate, truth, 0.05),
        "within_10pct": _within(estimate, truth, 0.10),
        "mdad": mdad(estimate, truth),
    }


def _slope(estimate: Float64Array, truth: Float64Array) -> float:
    """Slope of estimate on truth; NaN where the truths do not differ."""
    apart = truth - truth.mean() if truth.size else truth
    spread = float(apart @ apart)
    return float(apart @ estimate) / spread if spread > ROUNDING**2 * max(len(truth), 1) else float("nan")


def _within(estimate: Float64Array, truth: Float64Array, share: float) -> float:
    """Share of models whose rank is wrong by at most a share of the number of models; NaN for fewer than two."""
    if len(truth) < 2:
        return float("nan")
    shift = np.abs(average_ranks(estimate) - average_ranks(truth))
    return float(np.mean(shift <= share * len(truth) + ROUNDING))


def _intervals(truth: Float64Array, lower: Float64Array, upper: Float64Array) -> dict[str, float]:
    there = ~(np.isnan(lower) | np.isnan(upper))
    if not there.any():
        return {"coverage": float("nan"), "interval_width": float("nan")}
    inside: BoolArray = (lower - ROUNDING <= truth) & (truth <= upper + ROUNDING)
    return {
        "coverage": float(np.mean(inside[there])),
        "interval_width": float(np.mean((upper - lower)[there]) * POINTS),
    }
