"""What regressors made of trees share: they keep their training data and seed, and grow the same trees again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from anchoreval.arrays import Float32Array, Float64Array
from anchoreval.estimators.flat_state import State
from anchoreval.estimators.regressors import Lesson


@dataclass
class Regrown(ABC):
    """Models of scikit-learn, each for some of the outputs; none where signatures have no coordinate."""

    coordinates_: Float32Array = field(init=False, repr=False)
    leftovers_: Float64Array = field(init=False, repr=False)
    seed_: int = field(init=False, repr=False)
    models_: list[Any] = field(init=False, repr=False)

    @abstractmethod
    def _models(self) -> list[Any]:
        """Fitted to `coordinates_` and `leftovers_`, in the order of the outputs."""

    def learn(self, lesson: Lesson, rng: np.random.Generator) -> Self:
        """Grow the trees."""
        # scikit-learn grows trees in single precision; rounding first keeps the stored state small and exact
        self.coordinates_, self.leftovers_ = lesson.coordinates.astype(np.float32), lesson.leftovers
        self.seed_ = int(rng.integers(2**31))
        return self._grown()

    def predict(self, coordinates: Float64Array, columns: Float64Array) -> Float64Array:
        """What the models say, one beside the other."""
        if not self.models_:
            return np.zeros((len(coordinates), self.leftovers_.shape[1]))
        single = coordinates.astype(np.float32)
        blocks = [model.predict(single).reshape(len(single), -1) for model in self.models_]
        return np.asarray(np.hstack(blocks), dtype=np.float64)

    def _grown(self) -> Self:
        self.models_ = self._models() if self.coordinates_.shape[1] else []
        return self

    def state(self) -> State:
        """The training data and the seed."""
        return {
            "coordinates": self.coordinates_,
            "leftovers": self.leftovers_,
            "seed": np.array([self.seed_], dtype=np.int64),
        }

    def from_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """Grow the same trees again."""
        self.coordinates_ = np.asarray(state["coordinates"], dtype=np.float32)
        self.leftovers_ = np.asarray(state["leftovers"], dtype=np.float64)
        self.seed_ = int(state["seed"][0])
        return self._grown()
