"""What `job=adaptive` writes: the tables, the figures and the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from anchoreval.adaptive import Sitting, questions_of
from anchoreval.atomic import write_json, write_text
from anchoreval.reporting.adaptive_report import markdown_report, page
from anchoreval.reporting.adaptive_summary import AdaptiveSummary
from anchoreval.reporting.figure_sittings import items_asked, narrowing
from anchoreval.reporting.page import write_page


@dataclass(frozen=True, eq=False)
class Results:
    """Everything that a run found.

    Attributes:
        sittings: by target.
        rehearsed: the tests of the models that size the errors, a row each; may be empty.
    """

    summary: AdaptiveSummary
    sittings: Mapping[str, Sitting]
    rehearsed: pd.DataFrame


def write_results(folder: Path, results: Results) -> None:
    """Write `result.json`, `report.*`, `estimates.*`, `sittings.parquet`, `calibration.csv` and `figures/`."""
    summary = results.summary
    write_json(folder / "result.json", summary.to_dict())
    summary.estimates.to_parquet(folder / "estimates.parquet")
    write_text(folder / "estimates.csv", summary.estimates.to_csv(lineterminator="\n"))
    write_text(folder / "calibration.csv", results.rehearsed.to_csv(lineterminator="\n"))
    questions_of(results.sittings).to_parquet(folder / "sittings.parquet", index=False)
    figures = _figures(folder, results)
    write_text(folder / "report.md", markdown_report(summary, figures))
    write_page(folder / "report.html", page(summary, folder, figures))


def _figures(folder: Path, results: Results) -> dict[str, str]:
    """Draw the figures; caption by path relative to the report."""
    drawn = {"figures/items.png": items_asked(folder / "figures/items.png", results.summary)}
    if results.summary.bounded:
        paths = {model: sitting.path for model, sitting in results.sittings.items() if len(sitting.path)}
        path = "figures/half_widths.png"
        drawn[path] = narrowing(folder / path, results.summary, paths)
    return drawn
