"""Shrinkage and noise of a greedy design, chosen by leaving whole groups of source models out (ours).

For each setting the whole procedure is repeated without the models of a fold: covariance, choice of anchors and the
linear reconstruction that the design implies (the posterior mean). The setting whose reconstruction errs least on the
models left out is taken. Choosing anchors anew in every fold matters: anchors that were picked with a model in sight
fit that model too well, and any covariance would then look good.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array, FloatArray, IntArray
from anchoreval.numerics.item_covariance import ItemMoments
from anchoreval.numerics.optimal_design import greedy_design

FOLDS = 5

CANDIDATES = 1000
"""Items, drawn at random, among which anchors are looked for here; all items count in the sum all the same."""

Setting = tuple[float, float]


def left_out_errors(
    scores: FloatArray,
    weights: Float64Array,
    groups: IntArray,
    k: int,
    settings: Sequence[Setting],
    rng: np.random.Generator,
) -> Float64Array:
    """Held-out error of the implied reconstruction for every setting.

    Args:
        scores: (models, items) complete.
        weights: (items,) of the sum.
        groups: (models,) labels; models with the same label leave together. At least two different ones.
        k: number of anchors, fewer than items.
        settings: pairs of shrinkage and noise.
        rng: draws the folds and the candidates.

    Returns:
        (settings,) mean squared error over models left out, each group counting once.
    """
    n_items = scores.shape[1]
    limit = max(CANDIDATES, 4 * k)
    candidates = np.sort(rng.choice(n_items, size=limit, replace=False)) if limit < n_items else np.arange(n_items)
    errors = np.zeros((len(settings), len(scores)))
    for held_out in group_folds(groups, FOLDS, rng):
        errors[:, held_out] = _fold_errors(scores, weights, held_out, candidates, k, settings)
    return np.asarray(errors**2 @ _group_weights(groups), dtype=np.float64)


def _fold_errors(
    scores: FloatArray,
    weights: Float64Array,
    held_out: BoolArray,
    candidates: IntArray,
    k: int,
    settings: Sequence[Setting],
) -> Float64Array:
    """(settings, held-out models) reconstruction less truth."""
    training = scores[~held_out].astype(np.float64)
    away = scores[held_out] - training.mean(axis=0)  # (held-out models, items)
    moments, sums = ItemMoments.of(training).narrowed(candidates, weights)
    truth = away @ weights
    errors = []
    for shrinkage, noise in settings:
        covariance = moments.shrunk(shrinkage, noise)
        items = greedy_design(covariance, sums, k, candidates=len(candidates)).items
        errors.append(away[:, candidates[items]] @ covariance.reconstruction(sums, items) - truth)
    return np.stack(errors)


def group_folds(groups: IntArray, folds: int, rng: np.random.Generator) -> list[BoolArray]:
    """Masks of the models that each fold holds out: whole groups, the larger ones dealt out first."""
    _, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    mixed = rng.permutation(len(sizes))
    order = mixed[np.argsort(-sizes[mixed], kind="stable")]
    fold_of_group = np.empty(len(sizes), dtype=np.int64)
    fold_of_group[order] = np.arange(len(sizes)) % folds
    fold = fold_of_group[inverse]
    return [fold == n for n in range(min(folds, len(sizes)))]


def _group_weights(groups: IntArray) -> Float64Array:
    """(models,) summing to 1, every group the same."""
    _, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / (sizes[inverse] * len(sizes)), dtype=np.float64)
