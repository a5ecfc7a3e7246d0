"""The source models as a search uses them: some fit the curve, others judge subsets by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array, FloatArray, IntArray
from anchoreval.numerics.gam import fit_gam
from anchoreval.numerics.subset_fitness import Curve, SubsetFitness

FEWEST_GROUPS = 3
"""Two to fit a curve to, and one to judge by."""


@dataclass(frozen=True, eq=False)
class Panel:
    """Source models with a known full score.

    Attributes:
        scores: (models, items) without NaN.
        truth: (models,) full scores.
        judging: (models,) True for models that judge subsets, False for those to which curves are fitted.
        splines: of the frozen curve.
        penalty: of the frozen curve.
    """

    scores: FloatArray
    truth: Float64Array
    judging: BoolArray
    splines: int
    penalty: float

    def curve(self, pool: IntArray) -> Curve:
        """The additive model from the mean over a pool of items to the full score, fitted once and then frozen."""
        fitting = ~self.judging
        gam = fit_gam(self._means(pool)[fitting], self.truth[fitting], splines=self.splines, penalty=self.penalty)
        return lambda means: gam.predict(means[:, None])

    def fitness(self, pool: IntArray, k: int) -> Callable[[IntArray], Float64Array]:
        """Errors, in percentage points, of subsets of k items given as positions in the pool."""
        scores = self.scores[self.judging][:, pool]
        return SubsetFitness.of(scores, self.truth[self.judging], self.curve(pool), k).errors

    def refitted_error(self, items: IntArray) -> float:
        """Error, in percentage points, with a curve fitted to the means over these items themselves.

        The curve's penalty is chosen by cross-validation among the fitting models; the error is over the judges.
        """
        means = self._means(items)
        gam = fit_gam(means[~self.judging], self.truth[~self.judging])
        left = gam.predict(means[self.judging]) - self.truth[self.judging]
        return float(100.0 * np.sqrt(np.mean(left**2)))

    def _means(self, items: IntArray) -> Float64Array:
        """(models, 1)."""
        return np.asarray(self.scores[:, items].mean(axis=1, dtype=np.float64)[:, None], dtype=np.float64)


def drawn_judges(groups: IntArray, share: float, rng: np.random.Generator) -> BoolArray:
    """Whole groups of models, drawn at random, that judge: at least one, and at least two are left to fit.

    Args:
        groups: (models,) number of each model's group, from 0 without gaps; at least three groups.
        share: of the groups, that judge.
        rng: draws them.

    Returns:
        (models,) True for judges.
    """
    count = int(groups.max()) + 1
    judges = min(max(1, round(share * count)), count - 2)
    drawn = rng.permutation(count) < judges
    return np.asarray(drawn[groups], dtype=np.bool_)
