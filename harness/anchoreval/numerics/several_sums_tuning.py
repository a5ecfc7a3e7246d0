"""Settings of a greedy design for several sums, compared by leaving whole groups of source models out (ours).

What `anchoreval.numerics.design_tuning` does for one sum, for the scores of several benchmarks: each fold repeats
strata, covariance, choice of anchors and the linear reconstruction of every sum. Items are pooled with items of about
the same difficulty in the same benchmark: equally hard items of two benchmarks are not alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from anchoreval.arrays import Float64Array, FloatArray, IntArray
from anchoreval.numerics.conformal import group_weights
from anchoreval.numerics.design_tuning import CANDIDATES, DIGITS, FOLDS, Setting
from anchoreval.numerics.folds import group_folds
from anchoreval.numerics.item_covariance import ItemCovariance, ItemMoments
from anchoreval.numerics.item_pooling import equal_strata
from anchoreval.numerics.item_statistics import difficulty
from anchoreval.numerics.several_sums import greedy_design_of_sums


def sums_of_parts(weights: Float64Array, parts: IntArray) -> Float64Array:
    """(parts, items) weights, of which each row holds one part's and sums to 1.

    Args:
        weights: (items,) non-negative.
        parts: (items,) number of the part that each item belongs to, from 0 without gaps; a part has some weight.
    """
    inside = np.where(parts == np.arange(int(parts.max()) + 1)[:, None], weights, 0.0)
    return np.asarray(inside / inside.sum(axis=1, keepdims=True), dtype=np.float64)


def moments_by_part_and_difficulty(scores: FloatArray, parts: IntArray, n_strata: int) -> ItemMoments:
    """Moments of scores whose pooling takes items of one part for alike that are about equally hard.

    Args:
        scores: (models, items) complete.
        parts: (items,) number of the part that each item belongs to, from 0 without gaps.
        n_strata: bands of difficulty in each part, equally many items in each; at most one a difficulty that there is.
    """
    levels = np.round(difficulty(scores), DIGITS)
    strata = np.empty(len(levels), dtype=np.int64)
    count = 0
    for part in range(int(parts.max()) + 1):
        inside = parts == part
        bands = min(n_strata, len(np.unique(levels[inside])))
        strata[inside] = count + equal_strata(levels[inside], bands)
        count += bands
    return ItemMoments.of(scores, strata)


def left_out_errors_of_sums(
    scores: FloatArray,
    sums: Float64Array,
    parts: IntArray,
    groups: IntArray,
    k: int,
    settings: Sequence[Setting],
    rng: np.random.Generator,
    n_strata: int = 1,
) -> Float64Array:
    """Held-out error of the implied reconstruction of several sums, summed over them, for every setting.

    Args:
        scores: (models, items) complete.
        sums: (sums, items) weights; no two sums share an item.
        parts: (items,) number of the part that each item belongs to, from 0 without gaps.
        groups: (models,) labels; models with the same label leave together. At least two different ones.
        k: number of anchors, fewer than items.
        settings: to be compared.
        rng: draws the folds and the candidates.
        n_strata: bands of difficulty in each part.

    Returns:
        (settings,) mean over models left out, each group counting once, of the summed squared errors.
    """
    n_items = scores.shape[1]
    limit = max(CANDIDATES, 4 * k)
    candidates = np.sort(rng.choice(n_items, size=limit, replace=False)) if limit < n_items else np.arange(n_items)
    squares = np.zeros((len(settings), len(scores)))
    for held_out in group_folds(groups, FOLDS, rng):
        training = scores[~held_out].astype(np.float64)
        moments = moments_by_part_and_difficulty(training, parts, n_strata)
        away = scores[held_out] - training.mean(axis=0)  # (held-out models, items)
        squares[:, held_out] = _fold_errors(moments, away, sums, candidates, k, settings)
    return np.asarray(squares @ group_weights(groups), dtype=np.float64)


def _fold_errors(
    moments: ItemMoments,
    away: Float64Array,
    sums: Float64Array,
    candidates: IntArray,
    k: int,
    settings: Sequence[Setting],
) -> Float64Array:
    """(settings, held-out models) squared errors, summed over the sums."""
    narrow, narrow_sums = narrowed(moments, candidates, sums)
    truth = away @ sums.T  # (held-out models, sums)
    errors = []
    for setting in settings:
        covariance = setting.of(narrow)
        items = greedy_design_of_sums(covariance, narrow_sums, k, candidates=len(candidates)).items
        slopes = np.stack([covariance.reconstruction(weights, items) for weights in narrow_sums], axis=1)
        errors.append(((away[:, candidates[items]] @ slopes - truth) ** 2).sum(axis=1))
    return np.stack(errors)


def narrowed(moments: ItemMoments, kept: IntArray, sums: Float64Array) -> tuple[ItemMoments, Float64Array]:
    """The kept items and, behind them, what each sum has in the others as one item; and the sums over these.

    The sums have the same joint distribution with the kept items as before, and with each other as long as no two of
    them share an item that is not kept.

    Args:
        moments: of all items.
        kept: (kept,) positions.
        sums: (sums, items) weights.

    Returns:
        Moments of kept + sums items, and (sums, kept + sums) weights.
    """
    rest = sums.copy()
    rest[:, kept] = 0.0
    alike = ItemCovariance(
        np.column_stack([moments.alike.factors[:, kept], moments.alike.factors @ rest.T]),
        np.append(moments.alike.own[kept], rest**2 @ moments.alike.own),
    )
    narrow = ItemMoments(
        np.column_stack([moments.factors[:, kept], moments.factors @ rest.T]),
        np.append(moments.variance[kept], rest**2 @ moments.variance),
        np.append(moments.unit[kept], rest**2 @ moments.unit),
        alike,
    )
    return narrow, np.column_stack([sums[:, kept], np.eye(len(sums))])
