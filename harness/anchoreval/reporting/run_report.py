"""The report of `job=run`: a table for the terminal and a Markdown document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anchoreval.reporting.run_summary import ESTIMATE_COLUMNS, RunSummary, warnings
from anchoreval.reporting.tables import interval, markdown_table, points, text_table

SHOWN, LISTED = 40, 500
"""Rows of a table on the terminal and in the document; the files beside it hold them all."""


def terminal_report(summary: RunSummary) -> str:
    """A line about the design, the table of targets, and the warnings; scores in percentage points."""
    parts = [_headline(summary), text_table(_header(summary), _rows(summary, SHOWN)) + _rest(summary, SHOWN)]
    if truth := _against_truth(summary):
        parts.append(truth)
    parts += [f"warning: {text}" for text in warnings(summary)]
    return "\n\n".join(parts)


def markdown_report(summary: RunSummary, figures: Mapping[str, str]) -> str:
    """The report: what is estimated, the design, the table, the errors to expect, warnings, figures.

    Args:
        summary: what was found.
        figures: caption by path relative to the report.
    """
    sections = [
        f"# {summary.benchmark} from {summary.anchors} of {summary.items:,} items",
        f"## What is estimated\n\n{_estimand(summary)}",
        f"## Design\n\n{_design(summary)}",
        "## Estimates\n\nScores and interval ends are in percentage points.\n\n"
        + markdown_table(_header(summary), _rows(summary, LISTED))
        + _rest(summary, LISTED),
        f"## Errors to expect\n\n{_errors(summary)}",
    ]
    if found := warnings(summary):
        sections.append("## Warnings\n\n" + "\n".join(f"- {text}" for text in found))
    if len(subjects := [c for c in summary.estimates.columns if c not in ESTIMATE_COLUMNS]):
        sections.append(_by_subject(summary, subjects))
    sections += [f"![{caption}]({path})\n\n*{caption}*" for path, caption in figures.items()]
    return "\n\n".join(sections) + "\n"


def _headline(summary: RunSummary) -> str:
    error = "unknown" if summary.expected_error is None else f"{points(summary.expected_error)} points"
    return (
        f"{summary.benchmark}: {summary.anchors} of {summary.items:,} items as anchors ({summary.selector}), "
        f"reconstructed by {_estimator(summary)}, expected error {error}"
    )


def _header(summary: RunSummary) -> list[str]:
    heads = ["model", "anchors", "estimate", f"{summary.level:.0%} interval"]
    return heads + (["true score", "error"] if len(summary.judged) else [])


def _rows(summary: RunSummary, most: int) -> list[list[str]]:
    """At most so many targets, the best first."""
    rows = []
    for model, row in summary.estimates.sort_values("score", ascending=False, kind="stable").head(most).iterrows():
        shown = [str(model), str(int(row["anchors"])), points(row["score"]), interval(row["lower"], row["upper"])]
        if len(summary.judged):
            error = row["score"] - row["truth"]
            shown += [points(row["truth"]), "-" if error != error else f"{100 * error:+.1f}"]
        rows.append(shown)
    return rows


def _rest(summary: RunSummary, most: int) -> str:
    hidden = len(summary.estimates) - most
    return f"\n\n... and {hidden} more in estimates.csv" if hidden > 0 else ""


def _against_truth(summary: RunSummary) -> str:
    if summary.mean_error is None:
        return ""
    inside, known = summary.covered()
    held = f"; {inside} of {known} intervals hold the true score" if known else ""
    return f"mean absolute error against the true scores: {points(summary.mean_error)} points{held}"


def _estimand(summary: RunSummary) -> str:
    how = {"micro": "every item counts the same", "macro": "every subject counts the same"}
    return (
        f"For each target model: its score on all {summary.items:,} items of {summary.benchmark} "
        f"({how.get(summary.aggregation, 'items count with weights of their own')}), had it been evaluated in full "
        f"under the conditions in which the anchors were scored. Its answers on the {summary.anchors} anchors are "
        f"{summary.scoring}; the score on the other items is reconstructed."
    )


def _design(summary: RunSummary) -> str:
    budget = f"k = {summary.k} {summary.unit}s" + (f" ({summary.anchors} items)" if summary.unit != "item" else "")
    rows = [
        ["benchmark", f"{summary.benchmark}, N = {summary.items:,} items, {summary.aggregation} aggregation"],
        ["anchors", f"{budget} of N, {summary.anchors / summary.items:.1%}"],
        ["selector", _method(summary.selector, summary.selector_options) + (", a saved set" if summary.reused else "")],
        ["estimator", _method(_estimator(summary), summary.estimator_options)],
        ["seed", str(summary.seed)],
        ["models that chose and fitted", str(summary.roles.get("select", 0))],
        ["models that size the errors", _calibration_count(summary)],
        ["targets", f"{len(summary.estimates)}, {summary.scoring}"],
    ]
    rows += [[f"left out: {reason}", str(count)] for reason, count in summary.left_out.items() if count]
    return markdown_table(["", ""], rows, left=2)


def _calibration_count(summary: RunSummary) -> str:
    count = summary.roles.get("calibrate", 0)
    return f"{count} ({summary.calibration_groups} independent: variants of one model count once)" if count else "0"


def _estimator(summary: RunSummary) -> str:
    return f"{summary.estimator} -> {summary.chosen}" if summary.chosen else summary.estimator


def _method(name: str, options: Mapping[str, Any]) -> str:
    listed = ", ".join(f"{k} = {v}" for k, v in options.items() if v is not None)
    return f"{name} ({listed})" if listed else name


def _errors(summary: RunSummary) -> str:
    if summary.expected_error is None:
        return "Unknown: no calibration model was kept out of the choice of the anchors."
    lines = [
        f"Expected error: **{points(summary.expected_error, 2)} percentage points** (mean absolute error on the "
        f"{summary.calibration_groups} independent calibration models, which neither chose the anchors nor fitted the "
        "estimator).",
        f"Intervals: level {summary.level:.0%}; the highest level that these calibration models allow is "
        f"{summary.attainable_level:.1%}. The level holds on average over targets that are drawn like the calibration "
        "models.",
    ]
    if summary.baseline_error is not None:
        lines.append(
            f"For comparison, giving every model the mean score of the source models errs by "
            f"{points(summary.baseline_error, 2)} points."
        )
    if truth := _against_truth(summary):
        lines.append(f"Here: {truth}.")
    return "\n\n".join(lines)


def _by_subject(summary: RunSummary, subjects: list[str]) -> str:
    ranked = summary.estimates.sort_values("score", ascending=False, kind="stable").head(LISTED)
    rows = [[str(m), *(points(row[s]) for s in subjects)] for m, row in ranked.iterrows()]
    note = "Estimates by subject, in percentage points, without intervals."
    table = markdown_table(["model", *subjects], rows)
    return f"## Subjects\n\n{note}\n\n{table}{_rest(summary, LISTED)}"
