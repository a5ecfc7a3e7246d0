"""How well some of a benchmark's tasks stand for all, and how often tasks drawn at random do at least as well.

BenTo (arXiv 2410.13804) estimates a model's score by the mean over the chosen tasks, each counting by its size, and
judges by NRMSE. On its own logs, about one random order of tasks in six does as well as its published lists; a list of
tasks means nothing without the share of random ones that equal it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from anchoreval.arrays import Float64Array, IntArray

DRAWS = 1000
"""Random subsets judged; where there are no more than this in all, every one is."""
DIGITS = 9
"""Subsets closer in NRMSE than this are equally good, on every machine."""


@dataclass(frozen=True)
class RandomOrders:
    """A choice of tasks among random ones of the same number.

    Attributes:
        nrmse: of the choice.
        share: of random subsets that are at least as good; 1 where nothing is better than chance.
        subsets: how many were judged.
        exact: whether these were all there are, the choice itself among them.
    """

    nrmse: float
    share: float
    subsets: int
    exact: bool


def subset_estimates(scores: Float64Array, sizes: Float64Array, subsets: IntArray) -> Float64Array:
    """(models, subsets) mean over each subset's tasks, each task counting by its size; equally where none has any.

    Args:
        scores: (models, tasks).
        sizes: (tasks,) non-negative.
        subsets: (subsets, k) positions of tasks.
    """
    weights = np.zeros((len(subsets), scores.shape[1]))
    inside = sizes[subsets]
    np.put_along_axis(weights, subsets, np.where(inside.sum(axis=1, keepdims=True) > 0, inside, 1.0), axis=1)
    return np.asarray(scores @ (weights / weights.sum(axis=1, keepdims=True)).T, dtype=np.float64)


def nrmse(estimates: Float64Array, truth: Float64Array) -> Float64Array:
    """(columns,) root mean square error over models in units of the root mean square truth; NaN where that is 0.

    Args:
        estimates: (models, columns).
        truth: (models,).
    """
    size = float(np.sqrt((truth**2).mean()))
    errors = np.sqrt(((estimates - truth[:, None]) ** 2).mean(axis=0))
    return np.asarray(np.round(errors / size, DIGITS) if size > 0 else np.full(len(errors), np.nan), dtype=np.float64)


def against_random(
    scores: Float64Array, sizes: Float64Array, truth: Float64Array, chosen: IntArray, rng: np.random.Generator
) -> RandomOrders:
    """Judge chosen tasks beside random ones, all by the size-weighted mean.

    Args:
        scores: (models, tasks) mean of each model on each task.
        sizes: (tasks,) share of the benchmark that a task carries.
        truth: (models,) full scores, not all 0.
        chosen: positions of the tasks to judge.
        rng: draws the subsets where there are too many to judge all.
    """
    subsets, exact = random_subsets(scores.shape[1], len(chosen), rng)
    own = float(nrmse(subset_estimates(scores, sizes, chosen[None, :]), truth)[0])
    others = nrmse(subset_estimates(scores, sizes, subsets), truth)
    return RandomOrders(own, float((others <= own).mean()), len(subsets), exact)


def random_subsets(n_tasks: int, k: int, rng: np.random.Generator) -> tuple[IntArray, bool]:
    """(subsets, k) subsets of k tasks, and whether they are all there are."""
    if comb(n_tasks, k) <= DRAWS:
        return np.array(list(combinations(range(n_tasks), k)), dtype=np.int64), True
    drawn = np.argpartition(rng.random((DRAWS, n_tasks)), k - 1, axis=1)[:, :k]
    return np.asarray(drawn, dtype=np.int64), False
