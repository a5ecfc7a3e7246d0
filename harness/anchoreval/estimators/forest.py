"""A random forest on signatures (scikit-learn): DISCO's headline metamodel, here correcting the line.

Finds interactions that the ridge regressions miss and cannot extrapolate, which the line makes up for. The score has a
forest of its own; subjects share a second one. Needs some 50 sources to be worth its cost: a second at 3,000 sources
and 100 binary anchors, several times that with probabilities. A stored state holds the training data and the seed, and
the forest is grown again from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from anchoreval.arrays import Float32Array, Float64Array
from anchoreval.estimators.flat_state import State
from anchoreval.estimators.regressors import Lesson


@dataclass
class Forest:
    """`trees` trees on bootstrap samples of the sources, a third of the features tried at every split."""

    trees: int = 100
    coordinates_: Float32Array = field(init=False, repr=False)
    leftovers_: Float64Array = field(init=False, repr=False)
    seed_: int = field(init=False, repr=False)
    forests_: list[Any] = field(init=False, repr=False)

    def learn(self, lesson: Lesson, rng: np.random.Generator) -> Self:
        """Grow the forests."""
        # scikit-learn grows trees in single precision; rounding first keeps the stored state small and exact
        self.coordinates_, self.leftovers_ = lesson.coordinates.astype(np.float32), lesson.leftovers
        self.seed_ = int(rng.integers(2**31))
        return self._grown()

    def predict(self, coordinates: Float64Array, columns: Float64Array) -> Float64Array:
        """Mean of the trees."""
        if not coordinates.shape[1]:
            return np.zeros((len(coordinates), self.leftovers_.shape[1]))
        single = coordinates.astype(np.float32)
        columns_of = [forest.predict(single).reshape(len(single), -1) for forest in self.forests_]
        return np.asarray(np.hstack(columns_of), dtype=np.float64)

    def _grown(self) -> Self:
        from sklearn.ensemble import RandomForestRegressor

        self.forests_ = []
        blocks = [self.leftovers_[:, :1], self.leftovers_[:, 1:]]
        for block in blocks if self.coordinates_.shape[1] else []:
            if block.size:
                # one thread: several add up trees in any order, which shows in the last digit of a prediction, and
                # scikit-learn's threads race for the process's warning filters
                forest = RandomForestRegressor(self.trees, max_features=1 / 3, random_state=self.seed_, n_jobs=1)
                self.forests_.append(forest.fit(self.coordinates_, block[:, 0] if block.shape[1] == 1 else block))
        return self

    def state(self) -> State:
        """The training data and the seed."""
        return {
            "coordinates": self.coordinates_,
            "leftovers": self.leftovers_,
            "seed": np.array([self.seed_], dtype=np.int64),
        }

    def from_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """Grow the same forests again."""
        self.coordinates_ = np.asarray(state["coordinates"], dtype=np.float32)
        self.leftovers_ = np.asarray(state["leftovers"], dtype=np.float64)
        self.seed_ = int(state["seed"][0])
        return self._grown()
