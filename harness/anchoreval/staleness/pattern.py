"""The pattern of answers among the models that selected the anchors, and how far a signature is from it.

Every anchor has a two-parameter logistic curve; a model's ability is the mode of its posterior. What is left of the
answers, e = y - P(ability), is noise and whatever a single ability does not explain, such as subjects. The misfit of a
signature is the Mahalanobis length of e / sd(e), sd by the curve and not below a floor, under the shrunk covariance of
the same among the selecting models, per answered anchor (ours). Planted into 20 targets of arc, musr, ifeval and a
simulation, oddities were found about as often as by the standardised likelihood l_z* (Snijders 2001), outfit or infit,
and more often where several abilities matter (musr). Nothing is assumed of its law, which is that of calibration
models, so graded scores need no theory of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from anchoreval.arrays import Float64Array, FloatArray
from anchoreval.numerics.irt import ItemParameters, expected_scores, fit_irt, map_abilities

SHRINKAGE = 0.5
"""Of correlations among what is left; fewer models than anchors do not determine them."""
LEAST_VARIANCE = 0.05
"""Of an answer around its curve, where the curve is nearly sure: one surprise must not decide."""
LEAST_SPREAD = 0.1
"""Variance of standardised answers to an anchor, at least: sources may all have agreed."""


@dataclass(frozen=True, eq=False)
class Pattern:
    """What was learnt of the anchors.

    Attributes:
        curves: of the anchors.
        covariance: (anchors, anchors) of what is left in standard deviations, shrunk.
    """

    curves: ItemParameters
    covariance: Float64Array

    @classmethod
    def learn(cls, scores: FloatArray) -> Self:
        """From (models, anchors) scores in [0, 1], NaN where not answered."""
        curves = fit_irt(scores, "2pl", standard_errors=False).parameters
        answered = np.maximum((~np.isnan(scores)).sum(axis=0), 1)
        left = np.nan_to_num(_standardised(scores, curves)) / np.sqrt(answered)
        covariance = left.T @ left
        shrunk = (1.0 - SHRINKAGE) * covariance
        np.fill_diagonal(shrunk, np.maximum(np.diag(covariance), LEAST_SPREAD))
        return cls(curves, shrunk)

    def abilities(self, scores: FloatArray) -> Float64Array:
        """(models,) ability of each model; 0, the sources' mean, without an answer."""
        return map_abilities(scores, self.curves).ability

    def left(self, scores: FloatArray) -> Float64Array:
        """(models, anchors) answer less what its curve expects; NaN where not answered."""
        return _left(scores, self.curves)

    def misfit(self, scores: FloatArray) -> Float64Array:
        """(models,) squared length of what is left, per answered anchor: about 1 for a source; NaN without answers."""
        left = _standardised(scores, self.curves)
        complete = ~np.isnan(left).any(axis=1)
        found = np.full(len(left), np.nan)
        if complete.any():
            found[complete] = _length(left[complete], self.covariance)
        for row in np.flatnonzero(~complete & ~np.isnan(left).all(axis=1)):  # gaps differ from model to model
            there = ~np.isnan(left[row])
            found[row] = _length(left[row, there][None], self.covariance[np.ix_(there, there)])[0]
        return found


def _left(scores: FloatArray, curves: ItemParameters) -> Float64Array:
    return np.asarray(scores - _expected(scores, curves), dtype=np.float64)


def _standardised(scores: FloatArray, curves: ItemParameters) -> Float64Array:
    """(models, anchors) what is left over its standard deviation by the curve; NaN where not answered."""
    expected = _expected(scores, curves)
    spread = np.sqrt(np.maximum(expected * (1.0 - expected), LEAST_VARIANCE))
    return np.asarray((scores - expected) / spread, dtype=np.float64)


def _expected(scores: FloatArray, curves: ItemParameters) -> Float64Array:
    return expected_scores(curves, map_abilities(scores, curves).ability)


def _length(left: Float64Array, covariance: Float64Array) -> Float64Array:
    white = np.linalg.solve(covariance, left.T)
    return np.asarray(np.einsum("mi,im->m", left, white) / left.shape[1], dtype=np.float64)
