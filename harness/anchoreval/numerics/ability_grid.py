"""Ability from a few answers, many times over: the posterior mode on a fine grid, for tests that go item by item.

The logarithms of every item's curve are tabulated once; an update is then a sum of a few rows. `map_abilities` finds
modes to the last digit and beyond any grid, for whole tables of answers at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.numerics.irt import ItemParameters, item_information
from anchoreval.numerics.irt.parameters import log_curves

LIMIT, STEP = 4.0, 0.05
"""The grid runs from -4 to 4, as adaptive tests of language models bound abilities (arXiv 2509.11106)."""


@dataclass(frozen=True, eq=False)
class AbilityGrid:
    """Items' curves over a grid of abilities, whose prior is N(0, 1).

    Attributes:
        parameters: of the items.
        nodes: (nodes,) abilities from -4 to 4.
        log_odds: (items, nodes) of success.
        log_wrong: (items, nodes) log probability of failure.
    """

    parameters: ItemParameters
    nodes: Float64Array
    log_odds: Float64Array
    log_wrong: Float64Array

    @classmethod
    def of(cls, parameters: ItemParameters) -> Self:
        """Tabulate the curves."""
        nodes = np.linspace(-LIMIT, LIMIT, round(2 * LIMIT / STEP) + 1)
        return cls(parameters, nodes, *log_curves(parameters, nodes))

    def mode(self, items: IntArray, scores: Float64Array) -> float:
        """Posterior mode in [-4, 4], within about a thousandth; 0 without answers.

        Args:
            items: positions of the items answered.
            scores: their scores in [0, 1].
        """
        height = scores @ self.log_odds[items] + self.log_wrong[items].sum(axis=0) - 0.5 * self.nodes**2
        peak = int(np.argmax(height))
        if not 0 < peak < len(height) - 1:
            return float(self.nodes[peak])
        left, middle, right = height[peak - 1 : peak + 2]  # the top of the parabola through the three highest points
        return float(self.nodes[peak] + STEP * (left - right) / (2 * (left - 2 * middle + right)))

    def information(self, ability: float) -> Float64Array:
        """(items,) Fisher information of each item."""
        return item_information(self.parameters, np.array([ability]))[:, 0]
