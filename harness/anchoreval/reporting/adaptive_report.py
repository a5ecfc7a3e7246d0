"""The report of `job=adaptive`: a table for the terminal, a Markdown document, and an HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from anchoreval.reporting.adaptive_summary import SPENT, AdaptiveSummary, warnings
from anchoreval.reporting.page import Page, PageFigure, PageTable
from anchoreval.reporting.tables import interval, markdown_table, paragraphs, points, text_table
from anchoreval.reporting.targets import against_truth, full_score, ranked, rest, truth_cells, truth_heads

SHOWN, LISTED = 40, 500
"""Rows of a table on the terminal and in a document; the files beside it hold them all."""
UNIT = "Scores and interval ends are in percentage points; `items` counts those that were asked."
ERRORS = "Errors to expect"


def terminal_report(summary: AdaptiveSummary) -> str:
    """A line about the design, the table of targets, and the warnings; scores in percentage points."""
    table = text_table(header(summary), rows(summary, SHOWN))
    parts = [headline(summary), table, rest(summary, SHOWN), lengths(summary), against_truth(summary)]
    return paragraphs(*parts, *(f"warning: {text}" for text in warnings(summary)))


def markdown_report(summary: AdaptiveSummary, figures: Mapping[str, str]) -> str:
    """The report: what is estimated, the design, the table, the errors to expect, warnings, figures.

    Args:
        summary: what was found.
        figures: caption by path relative to the report.
    """
    about = markdown_table(["", ""], [list(row) for row in design(summary).items()], left=2)
    table = markdown_table(header(summary), rows(summary, LISTED))
    sections = [
        f"# {title(summary)}",
        paragraphs("## What is estimated", estimand(summary)),
        paragraphs("## Design", about),
        paragraphs("## Estimates", UNIT, table, rest(summary, LISTED)),
        paragraphs(f"## {ERRORS}", *notes(summary)),
    ]
    if found := warnings(summary):
        sections.append("## Warnings\n\n" + "\n".join(f"- {text}" for text in found))
    sections += [f"![{caption}]({path})\n\n*{caption}*" for path, caption in figures.items()]
    return paragraphs(*sections) + "\n"


def page(summary: AdaptiveSummary, folder: Path, figures: Mapping[str, str]) -> Page:
    """The same as a page; figures by path relative to the folder, with their captions."""
    caption = " ".join(filter(None, [UNIT.replace("`", ""), rest(summary, LISTED)]))
    return Page(
        title=title(summary),
        lead=estimand(summary),
        warnings=warnings(summary),
        tables=[PageTable("Estimates", caption, header(summary), rows(summary, LISTED))],
        notes_title=ERRORS,
        notes=notes(summary),
        figures=[PageFigure(folder / path, text) for path, text in figures.items()],
        facts=design(summary),
    )


def title(summary: AdaptiveSummary) -> str:
    """What was estimated from what."""
    return f"{summary.benchmark} from at most {summary.budget} of {summary.items:,} items, each model its own"


def headline(summary: AdaptiveSummary) -> str:
    """A line about the design."""
    error = "unknown" if summary.expected_error is None else f"{points(summary.expected_error)} points"
    return (
        f"{summary.benchmark}: each model asked items of its own, at most {summary.budget} of {summary.items:,} "
        f"({summary.policy}), {_goal(summary)}, expected error {error}"
    )


def header(summary: AdaptiveSummary) -> list[str]:
    """Heads of the table of targets."""
    heads = ["model", "items", "estimate", f"{summary.level:.0%} interval", "stopped"]
    return heads + truth_heads(summary)


def rows(summary: AdaptiveSummary, most: int) -> list[list[str]]:
    """At most so many targets, the best first."""
    found = []
    for model, row in ranked(summary, most).iterrows():
        shown = [str(model), str(int(row["asked"])), points(row["score"]), interval(row["lower"], row["upper"])]
        found.append([*shown, str(row["ended"]), *truth_cells(summary, row)])
    return found


def lengths(summary: AdaptiveSummary) -> str:
    """How many items the targets were asked, beside the fixed form's."""
    asked = summary.estimates["asked"]
    beside = f" (the fixed form asks {summary.fixed} for such an interval)" if summary.fixed is not None else ""
    spent = int((summary.estimates["ended"] == SPENT).sum())
    many = f"{asked.mean():.1f} items on average, {asked.min()} to {asked.max()}{beside}"
    return f"asked: {many}; {spent} of {len(asked)} ran into the budget"


def estimand(summary: AdaptiveSummary) -> str:
    """What the estimates are estimates of."""
    return (
        f"{full_score(summary)} it was asked. Each was asked items of its own, {_goal(summary)}; its answers are "
        f"{summary.scoring}."
    )


def design(summary: AdaptiveSummary) -> dict[str, str]:
    """How it was done, by name."""
    options = ", ".join(f"{key} = {value}" for key, value in summary.policy_options.items() if value is not None)
    errors = ", ".join(f"{count}: {points(error, 2)}" for count, error in summary.abilities.items())
    found = {
        "benchmark": f"{summary.benchmark}, N = {summary.items:,} items, {summary.aggregation} aggregation",
        "policy": f"{summary.policy} ({options})" if options else summary.policy,
        "abilities tried, error in points": errors,
        "asked": f"{summary.batch} at a time, at most {summary.budget}",
        "stops": _goal(summary),
        "factor on the policy's belief": "" if summary.factor is None else f"{summary.factor:.2f}",
        "seed": str(summary.seed),
        "models that fitted": str(summary.roles.get("select", 0)),
        "models that size the errors": f"{summary.calibration_groups} independent {summary.judges}",
        "targets": f"{len(summary.estimates)}, {summary.scoring}",
        "copies": summary.duplicates,
    }
    left = {f"left out: {reason}": str(count) for reason, count in summary.left_out.items() if count}
    return {name: text for name, text in found.items() if text} | left


def notes(summary: AdaptiveSummary) -> list[str]:
    """What is known of the errors, a paragraph each."""
    if summary.expected_error is None or summary.expected_items is None or summary.expected_spent is None:
        return ["Unknown: no model was kept out of fitting the policy.", f"{lengths(summary).capitalize()}."]
    held = ", each tested by a policy fitted without it" if summary.crossed else ""
    return [
        f"Expected error: {points(summary.expected_error, 2)} percentage points (mean absolute error on the "
        f"{summary.calibration_groups} independent {summary.judges}{held}, which answered "
        f"{summary.expected_items:.1f} items on average; {summary.expected_spent:.0%} ran into the budget).",
        f"Intervals: level {summary.level:.0%}. The policy's own belief is only their yardstick: it is multiplied by a "
        f"factor that these models' errors call for, and an interval counts as missed where it would fail at any "
        "later stop too, so that choosing where to stop costs no coverage. The level holds on average over targets "
        f"that are drawn like the {summary.judges}.",
        *(f"{line[0].upper()}{line[1:]}." for line in (lengths(summary), against_truth(summary)) if line),
    ]


def _goal(summary: AdaptiveSummary) -> str:
    if summary.half_width is None:
        return f"all to {summary.budget} items"
    whose = f", that of {summary.fixed} fixed anchors" if summary.fixed is not None else ""
    return f"until its interval reaches {points(summary.half_width, 2)} points either way{whose}"
