"""Random sampling stratified by difficulty: a random sample inside each band of equally hard items.

Items are put in order of their proportion correct among the source models and cut into strata of equal size. Pays off
where a new model finds easy what the source models found easy: its scores then differ between strata more than inside
them, and the error is smaller than that of a simple random sample. Where that order tells nothing of a new model,
little is lost. The strata are fixed by the source models alone, so the inclusion probabilities reported, which are
those of the design given the strata, are exact, and the weighted mean stays a design-based estimate. Needs one
source model, better many; costs a sort of the items.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.errors import MethodOptionError
from anchoreval.methods import Selection
from anchoreval.numerics.item_pooling import equal_strata
from anchoreval.numerics.item_statistics import difficulty
from anchoreval.numerics.sampling import draw_stratified
from anchoreval.responses import ResponseMatrix

DRAWS_A_STRATUM = 5
"""Anchors a stratum by default: enough for the spread inside a stratum to be estimated from the sample."""
MOST_STRATA = 50
"""By default no more strata than this: past it, strata are narrower than the difficulties are known."""
DIGITS = 9
"""Difficulties closer than this are equal: sums over models in another order differ by less."""


@dataclass
class StratifiedDifficulty:
    """Simple random samples inside bands of difficulty, weighted by benchmark weight over inclusion probability.

    A stratum's part of k is proportional to its weight in the benchmark, at least one item each where k allows.

    Attributes:
        strata: number of strata, at most one an item; they hold equally many items (to one), and items equally hard
            stand in the order of their ids. None: k / 5, but no more than 50 and no more than there are different
            difficulties.
    """

    strata: int | None = None
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset({"complete"})
    reconstruction: ClassVar[Mapping[str, Any]] = {"name": "mean"}

    def __post_init__(self) -> None:
        if self.strata is not None and (
            isinstance(self.strata, bool) or not isinstance(self.strata, int) or self.strata < 1
        ):
            raise MethodOptionError(f"strata = {self.strata!r} is not a whole number of at least 1")

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        """Draw k items."""
        levels = np.round(difficulty(sources.scores), DIGITS)
        stratum = equal_strata(levels, self._count(k, levels))  # items come sorted by id, which breaks ties
        shares = np.bincount(stratum, weights=sources.weights).astype(np.float64)
        draw = draw_stratified(k, stratum, shares, sources.weights, rng)
        return Selection(
            items=sources.items.index[draw.drawn],
            weights=draw.weights,
            inclusion=draw.inclusion,
            details={"strata": _summary(levels, stratum, draw.expected, draw.drawn)},
        )

    def _count(self, k: int, levels: Float64Array) -> int:
        """Number of strata."""
        if self.strata is not None:
            return min(self.strata, len(levels))
        return max(1, min(k // DRAWS_A_STRATUM, MOST_STRATA, len(np.unique(levels))))


def _summary(
    levels: Float64Array, stratum: IntArray, expected: Float64Array, drawn: IntArray
) -> list[dict[str, float]]:
    """For each stratum its range of proportions correct, its size, and how many were expected and drawn."""
    order = np.argsort(levels, kind="stable")  # strata follow each other in it
    sizes = np.bincount(stratum)
    ends = np.cumsum(sizes)
    columns = {
        "lowest": levels[order[ends - sizes]].tolist(),
        "highest": levels[order[ends - 1]].tolist(),
        "items": sizes.tolist(),
        "expected": expected.tolist(),
        "drawn": np.bincount(stratum[drawn], minlength=len(sizes)).tolist(),
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
