"""What is kept of a comparison: who was held out, what was selected, and how each estimator read it.

A selection and its readings are kept apart, so that another estimator reads anchors that were selected before. A
reading keeps the error on every target in whole hundredths of a percentage point, of which comparisons are made that
are paired over targets (`anchoreval.protocol.resolution`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from anchoreval.arrays import Float64Array
from anchoreval.methods import Selection
from anchoreval.protocol.metrics import METRICS, POINTS

COUNTS = ("n_source", "n_target", "n_anchors")
FIGURES = (*COUNTS, *METRICS)
OK, NOT_APPLICABLE, FAILED = "ok", "not applicable", "failed"
STEPS = 100.0
"""Steps of a kept error in a percentage point."""
SILENT = np.iinfo(np.int16).min
"""Stands for the error on a target that answered no anchor."""

Int16Array: TypeAlias = npt.NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class TrialRecord:
    """One division of the models.

    Attributes:
        key: digest of what decided it.
        models: (targets,) their ids.
        groups: (targets,) label of each one's group of variants.
    """

    key: str
    models: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class SelectionRecord:
    """What a selector gave, or why it gave nothing.

    Attributes:
        key: digest of what decided it.
        status: `ok`, `not applicable` or `failed`.
        reason: of the last two, in one line.
        seconds: that the selector took.
        selection: where the status is `ok`; its details are plain data.
    """

    key: str
    status: str = OK
    reason: str = ""
    seconds: float = float("nan")
    selection: Selection | None = None


@dataclass(frozen=True, eq=False)
class ReadingRecord:
    """What an estimator made of a selection, or why it made nothing.

    Attributes:
        key: digest of what decided it.
        selection: key of the selection.
        status: `ok`, `not applicable` or `failed`.
        reason: why there are no figures, or a remark beside `ok`.
        seconds: of the fit.
        figures: `FIGURES` by name.
        errors: (targets,) estimate minus truth (see `packed`).
    """

    key: str
    selection: str
    status: str = OK
    reason: str = ""
    seconds: float = float("nan")
    figures: Mapping[str, float] = field(default_factory=dict)
    errors: Int16Array | None = None


Record: TypeAlias = TrialRecord | SelectionRecord | ReadingRecord


@dataclass(frozen=True)
class Refusal:
    """Why there is no result: `not applicable` or `failed`, and the reason in one line."""

    status: str
    reason: str

    def as_record(self) -> dict[str, Any]:
        """The fields that a record of it has."""
        return {"status": self.status, "reason": self.reason}


def packed(errors: Float64Array) -> Int16Array:
    """Errors in score units (estimate minus truth in [-1, 1], NaN: no estimate) as hundredths of a point."""
    steps = np.rint(np.where(np.isnan(errors), 0.0, errors) * POINTS * STEPS)
    return np.where(np.isnan(errors), SILENT, steps).astype(np.int16)


def unpacked(errors: Int16Array) -> Float64Array:
    """Kept errors in percentage points, NaN where there is none."""
    return np.where(errors == SILENT, np.nan, errors / STEPS)
