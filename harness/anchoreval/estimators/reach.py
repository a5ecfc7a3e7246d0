"""How far the source models reach: beyond them a reconstruction is an extrapolation.

A target is out of reach where the weighted mean of its anchors lies outside the sources' range, or where its signature
is farther from the nearest source than any source is from the nearest one that is not its kin. A target that is
exchangeable with n groups of sources is flagged with a probability of at most about 3 / (n + 1); a flag says that
intervals, which rest on this exchangeability, may be too short.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array
from anchoreval.estimators.answered import Answered
from anchoreval.estimators.neighbours import squared_distances
from anchoreval.methods import Selection
from anchoreval.responses import ResponseMatrix

ROUNDING = 1e-6
"""Scores come in single precision: a mean this little outside of the range is inside."""


@dataclass(frozen=True, eq=False)
class Reach:
    """Where the sources are.

    Attributes:
        answered: the design, for signatures and their weighted mean.
        signatures: (sources, anchors) of the sources.
        lowest: least weighted mean of a source.
        highest: greatest weighted mean of a source.
        radius: greatest squared distance of a source to the nearest one of another group; infinite with one group.
    """

    answered: Answered
    signatures: Float64Array
    lowest: float
    highest: float
    radius: float

    @classmethod
    def of(cls, sources: ResponseMatrix, selection: Selection, groups: Any) -> Self:
        """Reach of source models; `groups` (sources,) says which of them are kin."""
        part = sources.part(selection.items)
        answered = Answered.learn(part, selection)
        signatures = answered.signatures(part)
        there = ~np.isnan(signatures).any(axis=1)
        signatures, labels = signatures[there], np.asarray(groups)[there]
        means = answered.leads(signatures)
        radius = nearest(signatures, signatures, labels, labels).max(initial=0.0)
        return cls(answered, signatures, float(means.min(initial=1.0)), float(means.max(initial=0.0)), float(radius))

    def exceeded_by(self, targets: ResponseMatrix) -> BoolArray:
        """(targets,) True out of reach, and for a target that answered no anchor."""
        signatures = self.answered.signatures(targets)
        means = self.answered.leads(signatures)
        inside = (means >= self.lowest - ROUNDING) & (means <= self.highest + ROUNDING)
        near = nearest(signatures, self.signatures) <= self.radius + ROUNDING
        return np.asarray(~(inside & near), dtype=np.bool_)


def nearest(
    rows: Float64Array, others: Float64Array, labels: Any = None, other_labels: Any = None, block: int = 512
) -> Float64Array:
    """(rows,) squared distance to the nearest of the others, those with the same label left out; infinite if none."""
    found = np.full(len(rows), np.inf)
    for first in range(0, len(rows) if len(others) else 0, block):  # blocks bound the memory with thousands of sources
        here = slice(first, first + block)
        distance = squared_distances(rows[here], others)
        if labels is not None:
            distance[labels[here, None] == other_labels] = np.inf
        found[here] = distance.min(axis=1)
    return found
