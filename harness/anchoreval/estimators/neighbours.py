"""Nearest neighbours: a model's rest deviates from the line as it does for the sources that answered most like it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.estimators.flat_state import State
from anchoreval.estimators.regressors import Lesson

COUNTS = (1, 2, 4, 8, 16, 32)
"""Numbers of neighbours tried where none is given."""


@dataclass
class Neighbours:
    """Mean over the `neighbours` nearest sources (Euclidean); None: as many as do best when kin are left out.

    Ties go to the source whose id comes first. DISCO's metamodel (arXiv 2510.07959) is the case of one neighbour.
    """

    neighbours: int | None = None
    coordinates_: Float64Array = field(init=False, repr=False)
    leftovers_: Float64Array = field(init=False, repr=False)
    count_: int = field(init=False, repr=False)

    def learn(self, lesson: Lesson, rng: np.random.Generator) -> Self:
        """Keep the sources; choose the number of neighbours by the error of the first output, the score."""
        self.coordinates_, self.leftovers_ = lesson.coordinates, lesson.leftovers
        wanted = self.neighbours or self._best_count(lesson)
        self.count_ = min(wanted, len(lesson.leftovers))
        return self

    def _best_count(self, lesson: Lesson) -> int:
        distance = squared_distances(lesson.coordinates, lesson.coordinates)
        distance[lesson.groups[:, None] == lesson.groups] = np.inf
        strangers = int(np.isfinite(distance).sum(axis=1).min())
        order = _nearest(distance, min(max(COUNTS), strangers))
        if not strangers:
            return 1
        means = np.cumsum(lesson.leftovers[:, 0][order], axis=1) / np.arange(1, order.shape[1] + 1)
        tried = [count for count in COUNTS if count <= order.shape[1]]
        errors = [float(((means[:, count - 1] - lesson.leftovers[:, 0]) ** 2).mean()) for count in tried]
        return tried[int(np.argmin(errors))]

    def predict(self, coordinates: Float64Array, columns: Float64Array) -> Float64Array:
        """Mean of the neighbours' deviations."""
        order = _nearest(squared_distances(coordinates, self.coordinates_), self.count_)
        return np.asarray(self.leftovers_[order].mean(axis=1), dtype=np.float64)

    def state(self) -> State:
        """The sources and the number of neighbours."""
        return {
            "coordinates": self.coordinates_,
            "leftovers": self.leftovers_,
            "count": np.array([self.count_], dtype=np.int64),
        }

    def from_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """Restore the sources."""
        self.coordinates_ = np.asarray(state["coordinates"], dtype=np.float64)
        self.leftovers_ = np.asarray(state["leftovers"], dtype=np.float64)
        self.count_ = int(state["count"][0])
        return self


def squared_distances(left: Float64Array, right: Float64Array) -> Float64Array:
    """(left, right) squared Euclidean distances, rounded to 9 decimals so that equal rows tie exactly."""
    products = left @ right.T
    distance = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1) - 2.0 * products
    return np.asarray(np.round(np.maximum(distance, 0.0), 9), dtype=np.float64)


def _nearest(distance: Float64Array, count: int) -> IntArray:
    return np.asarray(np.argsort(distance, axis=1, kind="stable")[:, :count], dtype=np.int64)
