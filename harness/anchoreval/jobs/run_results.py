"""What `job=run` writes: the figures, the tables, the anchor set and the report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from anchoreval.anchors import AnchorSet
from anchoreval.atomic import write_json, write_text
from anchoreval.reporting.figure_anchors import anchors_in_the_plane
from anchoreval.reporting.figure_estimates import estimates_against_truth, forest
from anchoreval.reporting.page import write_page
from anchoreval.reporting.run_report import markdown_report, page
from anchoreval.reporting.run_summary import RunSummary


@dataclass(frozen=True, eq=False)
class Results:
    """Everything that a run found.

    Attributes:
        anchors: with the fitted estimator attached.
        residuals: of the models that size the errors (columns estimate, truth, residual, group ...); may be empty.
        plane: every item's difficulty, discrimination and weight as an anchor.
    """

    summary: RunSummary
    anchors: AnchorSet
    residuals: pd.DataFrame
    plane: pd.DataFrame


def write_results(folder: Path, results: Results) -> None:
    """Write `result.json`, `report.*`, `estimates.*`, `calibration.csv`, `anchors/` and `figures/` into a folder."""
    summary = results.summary
    write_json(folder / "result.json", summary.to_dict())
    summary.estimates.to_parquet(folder / "estimates.parquet")
    write_text(folder / "estimates.csv", summary.estimates.to_csv(lineterminator="\n"))
    write_text(folder / "calibration.csv", results.residuals.to_csv(lineterminator="\n"))
    results.anchors.save(folder / "anchors")
    figures = _figures(folder, results)
    write_text(folder / "report.md", markdown_report(summary, figures))
    write_page(folder / "report.html", page(summary, folder, figures))


def _figures(folder: Path, results: Results) -> dict[str, str]:
    """Draw the figures; caption by path relative to the report."""
    summary, drawn = results.summary, {}
    if len(summary.judged):
        path = "figures/estimates.png"
        drawn[path] = estimates_against_truth(folder / path, summary, results.residuals)
    else:
        drawn["figures/estimates.png"] = forest(folder / "figures/estimates.png", summary)
    drawn["figures/anchors.png"] = anchors_in_the_plane(
        folder / "figures/anchors.png",
        results.plane,
        summary.benchmark,
        summary.chosen("selector") or summary.selector,
    )
    return drawn
