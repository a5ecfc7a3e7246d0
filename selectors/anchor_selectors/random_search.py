"""Random search: the best of many random subsets, judged on source models that its calibration has not seen.

Assumes that a subset whose mean, put through a straight line, predicts the full score of held-out source models will
do so for new models. Every rival that searches must beat this with the same number of subsets judged; metabench
(arXiv 2407.12844) starts from such a search. The winner was chosen for its fitness, so that fitness is too good to be
its error on new models, and more so the more candidates there are and the fewer models. Nor is the winner of a search
a probability sample: no inclusion probabilities are given, and no weights, since the raw mean of the winner may lie
off the full score by any amount that the line corrects; reconstruct by regression. Needs source models of at least
three groups. Costs one matrix product of models x items x candidates: seconds for 400 x 10,000 x 1,000.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.errors import MethodOptionError, TooFewModelsError
from anchoreval.methods import Selection
from anchoreval.numerics.random_subsets import random_subsets, subset_means
from anchoreval.responses import ResponseMatrix
from anchoreval.tables import base_model_codes

FEWEST_GROUPS = 3
"""With two, each line would be fitted to a single group and could not depend on the subset."""
CONSTANT = 1e-12
"""A subset whose mean varies less than this among the fitted models (variance) has no slope."""
DIGITS = 9
"""Candidates closer in fitness than this are tied, and the one drawn first wins, on every machine."""


@dataclass
class RandomSearch:
    """The subset, of `candidates` simple random ones, that best predicts the full score of held-out source models.

    The source models are cut into folds, whole groups of one `base_model` together. For every fold a line from a
    subset's plain mean to the full score is fitted by least squares to the models outside it, and predicts those
    inside it; a subset's fitness is the root mean square error over all models so predicted. All candidates are
    judged on the same folds.

    Attributes:
        candidates: number of subsets drawn and judged; 1 is a simple random subset.
        folds: number of folds, at most one a group.
    """

    candidates: int = 1000
    folds: int = 5
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset({"complete"})
    reconstruction: ClassVar[Mapping[str, Any]] = {"name": "gam", "features": "mean"}

    def __post_init__(self) -> None:
        for option, fewest in (("candidates", 1), ("folds", 2)):
            value = getattr(self, option)
            if isinstance(value, bool) or not isinstance(value, int) or value < fewest:
                raise MethodOptionError(f"{option} = {value!r} is not a whole number of at least {fewest}")

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        """Draw the candidates and take the best.

        Raises:
            TooFewModelsError: source models with a full score are of fewer than three groups.
        """
        truth = np.asarray(sources.full_scores, dtype=np.float64)
        known = np.flatnonzero(~np.isnan(truth))
        fold = self._assign(base_model_codes(sources.models.iloc[known]), sources.name, rng)
        scores, best, fitness = sources.scores[known], np.arange(0), np.empty(0)
        for subsets in random_subsets(self.candidates, sources.n_items, k, rng):
            errors = calibrated_errors(subset_means(scores, subsets), truth[known], fold)
            lead = np.min(fitness, initial=np.inf)
            if errors.min() < lead:
                best = subsets[np.argmin(errors)]
            fitness = np.concatenate([fitness, errors])
        return Selection(items=sources.items.index[best], details=self._details(fitness, fold))

    def _assign(self, groups: IntArray, name: str, rng: np.random.Generator) -> IntArray:
        """(models,) fold of each model; groups are dealt to the folds in random order."""
        count = len(np.unique(groups))
        if count < FEWEST_GROUPS:
            raise TooFewModelsError(
                f"selector random_search needs source models of at least {FEWEST_GROUPS} groups (base_model); "
                f"benchmark {name} has {count} with a full score"
            )
        dealt = rng.permutation(count) % min(self.folds, count)
        return np.asarray(dealt[groups], dtype=np.int64)

    def _details(self, fitness: Float64Array, fold: IntArray) -> dict[str, Any]:
        return {
            "candidates": self.candidates,
            "folds": int(fold.max()) + 1,
            "fitness": {"best": float(fitness.min()), "median": float(np.median(fitness))},
        }


def calibrated_errors(means: Float64Array, truth: Float64Array, fold: IntArray) -> Float64Array:
    """Root mean square error of predicting `truth` from each column by lines fitted outside each fold.

    Args:
        means: (models, subsets) predictors, each taken by itself.
        truth: (models,) what to predict.
        fold: (models,) number of each model's fold, from 0 without gaps, at least two.

    Returns:
        (subsets,) errors on the scale of `truth`, over all models, each predicted once; rounded to 9 digits.
    """
    squares = np.zeros(means.shape[1])
    for inside in (fold == number for number in range(fold.max() + 1)):
        x, y = means[~inside], truth[~inside]
        centre, level = x.mean(axis=0), y.mean()
        spread = ((x - centre) ** 2).mean(axis=0)
        shared = (y - level) @ (x - centre) / len(y)
        slope = np.where(spread > CONSTANT, shared / np.maximum(spread, CONSTANT), 0.0)
        left = truth[inside][:, None] - level - slope * (means[inside] - centre)
        squares += (left**2).sum(axis=0)
    return np.asarray(np.round(np.sqrt(squares / len(truth)), DIGITS), dtype=np.float64)
