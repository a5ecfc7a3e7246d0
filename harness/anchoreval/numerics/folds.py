"""Folds of models for cross-validation, in which whole groups stay together."""

from __future__ import annotations

import numpy as np

from anchoreval.arrays import BoolArray, IntArray


def group_folds(groups: IntArray, folds: int, rng: np.random.Generator) -> list[BoolArray]:
    """Masks of the models that each fold holds out: whole groups, dealt out at random, the larger ones first.

    Args:
        groups: (models,) labels.
        folds: number of folds wanted; no more than there are groups are made.
        rng: decides which groups go together.
    """
    _, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    mixed = rng.permutation(len(sizes))
    order = mixed[np.argsort(-sizes[mixed], kind="stable")]
    fold_of_group = np.empty(len(sizes), dtype=np.int64)
    fold_of_group[order] = np.arange(len(sizes)) % folds
    fold = fold_of_group[inverse]
    return [fold == n for n in range(min(folds, len(sizes)))]
