"""The pattern of answers among the models that selected the anchors, and how far a signature is from it.

Every anchor has a two-parameter logistic curve; a model's ability is the mode of its posterior. What is left of the
answers, e = y - P(ability), is noise and whatever a single ability does not explain, such as subjects. The misfit of a
signature is the Mahalanobis length of e under the shrunk covariance of what is left among the selecting models, per
answered anchor (ours). With 20 targets of arc and musr it found planted oddities as often as the standardised
likelihood l_z*, outfit and infit or more often, and graded scores need no theory of their own: nothing is assumed of
its law, which is that of calibration models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from anchoreval.arrays import Float64Array, FloatArray
from anchoreval.numerics.irt import ItemParameters, expected_scores, fit_irt, map_abilities

SHRINKAGE = 0.5
"""Of correlations among what is left; fewer models than anchors do not determine them."""
LEAST_VARIANCE = 0.01
"""Of an anchor's answers around its curve: where all sources agreed, one surprise must not decide."""


@dataclass(frozen=True, eq=False)
class Pattern:
    """What was learnt of the anchors.

    Attributes:
        curves: of the anchors.
        covariance: (anchors, anchors) of what is left, shrunk.
    """

    curves: ItemParameters
    covariance: Float64Array

    @classmethod
    def learn(cls, scores: FloatArray) -> Self:
        """From (models, anchors) scores in [0, 1], NaN where not answered."""
        curves = fit_irt(scores, "2pl", standard_errors=False).parameters
        answered = np.maximum((~np.isnan(scores)).sum(axis=0), 1)
        left = np.nan_to_num(_left(scores, curves)) / np.sqrt(answered)
        covariance = left.T @ left
        shrunk = (1.0 - SHRINKAGE) * covariance
        np.fill_diagonal(shrunk, np.maximum(np.diag(covariance), LEAST_VARIANCE))
        return cls(curves, shrunk)

    def abilities(self, scores: FloatArray) -> Float64Array:
        """(models,) ability of each model; 0, the sources' mean, without an answer."""
        return map_abilities(scores, self.curves).ability

    def left(self, scores: FloatArray) -> Float64Array:
        """(models, anchors) answer less what its curve expects; NaN where not answered."""
        return _left(scores, self.curves)

    def misfit(self, left: Float64Array) -> Float64Array:
        """(models,) squared length of what is left, per answered anchor: about 1 for a source; NaN without answers."""
        complete = ~np.isnan(left).any(axis=1)
        found = np.full(len(left), np.nan)
        if complete.any():
            found[complete] = _length(left[complete], self.covariance)
        for row in np.flatnonzero(~complete & ~np.isnan(left).all(axis=1)):  # gaps differ from model to model
            there = ~np.isnan(left[row])
            found[row] = _length(left[row, there][None], self.covariance[np.ix_(there, there)])[0]
        return found


def _left(scores: FloatArray, curves: ItemParameters) -> Float64Array:
    ability = map_abilities(scores, curves).ability
    return np.asarray(scores, dtype=np.float64) - expected_scores(curves, ability)


def _length(left: Float64Array, covariance: Float64Array) -> Float64Array:
    white = np.linalg.solve(covariance, left.T)
    return np.asarray(np.einsum("mi,im->m", left, white) / left.shape[1], dtype=np.float64)
