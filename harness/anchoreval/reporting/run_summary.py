"""What `job=run` found, as plain data, and the warnings that follow from what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import pandas as pd

ESTIMATE_COLUMNS = ("anchors", "score", "lower", "upper", "standard_error", "extrapolating", "truth")
"""Columns of `RunSummary.estimates`, in order; scores of the subjects follow."""


@dataclass(frozen=True, eq=False)
class RunSummary:
    """What was asked, how it was done, and what came out.

    Attributes:
        benchmark: the benchmark's name; `items` its number of items, `aggregation` how they add up.
        k: the budget, counted in `unit`s; `anchors` is the number of items that it came to.
        selector: name of the selector, with `selector_options`; likewise the estimator.
        chosen: what an estimator like `auto` chose for itself; empty where it had no choice.
        reused: whether a saved anchor set was used again instead of selecting.
        scoring: where the targets' answers come from, in words.
        drawn_alike: whether the targets were drawn at random from the same models as the calibration models; None if
            that cannot be said.
        roles: number of models by role; `calibration_groups` counts variants of one model once.
        level: of the intervals; `attainable_level` is the highest that the calibration groups allow.
        expected_error: mean absolute error on the calibration models, in [0, 1]; None if unknown.
        baseline_error: theirs if the select models' mean score were the estimate for everybody.
        left_out: models of the benchmark that had no part, by reason.
        estimates: a row a target, see `ESTIMATE_COLUMNS`; scores in [0, 1], `truth` NaN where unknown.
    """

    benchmark: str
    items: int
    aggregation: str
    k: int
    unit: str
    anchors: int
    selector: str
    selector_options: Mapping[str, Any]
    estimator: str
    estimator_options: Mapping[str, Any]
    chosen: str
    seed: int
    reused: bool
    scoring: str
    drawn_alike: bool | None
    roles: Mapping[str, int]
    calibration_groups: int
    level: float
    attainable_level: float
    expected_error: float | None
    baseline_error: float | None
    left_out: Mapping[str, int]
    estimates: pd.DataFrame

    @property
    def drawable(self) -> pd.DataFrame:
        """The estimates, without intervals where those reach from 0 to 1 because the level is not attainable."""
        if self.attainable_level >= self.level:
            return self.estimates
        return self.estimates.assign(lower=np.nan, upper=np.nan)

    @property
    def judged(self) -> pd.DataFrame:
        """The targets whose true score is known and whose estimate is a number."""
        return self.drawable.dropna(subset=["score", "truth"])

    @property
    def mean_error(self) -> float | None:
        """Mean absolute error over the targets whose true score is known, in [0, 1]."""
        known = self.judged
        return float((known["score"] - known["truth"]).abs().mean()) if len(known) else None

    def covered(self) -> tuple[int, int]:
        """How many targets' intervals hold the true score, and of how many that can be said."""
        known = self.judged.dropna(subset=["lower", "upper"])
        inside = (known["lower"] <= known["truth"] + 1e-9) & (known["truth"] <= known["upper"] + 1e-9)
        return int(inside.sum()), len(known)

    def to_dict(self) -> dict[str, Any]:
        """Strict JSON data; NaN becomes None."""
        plain = {k: v for k, v in asdict_shallow(self).items() if k != "estimates"}
        table = self.estimates.reset_index(names="model")
        rows = [{str(k): _json_cell(v) for k, v in row.items()} for row in table.to_dict(orient="records")]
        return {**plain, "mean_error": self.mean_error, "estimates": rows, "warnings": warnings(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The summary that `to_dict` wrote."""
        rows = pd.DataFrame(data["estimates"]).set_index("model")
        numeric = [c for c in rows.columns if c not in ("extrapolating", "anchors")]
        rows[numeric] = rows[numeric].astype(np.float64)
        kept = {f.name: data[f.name] for f in fields(cls) if f.name != "estimates"}
        return cls(**kept, estimates=rows)


def asdict_shallow(summary: RunSummary) -> dict[str, Any]:
    """The fields by name, mappings as plain dicts."""
    values = {f.name: getattr(summary, f.name) for f in fields(summary)}
    return {k: dict(v) if isinstance(v, Mapping) else v for k, v in values.items()}


def warnings(summary: RunSummary) -> list[str]:
    """What a reader must know before using the figures; empty if nothing was found."""
    found = [
        _calibration(summary),
        _drawn(summary),
        _extrapolating(summary),
        _uninformative(summary),
        _unanswered(summary),
    ]
    return [text for text in found if text]


def _calibration(summary: RunSummary) -> str:
    if not summary.roles.get("calibrate"):
        return "There are no calibration models, so nothing is known about the errors: intervals are not given."
    if summary.attainable_level < summary.level:
        return (
            f"Only {summary.calibration_groups} independent calibration models: the highest attainable level is "
            f"{summary.attainable_level:.1%}, so intervals at {summary.level:.0%} say nothing (0 to 100)."
        )
    return ""


def _drawn(summary: RunSummary) -> str:
    if summary.drawn_alike is not False or not summary.roles.get("calibrate"):
        return ""
    return (
        f"The targets differ from the calibration models on purpose ({summary.scoring}): neither the expected error "
        "nor the level of the intervals is meant for such models."
    )


def _extrapolating(summary: RunSummary) -> str:
    names = summary.estimates.index[summary.estimates["extrapolating"].fillna(False).astype(bool)]
    if not len(names):
        return ""
    listed = ", ".join(map(str, names[:5])) + (" ..." if len(names) > 5 else "")
    return (
        f"{len(names)} of {len(summary.estimates)} targets answer unlike any source model ({listed}): their estimates "
        "are extrapolations, and the intervals were not calibrated on such models."
    )


def _uninformative(summary: RunSummary) -> str:
    error, baseline = summary.expected_error, summary.baseline_error
    if error is None or baseline is None or error < baseline:
        return ""
    return (
        f"The expected error ({100 * error:.1f} points) is no smaller than that of giving every model the sources' "
        f"mean score ({100 * baseline:.1f} points): these anchors tell nothing here. Raise k or take another estimator."
    )


def _unanswered(summary: RunSummary) -> str:
    short = summary.estimates.index[summary.estimates["anchors"] < summary.anchors]
    if not len(short):
        return ""
    return f"{len(short)} targets did not answer every anchor ({', '.join(map(str, short[:5]))}); gaps were filled in."


def _json_cell(value: Any) -> Any:
    if isinstance(value, np.bool_ | bool):
        return bool(value)
    if isinstance(value, np.integer | int):
        return int(value)
    if isinstance(value, np.floating | float):
        return float(value) if np.isfinite(value) else None
    return str(value)
