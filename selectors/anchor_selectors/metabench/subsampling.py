"""The first cut: of many random subsets, the one whose mean predicts the full score best in its worst fold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array, FloatArray, IntArray
from anchoreval.numerics.gam import fit_gam
from anchoreval.numerics.random_subsets import random_subsets, subset_means
from anchoreval.numerics.subset_regression import fold_errors

SPLINES = 8
BLOCK = 1 << 22
"""Numbers of a spline basis at a time: 32 MiB."""
TYPICAL = 15
"""Subsets whose penalties generalised cross-validation chooses; all are judged under the median of them."""
FEWEST_FOR_CURVES = 25
"""With fewer models subsets are judged by straight lines."""
STRAIGHT = 1e8


@dataclass(frozen=True, eq=False)
class Subsample:
    """The winner and how it compares.

    Attributes:
        items: (size,) positions, ascending.
        worst: its largest error over the folds, in score units.
        median: of the largest errors of all candidates.
        candidates: how many were judged; 0 where all items were kept.
    """

    items: IntArray
    worst: float
    median: float
    candidates: int

    def told(self) -> dict[str, float]:
        """Plain data for the details of a selection; empty where nothing was drawn."""
        if not self.candidates:
            return {}
        return {"candidates": self.candidates, "worst_fold_rmse": self.worst, "median_worst_fold_rmse": self.median}


def best_subset(
    scores: FloatArray,
    truth: Float64Array,
    folds: list[BoolArray],
    size: int,
    candidates: int,
    rng: np.random.Generator,
) -> Subsample:
    """Draw random subsets and take the one with the smallest largest error over the folds.

    Args:
        scores: (models, items) without gaps.
        truth: (models,) full scores.
        folds: masks of the models that each fold holds out.
        size: items a subset; with as many items or fewer there is nothing to draw.
        candidates: number of subsets.
        rng: draws them.
    """
    if size >= scores.shape[1]:
        return Subsample(np.arange(scores.shape[1]), 0.0, 0.0, 0)
    fold = np.argmax(np.stack(folds), axis=0)
    best, worst, penalty = np.arange(0), np.empty(0), np.nan
    for drawn in random_subsets(candidates, scores.shape[1], size, rng):
        step = max(1, BLOCK // (SPLINES * len(scores)))
        for subsets in (drawn[first : first + step] for first in range(0, len(drawn), step)):
            means = subset_means(scores, subsets)
            penalty = _penalty(means, truth) if np.isnan(penalty) else penalty
            errors = fold_errors(means, truth, fold, SPLINES, penalty).max(axis=1)
            if errors.min() < np.min(worst, initial=np.inf):
                best = subsets[np.argmin(errors)]
            worst = np.concatenate([worst, errors])
    return Subsample(np.sort(best), float(worst.min()), float(np.median(worst)), candidates)


def _penalty(means: Float64Array, truth: Float64Array) -> float:
    """A penalty that suits subsets of this size."""
    if len(truth) < FEWEST_FOR_CURVES:
        return STRAIGHT
    columns = means[:, :TYPICAL].T
    return float(np.median([fit_gam(x[:, None], truth, splines=SPLINES).penalties[0] for x in columns]))
