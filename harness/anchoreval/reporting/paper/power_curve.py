"""Power against the true difference of two models: the drawing of the power report in a paper's size."""

from __future__ import annotations

import numpy as np
import pandas as pd

from anchoreval.errors import NotApplicableError
from anchoreval.reporting.figure_power import draw_power, power_caption
from anchoreval.reporting.paper.kind import Caption, Inputs
from anchoreval.reporting.paper.style import Sheet

HEIGHTS = {"one": 2.7, "two": 3.4}
COLUMNS = ["gap", "power", "population", "full"]


def power_curve(inputs: Inputs, sheet: Sheet) -> Caption:
    """Power for the fixed benchmark, and for the population of its items with what compression loses.

    Raises:
        NotApplicableError: no model sized the errors, so that the run has no power report.
    """
    report = inputs.part.power
    if report is None:
        raise NotApplicableError(
            f"figure {inputs.kind}: {inputs.part.folder} has no power report: no model sized errors"
        )
    curve = pd.DataFrame(report["power_curve"], columns=COLUMNS).astype(np.float64).sort_values("gap")
    smallest = float("nan") if report["smallest_gap"] is None else float(report["smallest_gap"])
    axes = sheet.page(HEIGHTS[sheet.columns]).add_subplot()
    draw_power(axes, curve, report["power"], smallest, text=7.0)
    axes.set_xlabel(sheet.wrapped("true difference of two models' full scores (percentage points)", 0.75))
    axes.set_ylabel(sheet.wrapped("probability that the difference is found (%)", 0.55))
    sheet.legend(axes.get_legend_handles_labels()[0])
    design = report["design"]
    made = (
        f"Benchmark {design['benchmark']}: {design['anchors']:,} of {design['items']:,} items chosen by "
        f"{design['selector']}; learnt from {design['calibration_models']} models that took no part in the choice."
    )
    return Caption(f"{power_caption(curve, report['alpha'], report['power'], smallest)} {made}")
