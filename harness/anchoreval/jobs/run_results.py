"""What `job=run` writes: the figures, the tables, the anchor set and the report."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from anchoreval.anchors import AnchorSet
from anchoreval.atomic import write_json, write_text
from anchoreval.power.report.power_report import PowerReport
from anchoreval.power.report.record import power_record
from anchoreval.reporting import power_content
from anchoreval.reporting.figure_anchors import anchors_in_the_plane
from anchoreval.reporting.figure_estimates import estimates_against_truth, forest
from anchoreval.reporting.page import PageSection, write_page
from anchoreval.reporting.power_figures import power_figures
from anchoreval.reporting.power_report_page import markdown_power, power_section
from anchoreval.reporting.run_report import markdown_report, page
from anchoreval.reporting.run_summary import RunSummary


@dataclass(frozen=True, eq=False)
class Results:
    """Everything that a run found.

    Attributes:
        anchors: with the fitted estimator attached.
        residuals: of the models that size the errors (columns estimate, truth, residual, group ...); may be empty.
        plane: every item's difficulty, discrimination and weight as an anchor.
        power: what the anchors tell apart; None where no model sizes the errors.
    """

    summary: RunSummary
    anchors: AnchorSet
    residuals: pd.DataFrame
    plane: pd.DataFrame
    power: PowerReport | None = None


def write_results(folder: Path, results: Results) -> None:
    """Write `result.json`, `report.*`, `estimates.*`, `calibration.csv`, `power.*`, `anchors/` and `figures/`."""
    summary = results.summary
    if results.power is not None:
        summary = dataclasses.replace(summary, told_apart=power_content.headline(results.power))
    write_json(folder / "result.json", summary.to_dict())
    summary.estimates.to_parquet(folder / "estimates.parquet")
    write_text(folder / "estimates.csv", summary.estimates.to_csv(lineterminator="\n"))
    write_text(folder / "calibration.csv", results.residuals.to_csv(lineterminator="\n"))
    results.anchors.save(folder / "anchors")
    figures = _figures(folder, results, summary)
    sections = [] if results.power is None else [_power(folder, results.power)]
    write_text(folder / "report.md", markdown_report(summary, figures))
    write_page(folder / "report.html", dataclasses.replace(page(summary, folder, figures), sections=sections))


def _power(folder: Path, report: PowerReport) -> PageSection:
    """Write the power report's own files, and return what the page says of it."""
    figures = power_figures(folder, report)
    write_json(folder / "power.json", power_record(report))
    write_text(folder / "power.md", markdown_power(report, figures))
    return power_section(report, folder, figures)


def _figures(folder: Path, results: Results, summary: RunSummary) -> dict[str, str]:
    """Draw the figures; caption by path relative to the report."""
    drawn: dict[str, str] = {}
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
