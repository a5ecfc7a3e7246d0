"""The source models as a search uses them: each judges subsets by a curve that was fitted to others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array, FloatArray, IntArray
from anchoreval.errors import TooFewModelsError
from anchoreval.numerics.gam import Gam, fit_gam
from anchoreval.numerics.subset_fitness import Curve, SubsetFitness
from anchoreval.responses import ResponseMatrix
from anchoreval.tables import base_model_codes

FEWEST_GROUPS = 3
"""Two to fit a curve to, and one to judge by."""
FOLDS = 5
NO_JUDGE = -1


@dataclass(frozen=True, eq=False)
class Panel:
    """Source models with a known full score.

    Attributes:
        scores: (models, items) without NaN.
        truth: (models,) full scores.
        fold: (models,) from 0 without gaps: a model judges by the curve fitted to all models outside its fold; -1 for
            models that only fit.
        splines: of the frozen curves.
        penalty: of the frozen curves.
    """

    scores: FloatArray
    truth: Float64Array
    fold: IntArray
    splines: int
    penalty: float

    @classmethod
    def drawn(
        cls, sources: ResponseMatrix, share: float | None, splines: int, penalty: float, rng: np.random.Generator
    ) -> Self:
        """The source models with a known full score, their groups (`base_model`) dealt to folds (see `drawn_folds`).

        Raises:
            TooFewModelsError: they are of fewer than three groups.
        """
        truth = np.asarray(sources.full_scores, dtype=np.float64)
        known = np.flatnonzero(~np.isnan(truth))
        groups = base_model_codes(sources.models.iloc[known])
        if len(np.unique(groups)) < FEWEST_GROUPS:
            raise TooFewModelsError(
                f"selector essence needs source models of at least {FEWEST_GROUPS} groups (base_model); "
                f"benchmark {sources.name} has {len(np.unique(groups))} with a full score"
            )
        return cls(sources.scores[known], truth[known], drawn_folds(groups, share, rng), splines, penalty)

    @property
    def judging(self) -> BoolArray:
        """(models,) True for models that judge subsets."""
        return np.asarray(self.fold != NO_JUDGE, dtype=np.bool_)

    @property
    def training(self) -> BoolArray:
        """(models,) True for models that may be learnt from: those that do not judge, or all where all judge."""
        return np.asarray(~self.judging | self.judging.all(), dtype=np.bool_)

    def curves(self, pool: IntArray) -> list[Curve]:
        """For each fold, the curve from the mean over a pool of items to the full score, to be frozen."""
        return [_curve(gam) for gam in self._fitted(self._means(pool), self.splines, self.penalty)]

    def fitness(self, pool: IntArray, k: int) -> Callable[[IntArray], Float64Array]:
        """Errors, in percentage points, of subsets of k items given as positions in the pool."""
        judging = self.judging
        scores, truth = self.scores[judging][:, pool], self.truth[judging]
        return SubsetFitness.of(scores, truth, self.curves(pool), k, self.fold[judging]).errors

    def refitted_error(self, items: IntArray) -> float:
        """Error, in percentage points, over the judges with curves fitted to the means over these items themselves.

        Their penalty is chosen by generalised cross-validation.
        """
        means = self._means(items)
        left = [
            gam.predict(means[self.fold == fold]) - self.truth[self.fold == fold]
            for fold, gam in enumerate(self._fitted(means, splines=10, penalty=None))
        ]
        return float(100.0 * np.sqrt(np.mean(np.concatenate(left) ** 2)))

    def _fitted(self, means: Float64Array, splines: int, penalty: float | None) -> list[Gam]:
        """For each fold, the curve fitted to the models outside it."""
        outside = [self.fold != fold for fold in range(int(self.fold.max()) + 1)]
        return [fit_gam(means[fit], self.truth[fit], splines=splines, penalty=penalty) for fit in outside]

    def _means(self, items: IntArray) -> Float64Array:
        """(models, 1)."""
        return np.asarray(self.scores[:, items].mean(axis=1, dtype=np.float64)[:, None], dtype=np.float64)


def _curve(gam: Gam) -> Curve:
    return lambda means: gam.predict(means[:, None])


def drawn_folds(groups: IntArray, share: float | None, rng: np.random.Generator) -> IntArray:
    """Folds of whole groups, dealt at random; at least two groups are outside of each.

    Args:
        groups: (models,) number of each model's group, from 0 without gaps; at least three groups.
        share: None: every group judges, in five folds. Else the share of groups that judge, in one fold, the published
            way; the others are in none.
        rng: deals them.

    Returns:
        (models,) number of each model's fold, -1 for none.
    """
    count = int(groups.max()) + 1
    place = rng.permutation(count)
    if share is None:
        return np.asarray((place % min(FOLDS, count))[groups], dtype=np.int64)
    judges = min(max(1, round(share * count)), count - 2)
    return np.asarray(np.where(place < judges, 0, NO_JUDGE)[groups], dtype=np.int64)
