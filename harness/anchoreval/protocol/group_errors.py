"""Absolute errors of one method by group of target models and repeat, as the bootstrap draws them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array, IntArray
from anchoreval.protocol.comparison import Comparison


class Combination(NamedTuple):
    """A method in a cell: the rows of a comparison that differ in nothing but the repeat."""

    benchmark: str
    split: str
    selector: str
    estimator: str
    k: int


Coverage: TypeAlias = tuple[tuple[int, bytes], ...]
"""Repeats, each with the (targets,) mask of those that have an error."""


@dataclass(frozen=True)
class GroupErrors:
    """Errors of all methods of a comparison, read once."""

    comparison: Comparison

    @cached_property
    def rows(self) -> dict[Combination, dict[int, int]]:
        """By method in a cell and repeat, the row of the table; rows without errors are left out."""
        table = self.comparison.table
        names = zip(*(table[name].tolist() for name in (*Combination._fields, "repeat")), strict=True)
        found: dict[Combination, dict[int, int]] = {}
        for row, (*name, repeat) in enumerate(names):
            if self.comparison.errors[row] is not None:
                found.setdefault(Combination(*name), {})[int(repeat)] = row
        return found

    @cached_property
    def groups(self) -> dict[str, dict[str, int]]:
        """By benchmark, a number for every group that is ever a target, in alphabetical order."""
        found: dict[str, set[str]] = {}
        for (benchmark, _, _), trial in self.comparison.targets.items():
            found.setdefault(benchmark, set()).update(trial.groups)
        return {name: {group: n for n, group in enumerate(sorted(groups))} for name, groups in found.items()}

    def shared(self, a: Combination, b: Combination) -> Coverage:
        """Repeats and targets for which both methods have an error."""
        one, other = self.rows.get(a, {}), self.rows.get(b, {})
        masks = {repeat: self._known(one[repeat]) & self._known(other[repeat]) for repeat in one if repeat in other}
        return tuple((repeat, mask.tobytes()) for repeat, mask in sorted(masks.items()) if mask.any())

    def sums(self, name: Combination, within: Coverage) -> Float64Array:
        """(groups, repeats) absolute errors in points: of each group's targets, over the number of targets.

        Columns sum to the mean absolute errors of the repeats.
        """
        return np.stack([self._column(name, repeat, np.frombuffer(mask, np.bool_)) for repeat, mask in within], axis=1)

    def _column(self, name: Combination, repeat: int, mask: BoolArray) -> Float64Array:
        errors = np.abs(self.comparison.errors_of(self.rows[name][repeat]))[mask]
        place = self._places(name.benchmark, name.split, repeat)[mask]
        return np.bincount(place, errors, len(self.groups[name.benchmark])) / len(errors)

    def _known(self, row: int) -> BoolArray:
        return ~np.isnan(self.comparison.errors_of(row))

    def _places(self, benchmark: str, split: str, repeat: int) -> IntArray:
        """(targets,) number of each target's group."""
        numbers = self.groups[benchmark]
        return np.array([numbers[group] for group in self.comparison.targets[benchmark, split, repeat].groups])
