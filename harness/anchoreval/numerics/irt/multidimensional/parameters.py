"""Parameters of the compensatory multidimensional 2PL, and the scores it expects.

The logit of success is the slopes times the abilities plus an intercept: more of one ability makes up for less of
another. Abilities are N(0, I).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array
from anchoreval.numerics.irt.parameters import STEEPEST


@dataclass(frozen=True)
class MultidimensionalParameters:
    """Parameters of n items in several abilities.

    Attributes:
        slopes: (items, dimensions) of the logit in each ability; of either sign.
        intercept: (items,) logit where all abilities are 0.
    """

    slopes: Float64Array
    intercept: Float64Array

    @property
    def dimensions(self) -> int:
        """Number of abilities."""
        return int(self.slopes.shape[1])

    @property
    def discrimination(self) -> Float64Array:
        """(items,) length of the slopes: how steep an item is in its own direction (Reckase 2009, chapter 5)."""
        return np.asarray(np.linalg.norm(self.slopes, axis=1), dtype=np.float64)

    def __len__(self) -> int:
        return len(self.intercept)

    def take(self, items: slice | BoolArray) -> MultidimensionalParameters:
        """The parameters of some of the items."""
        return MultidimensionalParameters(self.slopes[items], self.intercept[items])


def multidimensional_expected_scores(parameters: MultidimensionalParameters, ability: Float64Array) -> Float64Array:
    """(models, items) expected score of models of given abilities.

    Args:
        parameters: of the items.
        ability: (models, dimensions).
    """
    logit = ability @ parameters.slopes.T + parameters.intercept
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -STEEPEST, STEEPEST))), dtype=np.float64)
