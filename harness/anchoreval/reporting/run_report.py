"""The report of `job=run`: a table for the terminal, a Markdown document, and an HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from anchoreval.reporting import run_content as content
from anchoreval.reporting import targets
from anchoreval.reporting.page import Page, PageFigure, PageTable
from anchoreval.reporting.run_summary import RunSummary, warnings
from anchoreval.reporting.tables import markdown_table, paragraphs, text_table

SHOWN, LISTED = 40, 500
"""Rows of a table on the terminal and in a document; the files beside it hold them all."""
ERRORS = "Errors to expect"


def terminal_report(summary: RunSummary) -> str:
    """A line about the design, the table of targets, and the warnings; scores in percentage points."""
    table = text_table(content.header(summary), content.rows(summary, SHOWN))
    parts = [content.headline(summary), table, targets.rest(summary, SHOWN), targets.against_truth(summary)]
    parts.append(summary.told_apart)
    parts += [f"warning: {text}" for text in warnings(summary)]
    return paragraphs(*parts)


def markdown_report(summary: RunSummary, figures: Mapping[str, str]) -> str:
    """The report: what is estimated, the design, the table, the errors to expect, warnings, figures.

    Args:
        summary: what was found.
        figures: caption by path relative to the report.
    """
    rest = targets.rest(summary, LISTED)
    design = markdown_table(["", ""], [list(row) for row in content.design(summary).items()], left=2)
    sections = [
        f"# {content.title(summary)}",
        paragraphs("## What is estimated", content.estimand(summary)),
        paragraphs("## Design", design),
        paragraphs("## Estimates", content.UNIT, _estimates(summary), rest),
        paragraphs(f"## {ERRORS}", *content.errors(summary), *content.notes(summary)),
    ]
    if found := warnings(summary):
        sections.append("## Warnings\n\n" + "\n".join(f"- {text}" for text in found))
    heads, rows = content.subject_rows(summary, LISTED)
    if heads:
        sections.append(paragraphs("## Subjects", content.SUBJECT_NOTE, markdown_table(heads, rows), rest))
    sections += [
        paragraphs(f"## {title}", content.TRIED_NOTE, markdown_table(heads, rows))
        for title, heads, rows in content.tried(summary)
    ]
    sections += [f"![{caption}]({path})\n\n*{caption}*" for path, caption in figures.items()]
    return paragraphs(*sections) + "\n"


def page(summary: RunSummary, folder: Path, figures: Mapping[str, str]) -> Page:
    """The same as a page; figures by path relative to the folder, with their captions."""
    caption = " ".join(filter(None, [content.UNIT, targets.rest(summary, LISTED)]))
    estimates = PageTable("Estimates", caption, content.header(summary), content.rows(summary, LISTED))
    appendix = [PageTable(title, content.TRIED_NOTE, heads, rows) for title, heads, rows in content.tried(summary)]
    heads, rows = content.subject_rows(summary, LISTED)
    if heads:
        appendix.insert(0, PageTable("Subjects", content.SUBJECT_NOTE, heads, rows))
    return Page(
        title=content.title(summary),
        lead=content.estimand(summary),
        warnings=warnings(summary),
        tables=[estimates],
        notes_title=ERRORS,
        notes=[*content.errors(summary), *content.notes(summary)],
        figures=[PageFigure(folder / path, caption) for path, caption in figures.items()],
        appendix=appendix,
        facts=content.design(summary),
    )


def _estimates(summary: RunSummary) -> str:
    return markdown_table(content.header(summary), content.rows(summary, LISTED))
