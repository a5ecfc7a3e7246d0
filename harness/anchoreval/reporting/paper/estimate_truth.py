"""Estimates with their intervals against the true scores: the drawing of a run's report in the size of a paper."""

from __future__ import annotations

from anchoreval.errors import NotApplicableError
from anchoreval.reporting.figure_estimates import draw_against_truth
from anchoreval.reporting.paper.kind import Caption, Inputs
from anchoreval.reporting.paper.style import Sheet
from anchoreval.reporting.run_summary import RunSummary
from anchoreval.reporting.tables import points

HEIGHTS = {"one": 3.7, "two": 5.0}


def estimate_truth(inputs: Inputs, sheet: Sheet) -> Caption:
    """Targets with intervals over the models that size the errors as a cloud.

    Raises:
        NotApplicableError: no target's full score is known.
    """
    summary, residuals = inputs.part.summary, inputs.part.residuals
    if summary.judged.empty:
        raise NotApplicableError(f"figure {inputs.kind}: no target of {inputs.part.folder} has a known full score")
    axes = sheet.page(HEIGHTS[sheet.columns]).add_subplot()
    draw_against_truth(axes, summary, residuals, marker=3.2)
    axes.set(xlabel="full score (percentage points)", ylabel="estimate from the anchors (percentage points)")
    sheet.legend(axes.get_legend_handles_labels()[0])
    return Caption(f"{_shown(summary, len(residuals))} {_design(summary)} {_found(summary)}")


def _shown(summary: RunSummary, cloud: int) -> str:
    grey = f"; grey: {cloud} {summary.judges} that size the errors" if cloud else ""
    each = ", each predicted by a fit without it" if cloud and summary.crossed else ""
    bars = f" with {summary.level:.0%} intervals" if summary.drawable["lower"].notna().any() else ""
    return f"Estimated against full scores of {len(summary.judged)} target models{bars}{grey}{each}."


def _design(summary: RunSummary) -> str:
    selector = summary.chosen("selector") or summary.selector
    estimator = summary.chosen("estimator") or summary.estimator
    return (
        f"Benchmark {summary.benchmark}: {summary.anchors:,} of {summary.items:,} items chosen by {selector}, "
        f"read by {estimator}."
    )


def _found(summary: RunSummary) -> str:
    inside, known = summary.covered()
    held = f"; {inside} of {known} intervals hold the full score" if known else ""
    return f"Mean absolute error {points(summary.mean_error)} percentage points{held}."
