"""The report of `job=compare`: a table for the terminal, a Markdown document, and an HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.protocol.marks import BEST, PEER
from anchoreval.protocol.summary import BY, summary
from anchoreval.reporting.page import Page, PageFigure, PageTable
from anchoreval.reporting.tables import markdown_table, text_table

KEYS = ["split", "k", "selector", "estimator"]
FIGURES = ["error", "vs random", "best", "bias", "slope", "spearman", "coverage", "width"]
HEADER = [*KEYS, *FIGURES]
NOTE = (
    "error: mean absolute error on held-out models, with bias and interval width in percentage points; slope: of the "
    "estimates on the true scores, below 1 where they shrink towards the mean; coverage: share of the true scores "
    "inside the intervals; means over repeats, ± the standard error of the mean."
)
MARKS = (
    "vs random: ratio of the error to that of random anchors with the same estimator; - better, + worse where the "
    "difference is resolved at 95 % by a bootstrap over models and repeats that is paired over targets, doubled where "
    "the resampled t-test over repeats agrees; best: the least error of the split and k, and ≈ what is not resolved "
    "from it."
)
MEASURED = (
    "In each repeat some models are held out as targets, nothing about them is seen before their scores are estimated, "
    "and the estimates are compared with their true full scores. Random anchors stand beside every method."
)


def terminal_report(cells: pd.DataFrame, resolution: pd.DataFrame) -> str:
    """Means over repeats by split, budget, selector and estimator; what is not applicable follows, with the reason.

    Args:
        cells: the table of `anchoreval.compare`.
        resolution: of `anchoreval.protocol.marks.marks`.
    """
    parts = [_headline(cells), text_table(HEADER, _rows(cells, resolution), left=4), NOTE, MARKS]
    return "\n\n".join(parts + ["\n".join(_left_out(cells))] * bool(_left_out(cells)))


def markdown_report(cells: pd.DataFrame, resolution: pd.DataFrame, figures: Mapping[str, str]) -> str:
    """The same as a document with figures (caption by path relative to the report)."""
    sections = [
        f"# Selectors and estimators compared on {_names(cells)}",
        f"## What is measured\n\n{MEASURED}\n\n{_design(cells)}",
        f"## Errors\n\n{NOTE}\n\n{MARKS}\n\n{markdown_table(HEADER, _rows(cells, resolution), left=4)}",
    ]
    if left_out := _left_out(cells):
        sections.append("## Left out\n\n" + "\n".join(f"- {line}" for line in left_out))
    sections += [f"![{caption}]({path})\n\n*{caption}*" for path, caption in figures.items()]
    return "\n\n".join(sections) + "\n"


def page(cells: pd.DataFrame, resolution: pd.DataFrame, folder: Path, figures: Mapping[str, str]) -> Page:
    """The same as a page; figures by path relative to the folder, with their captions."""
    return Page(
        title=f"Selectors and estimators compared on {_names(cells)}",
        lead=f"{MEASURED} {_design(cells)}",
        warnings=_left_out(cells),
        tables=[PageTable("Errors", f"{NOTE} {MARKS}", HEADER, _rows(cells, resolution))],
        figures=[PageFigure(folder / path, caption) for path, caption in figures.items()],
    )


def _headline(cells: pd.DataFrame) -> str:
    return f"{_names(cells)}: {_design(cells)}"


def _names(cells: pd.DataFrame) -> str:
    return ", ".join(map(str, pd.unique(cells["benchmark"])))


def _design(cells: pd.DataFrame) -> str:
    ok = cells[cells["status"] == "ok"]
    sources, targets = ok["n_source"].median(), ok["n_target"].median()
    return f"{ok['repeat'].nunique()} repeats, about {sources:.0f} source models and {targets:.0f} targets in each."


def _rows(cells: pd.DataFrame, resolution: pd.DataFrame) -> list[list[str]]:
    """One row a combination, by split and budget, the smallest error first."""
    means = summary(cells).merge(resolution, on=BY, how="left")
    order = {split: n for n, split in enumerate(pd.unique(cells["split"]))}
    shown = means[means["repeats"] > 0].assign(nth=means["split"].map(order)).sort_values(["nth", "k", "mae"])
    return [
        [
            *(str(row[key]) for key in KEYS),
            _mean(row, "mae", 2),
            _against(row),
            {BEST: BEST, PEER: f"≈ {BEST}"}.get(row["standing"], ""),
            _mean(row, "bias", 2, sign=True),
            _mean(row, "slope", 2),
            _mean(row, "spearman", 3),
            _mean(row, "coverage", 2),
            _mean(row, "interval_width", 1),
        ]
        for _, row in shown.iterrows()
    ]


def _against(row: pd.Series[Any]) -> str:
    """`0.84 --`; nothing for random anchors themselves."""
    if not np.isfinite(row["ratio"]):
        return ""
    agree = row["by_repeats"] == row["resolved"]
    return f"{row['ratio']:.2f} {({-1: '-', 1: '+'}.get(int(row['resolved']), '')) * (1 + agree)}".ljust(7)


def _mean(row: pd.Series[Any], figure: str, digits: int, sign: bool = False) -> str:
    """`1.84 ± 0.12`; the standard error is left out for a single repeat, a dash stands for no figure."""
    mean, error = float(row[figure]), float(row[f"{figure}_se"])
    if not np.isfinite(mean):
        return "-"
    shown = f"{mean:+.{digits}f}" if sign else f"{mean:.{digits}f}"
    return f"{shown} ± {error:.{digits}f}" if np.isfinite(error) else shown


def _left_out(cells: pd.DataFrame) -> list[str]:
    """A line for everything that has no figures for the same reason, or not in all repeats."""
    found = summary(cells).query("reason != ''")
    lines = []
    for (chose, status, reason), rows in found.groupby(["selector", "status", "reason"], sort=False):
        where = [_only(rows, cells, "estimator", "+ "), _only(rows, cells, "split"), _only(rows, cells, "k", "k = ")]
        state = "" if status == "ok" else f"{status}: "
        lines.append(f"{' '.join([str(chose), *filter(None, where)])}: {state}{reason}")
    return lines


def _only(rows: pd.DataFrame, cells: pd.DataFrame, column: str, before: str = "") -> str:
    """The values of a column that rows have; nothing if they have all that there are."""
    values = list(dict.fromkeys(rows[column]))
    return "" if set(values) == set(cells[column]) else before + ", ".join(map(str, values))
