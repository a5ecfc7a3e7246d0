"""Settings of a greedy design, compared by leaving whole groups of source models out (ours).

For each setting the whole procedure is repeated without the models of a fold: strata, covariance, choice of anchors
and the linear reconstruction that the design implies (the posterior mean), which is then held against the models left
out. Choosing anchors anew in every fold matters: anchors that were picked with a model in sight fit that model too
well, and any covariance would then look good.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array, FloatArray, IntArray
from anchoreval.numerics.folds import group_folds
from anchoreval.numerics.item_covariance import ItemCovariance, ItemMoments
from anchoreval.numerics.item_pooling import equal_strata
from anchoreval.numerics.item_statistics import difficulty
from anchoreval.numerics.optimal_design import greedy_design

FOLDS = 5

CANDIDATES = 600
"""Items, drawn at random, among which anchors are looked for here; all items count in the sum all the same."""

DIGITS = 9
"""Difficulties closer than this are equal: sums over models in another order differ by less."""


@dataclass(frozen=True)
class Setting:
    """How a covariance is shrunk (see `ItemMoments.shrunk`)."""

    shrinkage: float
    noise: float
    pooling: float = 0.0

    def of(self, moments: ItemMoments) -> ItemCovariance:
        """The covariance that this setting makes of the moments."""
        return moments.shrunk(self.shrinkage, self.noise, self.pooling)


def moments_by_difficulty(scores: FloatArray, n_strata: int) -> ItemMoments:
    """Moments of (models, items) scores whose pooling takes items for alike that are about equally hard.

    Args:
        scores: complete.
        n_strata: bands of difficulty, equally many items in each; at most one a difficulty that there is.
    """
    levels = np.round(difficulty(scores), DIGITS)
    return ItemMoments.of(scores, equal_strata(levels, min(n_strata, len(np.unique(levels)))))


def left_out_errors(
    scores: FloatArray,
    weights: Float64Array,
    groups: IntArray,
    k: int,
    settings: Sequence[Setting],
    rng: np.random.Generator,
    n_strata: int = 1,
) -> Float64Array:
    """Held-out error of the implied reconstruction for every setting.

    Args:
        scores: (models, items) complete.
        weights: (items,) of the sum.
        groups: (models,) labels; models with the same label leave together. At least two different ones.
        k: number of anchors, fewer than items.
        settings: to be compared.
        rng: draws the folds and the candidates.
        n_strata: bands of difficulty inside which pooling takes items for alike.

    Returns:
        (settings,) mean squared error over models left out, each group counting once.
    """
    n_items = scores.shape[1]
    limit = max(CANDIDATES, 4 * k)
    candidates = np.sort(rng.choice(n_items, size=limit, replace=False)) if limit < n_items else np.arange(n_items)
    errors = np.zeros((len(settings), len(scores)))
    for held_out in group_folds(groups, FOLDS, rng):
        errors[:, held_out] = _fold_errors(scores, weights, held_out, candidates, k, settings, n_strata)
    return np.asarray(errors**2 @ _group_weights(groups), dtype=np.float64)


def _fold_errors(
    scores: FloatArray,
    weights: Float64Array,
    held_out: BoolArray,
    candidates: IntArray,
    k: int,
    settings: Sequence[Setting],
    n_strata: int,
) -> Float64Array:
    """(settings, held-out models) reconstruction less truth."""
    training = scores[~held_out].astype(np.float64)
    away = scores[held_out] - training.mean(axis=0)  # (held-out models, items)
    moments, sums = moments_by_difficulty(training, n_strata).narrowed(candidates, weights)
    truth = away @ weights
    errors = []
    for setting in settings:
        covariance = setting.of(moments)
        items = greedy_design(covariance, sums, k, candidates=len(candidates)).items
        errors.append(away[:, candidates[items]] @ covariance.reconstruction(sums, items) - truth)
    return np.stack(errors)


def _group_weights(groups: IntArray) -> Float64Array:
    """(models,) summing to 1, every group the same."""
    _, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / (sizes[inverse] * len(sizes)), dtype=np.float64)
