"""The power report for readers: lines for the terminal, a Markdown document, a section of the page of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from anchoreval.power.report.power_report import PowerReport
from anchoreval.reporting import power_content as content
from anchoreval.reporting.page import PageFigure, PageSection, PageTable
from anchoreval.reporting.tables import markdown_table, text_table

SHOWN, LISTED = 15, 200
"""Rows of tables of targets on the terminal and in documents; power.json holds them all."""
HEADING = "What these anchors can tell apart"


def terminal_power(report: PowerReport) -> str:
    """The headline, what is told apart, ranks of the targets, and the caveats."""
    parts = [content.headline(report)]
    for table in (content.resolution(report), content.ranks(report, SHOWN)):
        if table is not None and table[3]:
            parts.append(f"{table[0]}\n{text_table(table[2], table[3])}")
    parts += [f"caveat: {text}" for text in report.caveats]
    return "\n\n".join(parts)


def markdown_power(report: PowerReport, figures: Mapping[str, str]) -> str:
    """The document; the estimand stands first.

    Args:
        report: what was measured.
        figures: caption by path relative to the document.
    """
    parts = [f"# {content.title(report)}", f"## Estimand\n\n{content.estimand(report)}", content.headline(report)]
    if report.caveats:
        parts.append("## Caveats\n\n" + "\n".join(f"- {text}" for text in report.caveats))
    for title, caption, heads, rows in content.tables(report, LISTED):
        parts += [f"## {title}", caption, markdown_table(heads, rows)]
    if found := content.checks(report):
        parts += ["## Claims, checked", *found]
    parts.append("## Design\n\n" + markdown_table(["", ""], [list(row) for row in content.design(report).items()], 2))
    parts += [f"![{caption}]({path})\n\n*{caption}*" for path, caption in figures.items()]
    return "\n\n".join(parts) + "\n"


def power_section(report: PowerReport, folder: Path, figures: Mapping[str, str]) -> PageSection:
    """A section of a page; figures by path relative to the folder, with their captions."""
    return PageSection(
        title=HEADING,
        lead=f"{content.headline(report)} {content.estimand(report)}",
        warnings=report.caveats,
        tables=[PageTable(*table) for table in content.tables(report, LISTED)],
        notes=content.checks(report),
        figures=[PageFigure(folder / path, caption) for path, caption in figures.items()],
    )
