"""Readings that take whatever items a target answered, each target its own: for comparing tests that differ in items.

p-IRT reads any answers once all items count as anchors: what a target left open is expected of its ability. The linear
reading is the posterior mean of the full score when item scores are Gaussian over models, with the sources' mean and
shrunk covariance: the best linear regression on just these items. It needs no curves; both need the whole benchmark.
The correlated reading joins them: curves in several abilities, and a covariance of what these leave over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.contract import fit
from anchoreval.estimators.pirt import PIRT
from anchoreval.methods import Selection
from anchoreval.numerics.correlated_curves import CorrelatedCurves, suited_to
from anchoreval.numerics.item_covariance import ItemCovariance, ItemMoments
from anchoreval.responses import SCORE, ResponseMatrix
from anchoreval.tables import base_model_codes

SHRINKAGE, NOISE = 0.3, 0.03
"""As the selector `optimal` has them where it cannot tune; errors depend little on either."""


class Reading(Protocol):
    """Full scores from answers to any items."""

    def scores(self, answers: ResponseMatrix) -> Float64Array:
        """(targets,) estimates in [0, 1] from (targets, items) answers, NaN where not asked."""
        ...


@dataclass(frozen=True, eq=False)
class ResponseReading:
    """p-IRT with all items as anchors."""

    response: PIRT

    @classmethod
    def fitted(cls, sources: ResponseMatrix, dimensions: int = 1) -> Self:
        """Fit the curves to the sources."""
        made: Any = fit(PIRT(dimensions=dimensions), sources, Selection(sources.items.index))
        return cls(made)

    def scores(self, answers: ResponseMatrix) -> Float64Array:
        """The expected full scores."""
        return self.response.predict(answers)[SCORE].to_numpy(dtype=np.float64)

    def abilities(self, answers: ResponseMatrix) -> Float64Array:
        """(targets,) first ability."""
        return self.response.abilities(answers)[0].to_numpy(dtype=np.float64)


@dataclass(frozen=True, eq=False)
class LinearReading:
    """Posterior mean of the full score.

    Attributes:
        mean: (items,) of the sources.
        covariance: of the items over models.
        weights: (items,) of the score.
    """

    mean: Float64Array
    covariance: ItemCovariance
    weights: Float64Array

    @classmethod
    def fitted(cls, sources: ResponseMatrix) -> Self:
        """Moments of the sources, gaps filled in."""
        scores = sources.completed().scores.astype(np.float64)
        return cls(scores.mean(axis=0), ItemMoments.of(scores).shrunk(SHRINKAGE, NOISE), sources.weights)

    def scores(self, answers: ResponseMatrix) -> Float64Array:
        """The posterior means, clipped to [0, 1]; the sources' mean for a target without answers."""
        return np.array([self._score(row.astype(np.float64)) for row in answers.scores])

    def _score(self, answers: Float64Array) -> float:
        asked = np.flatnonzero(~np.isnan(answers))
        away = answers[asked] - self.mean[asked]
        expected = self.mean @ self.weights + away @ self.covariance.reconstruction(self.weights, asked)
        return float(np.clip(expected, 0.0, 1.0))


@dataclass(frozen=True, eq=False)
class CorrelatedReading:
    """Curves in several abilities, and what they leave over (`anchoreval.numerics.correlated_curves`).

    Attributes:
        model: curves and remainders of all items.
        weights: (items,) of the score.
    """

    model: CorrelatedCurves
    weights: Float64Array

    @classmethod
    def fitted(cls, sources: ResponseMatrix) -> Self:
        """With as many abilities, and as much shrinkage, as the policy `optimal` takes for so many sources."""
        groups = len(np.unique(base_model_codes(sources.models)))
        scores = sources.completed().scores
        return cls(CorrelatedCurves.fit(scores, *suited_to(groups)), sources.weights)

    def scores(self, answers: ResponseMatrix) -> Float64Array:
        """The posterior means of the full scores."""
        rows = answers.scores.astype(np.float64)
        return np.array([self._score(np.flatnonzero(~np.isnan(row)), row) for row in rows])

    def _score(self, asked: IntArray, row: Float64Array) -> float:
        return float(self.model.predicted(asked, row[asked]) @ self.weights)


def open_readings(sources: ResponseMatrix) -> Mapping[str, Reading]:
    """The readings that adaptive tests are compared under: p-IRT in one and in two abilities, linear, and both."""
    return {
        "pirt": ResponseReading.fitted(sources),
        "pirt (2 abilities)": ResponseReading.fitted(sources, dimensions=2),
        "linear": LinearReading.fitted(sources),
        "correlated": CorrelatedReading.fitted(sources),
    }
