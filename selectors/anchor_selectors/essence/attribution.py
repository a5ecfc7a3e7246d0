"""How much each item matters to the subsets that a search ended with.

For every subset a model without interactions is fitted from its item scores to the full score; an item's importance
there is the size of its term. An item's attribution is its mean importance over the subsets that hold it. An item that
none of them holds has no attribution, which is not the same as a low one: it is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from anchoreval.arrays import Float64Array, FloatArray, IntArray

Importance: TypeAlias = Callable[[FloatArray, Float64Array, IntArray], Float64Array]
"""From (models, items) scores, (models,) full scores and (subsets, k) positions to (subsets, k) importances."""

CELLS = 1 << 22
"""Subset-item-model triples worked on at a time: 32 MiB."""
DIGITS = 9
"""Attributions closer than this are tied, and the lower item comes first, on every machine."""


def attributions(scores: FloatArray, truth: Float64Array, elites: IntArray, importance: Importance) -> Float64Array:
    """Mean importance of each item over the subsets that hold it.

    Args:
        scores: (models, items).
        truth: (models,) full scores.
        elites: (subsets, k) positions of items; equal subsets count as often as they stand there.
        importance: how important items are within a subset.

    Returns:
        (items,) attributions; NaN where no subset holds the item.
    """
    subsets, times = np.unique(elites, axis=0, return_counts=True)
    weight = np.broadcast_to(times[:, None], subsets.shape).ravel().astype(np.float64)
    part = importance(scores, truth, subsets).ravel() * weight
    total = np.bincount(subsets.ravel(), weights=part, minlength=scores.shape[1])
    count = np.bincount(subsets.ravel(), weights=weight, minlength=scores.shape[1])
    mean = np.where(count > 0, total / np.maximum(count, 1.0), np.nan)
    return np.asarray(np.round(mean, DIGITS), dtype=np.float64)


def permutation_importance(scores: FloatArray, truth: Float64Array, subsets: IntArray) -> Float64Array:
    """Permutation importance in a ridge regression, in closed form.

    Permuting an item's scores at random adds 2 slope^2 variance to the squared error of a linear model, in
    expectation. Given is the root of half of that, |slope| sd: the size of the item's linear term. The penalty is the
    mean sum of squares of the subset's items.

    Returns:
        (subsets, k).
    """
    step = max(1, CELLS // (subsets.shape[1] * len(truth)))
    columns = np.ascontiguousarray(scores.T, dtype=np.float64)
    columns -= columns.mean(axis=1, keepdims=True)
    blocks = (subsets[first : first + step] for first in range(0, len(subsets), step))
    return np.concatenate([_linear_terms(columns[block], truth - truth.mean()) for block in blocks])


def _linear_terms(columns: Float64Array, target: Float64Array) -> Float64Array:
    """(subsets, k) size of each term, for (subsets, k, models) centred columns and a centred target."""
    _, k, models = columns.shape
    squares = np.einsum("skm,skm->sk", columns, columns)
    penalty = squares.mean(axis=1)[:, None, None]
    penalty = np.where(penalty > 0, penalty, 1.0)
    turned = columns.transpose(0, 2, 1)
    if k <= models:
        slopes = np.linalg.solve(columns @ turned + penalty * np.eye(k), (columns @ target)[:, :, None])[:, :, 0]
    else:  # the same slopes from a system as small as the number of models
        dual = np.linalg.solve(turned @ columns + penalty * np.eye(models), target[:, None])
        slopes = (columns @ dual)[:, :, 0]
    return np.asarray(np.abs(slopes) * np.sqrt(squares / models), dtype=np.float64)
