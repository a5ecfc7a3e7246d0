"""What a comparison found: its table, and beneath each row the error on every target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.protocol.metrics import METRICS
from anchoreval.protocol.records import COUNTS, Int16Array, TrialRecord, unpacked

TRIAL = ("benchmark", "split", "repeat")
KEYS = (*TRIAL, "selector", "estimator", "k")
STATE = ("status", "reason")
SECONDS = ("select_seconds", "fit_seconds")
COLUMNS = (*KEYS, *STATE, *COUNTS, *METRICS, *SECONDS)

TrialName: TypeAlias = tuple[str, str, int]
"""Benchmark, kind of split and number of the repeat."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """The rows of `anchoreval.compare` with the errors on single targets that they sum up.

    Attributes:
        table: as `anchoreval.compare` returns it.
        errors: (rows,) each (targets,) estimate minus truth in hundredths of a point, or None without figures.
        targets: who was held out, by benchmark, split and repeat.
        keys: digests of everything in it, empty where nothing was kept (see `export_cells`).
    """

    table: pd.DataFrame
    errors: tuple[Int16Array | None, ...]
    targets: Mapping[TrialName, TrialRecord]
    keys: frozenset[str] = frozenset()

    def errors_of(self, row: int) -> Float64Array:
        """(targets,) errors behind a row in percentage points; NaN where a target answered no anchor.

        Raises:
            KeyError: the row has no figures.
        """
        if (kept := self.errors[row]) is None:
            raise KeyError(f"row {row} has no errors: {self.table['reason'].iloc[row]}")
        return unpacked(kept)

    def where(self, rows: Any) -> Comparison:
        """The same for some rows: a mask over the table, as in `found.where(found.table["repeat"] % 2 == 0)`."""
        mask = np.asarray(rows, dtype=np.bool_)
        errors = tuple(kept for kept, wanted in zip(self.errors, mask, strict=True) if wanted)
        return Comparison(self.table[mask].reset_index(drop=True), errors, self.targets, self.keys)

    @classmethod
    def joined(cls, parts: Sequence[Comparison]) -> Comparison:
        """Several comparisons as one; those of one benchmark, split and repeat must hold out the same targets."""
        table = pd.concat([part.table for part in parts], ignore_index=True)
        targets = {name: trial for part in parts for name, trial in part.targets.items()}
        keys = frozenset(key for part in parts for key in part.keys)
        return cls(table, tuple(kept for part in parts for kept in part.errors), targets, keys)
