"""Stratified random sampling: a random sample inside each subject (or any other group of items).

Pays off where a model's scores differ between strata more than inside them; its error is then smaller than that of a
simple random sample (with `equal`, it may be larger). Needs a column of the item table. Shares of k that are not whole
are rounded at random, so that the inclusion probabilities it reports are exactly those of the design, also where k is
smaller than the number of strata (some strata are then not drawn at all).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.errors import MethodOptionError, NotApplicableError
from anchoreval.methods import NEEDS, Selection
from anchoreval.numerics.sampling import draw_stratified
from anchoreval.responses import ResponseMatrix

ALLOCATIONS = ("proportional", "count", "equal")


@dataclass
class Stratified:
    """Simple random samples inside strata, weighted by benchmark weight over inclusion probability.

    Attributes:
        by: column of the item table that names the strata; items without a value there form one of their own.
        allocation: what a stratum's part of k is proportional to: its weight in the benchmark (`proportional`), its
            number of items (`count`), or nothing (`equal`). At least one item each where k allows.
    """

    by: str = "subject"
    allocation: str = "proportional"
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset()  # subjects only where `by` says so: refused below
    reconstruction: ClassVar[Mapping[str, Any]] = {"name": "mean"}

    def __post_init__(self) -> None:
        if self.allocation not in ALLOCATIONS:
            raise MethodOptionError(f"allocation {self.allocation!r} is not one of {', '.join(ALLOCATIONS)}")

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        """Draw k items.

        Raises:
            NotApplicableError: the item table has no column of that name.
        """
        stratum, names = self._strata(sources)
        sizes = np.bincount(stratum)
        draw = draw_stratified(k, stratum, self._shares(sources.weights, stratum, sizes), sources.weights, rng)
        return Selection(
            items=sources.items.index[draw.drawn],
            weights=draw.weights,
            inclusion=draw.inclusion,
            details={"strata": _summary(names, sizes, draw.expected, stratum[draw.drawn])},
        )

    def _strata(self, sources: ResponseMatrix) -> tuple[IntArray, list[str]]:
        """(items,) number of each item's stratum, and the strata's names in alphabetical order."""
        if self.by not in sources.items:
            need = NEEDS["subjects"] if self.by == "subject" else f"item column {self.by!r}"
            raise NotApplicableError(f"selector stratified needs {need}; benchmark {sources.name} has none")
        column = sources.items[self.by]
        labels = column.astype(str).where(column.notna(), "")
        codes, names = pd.factorize(labels, sort=True)
        return codes.astype(np.int64), [str(name) for name in names]

    def _shares(self, weights: Float64Array, stratum: IntArray, sizes: IntArray) -> Float64Array:
        if self.allocation == "proportional":
            return np.bincount(stratum, weights=weights).astype(np.float64)
        return sizes.astype(np.float64) if self.allocation == "count" else np.ones(len(sizes))


def _summary(names: list[str], sizes: IntArray, expected: Float64Array, drawn: IntArray) -> dict[str, dict[str, float]]:
    counts = np.bincount(drawn, minlength=len(names))
    rows = zip(names, sizes.tolist(), expected.tolist(), counts.tolist(), strict=True)
    return {name: {"items": size, "expected": mean, "drawn": count} for name, size, mean, count in rows}
