"""The mean of several regressors on signatures: errors that they do not share average out.

Ridge, kernel ridge and forest err in different ways (linear, smooth, in steps), so their mean is seldom worse than the
best of them, and which one that is need not be known. Costs the sum of their costs; with thousands of sources kernel
ridge takes most of it and is better left out of the members.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.estimators.flat_state import State, part_of, prefixed
from anchoreval.estimators.regressors import Lesson, Regressor


@dataclass
class Average:
    """Mean of the `members`, regressors by name; their states nest under these names."""

    members: Mapping[str, Regressor]

    def learn(self, lesson: Lesson, rng: np.random.Generator) -> Self:
        """Let every member learn by itself."""
        self.members = {name: member.learn(lesson, rng) for name, member in self.members.items()}
        return self

    def predict(self, coordinates: Float64Array, columns: Float64Array) -> Float64Array:
        """Mean of their corrections."""
        corrections = [member.predict(coordinates, columns) for member in self.members.values()]
        return np.asarray(np.mean(corrections, axis=0), dtype=np.float64)

    def state(self) -> State:
        """The members' states."""
        return prefixed(**{name: member.state() for name, member in self.members.items()})

    def from_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """Restore every member."""
        self.members = {name: member.from_state(part_of(state, name)) for name, member in self.members.items()}
        return self
