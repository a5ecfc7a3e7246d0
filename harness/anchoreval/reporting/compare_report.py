"""The report of `job=compare`: a table for the terminal and a Markdown document."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from anchoreval.reporting.tables import markdown_table, text_table

KEYS = ["split", "k", "selector", "estimator"]
HEADER = ["split", "k", "selector", "estimator", "error", "bias", "spearman", "coverage", "width"]
NOTE = (
    "error: mean absolute error on held-out models, with bias and interval width in percentage points; coverage: share "
    "of their true scores inside the intervals; means over repeats, +- the standard error of the mean."
)


def terminal_report(cells: pd.DataFrame) -> str:
    """Means over repeats by split, budget, selector and estimator; what is not applicable follows, with the reason.

    Args:
        cells: the table of `anchoreval.compare`.
    """
    parts = [_headline(cells), text_table(HEADER, _rows(cells), left=4), NOTE]
    return "\n\n".join(parts + ["\n".join(_left_out(cells))] * bool(_left_out(cells)))


def markdown_report(cells: pd.DataFrame, figures: Mapping[str, str]) -> str:
    """The same as a document with figures (caption by path relative to the report)."""
    sections = [
        f"# Selectors and estimators compared on {_names(cells)}",
        "## What is measured\n\nIn each repeat some models are held out as targets, nothing about them is seen before "
        "their scores are estimated, and the estimates are compared with their true full scores. Random anchors stand "
        f"beside every method.\n\n{_design(cells)}",
        f"## Errors\n\n{NOTE}\n\n{markdown_table(HEADER, _rows(cells), left=4)}",
    ]
    if left_out := _left_out(cells):
        sections.append("## Left out\n\n" + "\n".join(f"- {line}" for line in left_out))
    sections += [f"![{caption}]({path})\n\n*{caption}*" for path, caption in figures.items()]
    return "\n\n".join(sections) + "\n"


def _headline(cells: pd.DataFrame) -> str:
    return f"{_names(cells)}: {_design(cells)}"


def _names(cells: pd.DataFrame) -> str:
    return ", ".join(map(str, pd.unique(cells["benchmark"])))


def _design(cells: pd.DataFrame) -> str:
    ok = cells[cells["status"] == "ok"]
    sources, targets = ok["n_source"].median(), ok["n_target"].median()
    return f"{ok['repeat'].nunique()} repeats, about {sources:.0f} source models and {targets:.0f} targets in each."


def _rows(cells: pd.DataFrame) -> list[list[str]]:
    """One row a combination, in the order of the error within a split and budget."""
    ok = cells[cells["status"] == "ok"]
    rows = []
    for (split, k), block in ok.groupby(["split", "k"], sort=True):
        grouped = block.groupby(["selector", "estimator"])
        for (chose, estimates), part in sorted(grouped, key=lambda pair: pair[1]["mae"].mean()):
            figures = [_mean(part["mae"], 2), _mean(part["bias"], 2, sign=True), _mean(part["spearman"], 3)]
            figures += [_mean(part["coverage"], 2), _mean(part["interval_width"], 1)]
            rows.append([str(split), str(k), str(chose), str(estimates), *figures])
    return rows


def _mean(values: pd.Series[float], digits: int, sign: bool = False) -> str:
    """`1.84 +- 0.12`; the standard error is left out for a single repeat."""
    known = values.dropna()
    if known.empty:
        return "-"
    shown = f"{known.mean():+.{digits}f}" if sign else f"{known.mean():.{digits}f}"
    error = known.sem() if len(known) > 1 else np.nan
    return shown if np.isnan(error) else f"{shown} +- {error:.{digits}f}"


def _left_out(cells: pd.DataFrame) -> list[str]:
    """A line a combination that is not applicable, or that failed, with its reason; budgets together."""
    lines: dict[str, list[int]] = {}
    for _, row in cells[cells["status"] != "ok"].iterrows():
        text = f"{row['selector']} + {row['estimator']} ({row['split']}): {row['status']}: {row['reason']}"
        lines.setdefault(text, []).append(int(row["k"]))
    budgets = {text: ", ".join(str(k) for k in sorted(set(ks))) for text, ks in lines.items()}
    every = set(cells["k"])
    return [text if set(lines[text]) == every else f"{text} (k = {ks})" for text, ks in budgets.items()]
