"""What `job=run` found, as plain data, and the warnings that follow from what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Self

import pandas as pd

from anchoreval.reporting.summary import Summary

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
class RunSummary(Summary):
    """What was asked, how it was done, and what came out.

    Attributes:
        k: the budget, counted in `unit`s; `anchors` is the number of items that it came to.
        selector: name of the selector, with `selector_options`; likewise the estimator.
        choices: what methods like `auto` chose for themselves.
        reused: whether a saved anchor set was used again instead of selecting.
        attainable_level: the highest level that the calibration groups allow.
        intervals: the rule that was asked for; `rule` is the one that was used.
        baseline_error: theirs if the mean score of the models that chose were the estimate for everybody.
        slope: of truth on estimate over the same models; `shrinkage_slope` of estimate on truth; None if unknown.
        told_apart: what differences the anchors can find, in a sentence; empty where that is not known.
        estimates: a row a target, see `ESTIMATE_COLUMNS`; scores in [0, 1], `truth` NaN where unknown.
    """

    k: int
    unit: str
    anchors: int
    selector: str
    selector_options: Mapping[str, Any]
    estimator: str
    estimator_options: Mapping[str, Any]
    choices: Sequence[Choice]
    reused: bool
    attainable_level: float
    intervals: str
    rule: str
    baseline_error: float | None
    slope: float | None
    shrinkage_slope: float | None
    told_apart: str = ""

    NOT_SCORES: ClassVar[tuple[str, ...]] = ("extrapolating", "anchors")

    @property
    def drawable(self) -> pd.DataFrame:
        """The estimates, without intervals where those reach from 0 to 1 and say nothing."""
        ends = self.estimates[["lower", "upper"]]
        return self.estimates.assign(**ends.mask(self.unbounded, axis=0))

    @property
    def unbounded(self) -> pd.Series[bool]:
        """By target, whether its interval is all of [0, 1]: too few models size the errors of such a target."""
        return (self.estimates["lower"] <= 0.0) & (self.estimates["upper"] >= 1.0)

    def chosen(self, kind: str) -> str:
        """What the selector or estimator chose for itself; empty where it had no choice."""
        return next((choice.chosen for choice in self.choices if choice.kind == kind), "")

    def to_dict(self) -> dict[str, Any]:
        """Strict JSON data; NaN becomes None."""
        choices = [{**asdict(choice), "notes": list(choice.notes)} for choice in self.choices]
        return {**super().to_dict(), "choices": choices, "warnings": warnings(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The summary that `to_dict` wrote."""
        return super().from_dict({**data, "choices": [Choice(**choice) for choice in data["choices"]]})


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
    return summary.set_apart() if summary.calibration_groups else ""


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
