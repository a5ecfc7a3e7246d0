"""The straight line from the anchor mean to the rest, which regressions on signatures start from.

Regressions shrink towards what they have seen, so they pull models that are better than every source back into the
crowd, and trees and neighbours cannot leave the range of the sources at all. Starting them from a line that is not
penalised lets them follow the anchor mean where the sources end. In our trials on arc, musr, ifeval, livebench,
mmlu_options and cosmosqa_options it lowered the error in most cells, of neighbours and forests the most, and with few
sources more than with many; where anchors were chosen for disagreement it now and then raised a forest's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.estimators.flat_state import State

FEWEST = 5
"""With fewer groups of sources a slope is guesswork; it is then taken as 1 (the anchor mean plus a constant)."""


@dataclass(frozen=True, eq=False)
class Line:
    """Intercepts and slopes, (outputs,) each, and whether the slopes were fitted."""

    intercept: Float64Array
    slope: Float64Array
    fitted: bool

    @classmethod
    def through(cls, lead: Float64Array, rests: Float64Array, n_groups: int, *, sloped: bool) -> Self:
        """Least squares of (models, outputs) rests on the (models,) anchor means; flat unless `sloped`."""
        spread = lead - lead.mean()
        variance = float(spread @ spread)
        estimable = sloped and n_groups >= FEWEST and variance > 1e-9
        slope = (
            spread @ (rests - rests.mean(axis=0)) / variance if estimable else np.full(rests.shape[1], float(sloped))
        )
        return cls(rests.mean(axis=0) - slope * lead.mean(), np.asarray(slope, dtype=np.float64), estimable)

    def at(self, lead: Float64Array) -> Float64Array:
        """(models, outputs) values of the line."""
        return np.asarray(self.intercept + lead[:, None] * self.slope, dtype=np.float64)

    def columns(self, lead: Float64Array) -> Float64Array:
        """(models, 1 or 2) what was fitted freely: an intercept, and the anchor mean where its slope was fitted."""
        return np.column_stack([np.ones_like(lead), lead] if self.fitted else [np.ones_like(lead)])

    def state(self) -> State:
        """Plain arrays from which `from_state` restores the line."""
        return {"intercept": self.intercept, "slope": self.slope, "fitted": np.array([self.fitted])}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """The line that `state` describes."""
        return cls(
            np.asarray(state["intercept"], dtype=np.float64),
            np.asarray(state["slope"], dtype=np.float64),
            bool(state["fitted"][0]),
        )
