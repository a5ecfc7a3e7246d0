"""One output's additive model, as rich as the number of independent sources allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.estimators.flat_state import State, part_of, prefixed
from anchoreval.numerics.gam import Gam, fit_gam

FEWEST_FOR_SLOPE = 5
"""Groups of sources; with fewer the anchor mean counts with slope 1, plus a constant."""
FEWEST_FOR_CURVES = 25
"""With fewer groups there is one straight line, in the first feature."""
GROUPS_A_FEATURE = 8
"""Features are used in the order given, one for this many groups."""
GROUPS_A_SPLINE = 5
STRAIGHT = 1e8
"""A penalty that leaves nothing but a straight line."""


@dataclass(frozen=True, eq=False)
class Curves:
    """A fitted additive model of an output.

    Attributes:
        columns: numbers of the features that it uses.
        slope: of the first feature of all, the anchor mean, added to the model: 0 or 1.
        model: of these features.
    """

    columns: tuple[int, ...]
    slope: float
    model: Gam

    @classmethod
    def learn(
        cls, features: Float64Array, columns: Sequence[int], target: Float64Array, n_groups: int, splines: int
    ) -> Self:
        """Fit to sources.

        Args:
            features: (models, features), the anchor mean first.
            columns: numbers of the features that may be used, the most useful first.
            target: (models,).
            n_groups: number of independent groups of models.
            splines: most basis functions a feature.
        """
        if n_groups < FEWEST_FOR_SLOPE:
            return cls((), 1.0, fit_gam(np.zeros((len(target), 0)), target - features[:, 0]))
        used = tuple(columns[: max(1, n_groups // GROUPS_A_FEATURE)])
        if n_groups < FEWEST_FOR_CURVES:
            return cls(used[:1], 0.0, fit_gam(features[:, list(used[:1])], target, splines=4, penalty=STRAIGHT))
        splines = int(np.clip(n_groups // GROUPS_A_SPLINE, 4, splines))
        return cls(used, 0.0, fit_gam(features[:, list(used)], target, splines=splines))

    def at(self, features: Float64Array) -> Float64Array:
        """(models,) predictions from all features."""
        return self.slope * features[:, 0] + self.model.predict(features[:, list(self.columns)])

    def state(self) -> State:
        """Plain arrays from which `from_state` restores the model."""
        own = {"columns": np.array(self.columns, dtype=np.int64), "slope": np.array([self.slope])}
        return {**own, **prefixed(model=self.model.state())}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """The model that `state` describes."""
        columns = tuple(int(column) for column in state["columns"])
        return cls(columns, float(state["slope"][0]), Gam.from_state(part_of(state, "model")))
