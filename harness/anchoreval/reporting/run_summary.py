"""What `job=run` found, as plain data, and the warnings that follow from what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

import numpy as np
import pandas as pd

ESTIMATE_COLUMNS = ("anchors", "score", "lower", "upper", "standard_error", "extrapolating", "truth")
"""Columns of `RunSummary.estimates`, in order; scores of the subjects follow."""


@dataclass(frozen=True)
class Choice:
    """What a method like `auto` settled on, and what it tried before.

    Attributes:
        kind: `selector` or `estimator`.
        chosen: label of what was taken; empty where the method had no choice.
        errors: mean absolute error by label, in [0, 1], measured inside the models that chose; empty if untried.
        notes: what the method says about its choice, a sentence each.
    """

    kind: str
    chosen: str = ""
    errors: Mapping[str, float] = field(default_factory=dict)
    notes: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class RunSummary:
    """What was asked, how it was done, and what came out.

    Attributes:
        benchmark: the benchmark's name; `items` its number of items, `aggregation` how they add up.
        k: the budget, counted in `unit`s; `anchors` is the number of items that it came to.
        selector: name of the selector, with `selector_options`; likewise the estimator.
        choices: what methods like `auto` chose for themselves.
        reused: whether a saved anchor set was used again instead of selecting.
        scoring: where the targets' answers come from, in words.
        drawn_alike: whether the targets were drawn at random from the same models as those that size the errors; None
            if that cannot be said.
        roles: number of models by role.
        crossed: whether no model was set aside to size the errors, and choice and fit were repeated in folds for it.
        calibration_groups: models that size the errors, variants of one model counted once.
        obstacle: why choice and fit could not be repeated where they should have been; else empty.
        level: of the intervals; `attainable_level` is the highest that the calibration groups allow.
        intervals: the rule that was asked for; `rule` is the one that was used.
        expected_error: mean absolute error on the models that size the errors, in [0, 1]; None if unknown.
        baseline_error: theirs if the mean score of the models that chose were the estimate for everybody.
        slope: of truth on estimate over the same models; `shrinkage_slope` of estimate on truth; None if unknown.
        duplicates: what is known of copies among the benchmark's models, in a sentence or two.
        left_out: models of the benchmark that had no part, by reason.
        told_apart: what differences the anchors can find, in a sentence; empty where that is not known.
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
    choices: Sequence[Choice]
    seed: int
    reused: bool
    scoring: str
    drawn_alike: bool | None
    roles: Mapping[str, int]
    crossed: bool
    calibration_groups: int
    obstacle: str
    level: float
    attainable_level: float
    intervals: str
    rule: str
    expected_error: float | None
    baseline_error: float | None
    slope: float | None
    shrinkage_slope: float | None
    duplicates: str
    left_out: Mapping[str, int]
    estimates: pd.DataFrame
    told_apart: str = ""

    @property
    def drawable(self) -> pd.DataFrame:
        """The estimates, without intervals where those reach from 0 to 1 and say nothing."""
        ends = self.estimates[["lower", "upper"]]
        return self.estimates.assign(**ends.mask(self.unbounded, axis=0))

    @property
    def unbounded(self) -> pd.Series[bool]:
        """By target, whether its interval is all of [0, 1]: too few models size the errors of such a target."""
        return (self.estimates["lower"] <= 0.0) & (self.estimates["upper"] >= 1.0)

    @property
    def judges(self) -> str:
        """The models that size the errors, in words."""
        return "source models" if self.crossed else "calibration models"

    def chosen(self, kind: str) -> str:
        """What the selector or estimator chose for itself; empty where it had no choice."""
        return next((choice.chosen for choice in self.choices if choice.kind == kind), "")

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
        plain["choices"] = [{**asdict(choice), "notes": list(choice.notes)} for choice in self.choices]
        return {**plain, "mean_error": self.mean_error, "estimates": rows, "warnings": warnings(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The summary that `to_dict` wrote."""
        rows = pd.DataFrame(data["estimates"]).set_index("model")
        numeric = [c for c in rows.columns if c not in ("extrapolating", "anchors")]
        rows[numeric] = rows[numeric].astype(np.float64)
        kept = {f.name: data[f.name] for f in fields(cls) if f.name not in ("estimates", "choices")}
        return cls(**kept, choices=[Choice(**choice) for choice in data["choices"]], estimates=rows)


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
        _silent(summary),
    ]
    return [text for text in found if text]


def _calibration(summary: RunSummary) -> str:
    if not summary.calibration_groups and summary.crossed:
        reason = summary.obstacle or "a saved anchor set alone cannot tell the errors of another estimator"
        return f"Intervals are not given: no model was set aside to size the errors, and {reason}."
    if not summary.calibration_groups:
        return "There are no calibration models, so nothing is known about the errors: intervals are not given."
    if summary.attainable_level < summary.level:
        return (
            f"Only {summary.calibration_groups} independent {summary.judges}: the highest attainable level is "
            f"{summary.attainable_level:.1%}, so intervals at {summary.level:.0%} say nothing (0 to 100)."
        )
    return ""


def _drawn(summary: RunSummary) -> str:
    if summary.drawn_alike is not False or not summary.calibration_groups:
        return ""
    return (
        f"The targets differ from the {summary.judges} on purpose ({summary.scoring}): neither the expected error "
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


def _silent(summary: RunSummary) -> str:
    count = int(summary.unbounded.sum())
    if not count or summary.attainable_level < summary.level:
        return ""
    return (
        f"{count} of {len(summary.estimates)} intervals say nothing (0 to 100): too few {summary.judges} resemble "
        "those targets."
    )


def _json_cell(value: Any) -> Any:
    if isinstance(value, np.bool_ | bool):
        return bool(value)
    if isinstance(value, np.integer | int):
        return int(value)
    if isinstance(value, np.floating | float):
        return float(value) if np.isfinite(value) else None
    return str(value)
