"""Answers and what they are to predict as one Gaussian: moments, their shrinkage, and the posterior mean (ours).

Answers y (k of them) and rests r (one an output) are taken as jointly Gaussian. Of their empirical covariances C (k, k)
and c (k, outputs) is made, with p for pooling, s for shrinkage, v for noise and d for the mean variance of an answer,

    S = (1 - p) [(1 - s) C + s diag(C)] + p [t 11' + (d - t) I] + v d I,
    b = (1 - p) (1 - s) c + p 1 u',

where t is the mean covariance of two answers and u that of an answer with each rest. The posterior mean of r is its
mean plus (y - mean y) times the slopes S^-1 b. Without pooling that is a ridge regression with a penalty an answer,
proportional to s diag(C) + v d. With pooling 1 all slopes are equal: r moves with the plain mean of the answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.numerics.conformal import group_weights
from anchoreval.numerics.design_tuning import Setting
from anchoreval.numerics.folds import group_folds
from anchoreval.numerics.item_covariance import LARGEST_VARIANCE


@dataclass(frozen=True, eq=False)
class JointMoments:
    """Empirical means and covariances over models.

    Attributes:
        answer_mean: (k,).
        rest_mean: (outputs,).
        among: (k, k) covariance of the answers.
        across: (k, outputs) covariance of answers and rests.
        rest_variance: (outputs,).
    """

    answer_mean: Float64Array
    rest_mean: Float64Array
    among: Float64Array
    across: Float64Array
    rest_variance: Float64Array

    @classmethod
    def of(cls, answers: Float64Array, rests: Float64Array) -> Self:
        """Of (models, k) answers and (models, outputs) rests, at least one model."""
        answer_mean, rest_mean = answers.mean(axis=0), rests.mean(axis=0)
        centred, aims = answers - answer_mean, rests - rest_mean
        size = len(answers)
        return cls(answer_mean, rest_mean, centred.T @ centred / size, centred.T @ aims / size, (aims**2).mean(axis=0))

    def shrunk(self, setting: Setting) -> tuple[Float64Array, Float64Array]:
        """S (k, k) and b (k, outputs) of the module's text; S is positive definite where noise is positive."""
        variance, k = np.diag(self.among), len(self.among)
        unit = float(variance.mean()) or LARGEST_VARIANCE
        pairs = (self.among.sum() - variance.sum()) / max(k * (k - 1), 1)
        together = float(np.clip(pairs, 0.0, unit))
        data, kept = 1 - setting.pooling, 1 - setting.shrinkage
        own = data * setting.shrinkage * variance + setting.pooling * (unit - together) + setting.noise * unit
        among = data * kept * self.among + setting.pooling * together + np.diag(own)
        return among, data * kept * self.across + setting.pooling * self.across.mean(axis=0)

    def slopes(self, setting: Setting) -> Float64Array:
        """(k, outputs) what an answer above its mean adds to each rest."""
        return np.asarray(np.linalg.solve(*self.shrunk(setting)), dtype=np.float64)

    def open_variance(self, setting: Setting) -> Float64Array:
        """(outputs,) posterior variance of each rest, at least 0: the model's belief, the same for every model."""
        among, across = self.shrunk(setting)
        explained = (across * np.linalg.solve(among, across)).sum(axis=0)
        return np.asarray(np.maximum(self.rest_variance - explained, 0.0), dtype=np.float64)

    def predicted(self, answers: Float64Array, slopes: Float64Array) -> Float64Array:
        """(models, outputs) posterior means."""
        return np.asarray(self.rest_mean + (answers - self.answer_mean) @ slopes, dtype=np.float64)


def left_out_errors(
    answers: Float64Array,
    rests: Float64Array,
    groups: IntArray,
    settings: Sequence[Setting],
    folds: int,
    rng: np.random.Generator,
) -> Float64Array:
    """(settings, outputs) mean squared error on models left out, each group counting once.

    Args:
        answers: (models, k).
        rests: (models, outputs).
        groups: (models,) labels, at least two different ones; models with the same label leave together.
        settings: to be compared.
        folds: number of folds.
        rng: deals out the folds.
    """
    squares = np.zeros((len(settings), *rests.shape))
    for held_out in group_folds(groups, folds, rng):
        moments = JointMoments.of(answers[~held_out], rests[~held_out])
        for row, setting in enumerate(settings):
            predicted = moments.predicted(answers[held_out], moments.slopes(setting))
            squares[row, held_out] = (predicted - rests[held_out]) ** 2
    return np.asarray(np.einsum("smo,m->so", squares, group_weights(groups)), dtype=np.float64)
