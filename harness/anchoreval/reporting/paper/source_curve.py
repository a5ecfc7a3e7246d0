"""Error against the number of source models: how much a method gains from more models evaluated in full."""

from __future__ import annotations

from typing import Any

import pandas as pd

from anchoreval.errors import NotApplicableError
from anchoreval.protocol.marks import REFERENCE
from anchoreval.reporting.method_lines import (
    draw_line,
    errors_axis,
    means_over_repeats,
    method_style,
    ordered,
    ticks_at,
)
from anchoreval.reporting.paper.budget_curves import apart, legend_handle
from anchoreval.reporting.paper.kind import Caption, Inputs
from anchoreval.reporting.paper.style import Sheet
from anchoreval.reporting.paper.wording import bands, listed, span

HEIGHTS = {"one": 2.2, "two": 2.9}
OPTIONS = {"selectors": "lines, in this order"}


def source_curve(inputs: Inputs, sheet: Sheet) -> Caption:
    """Mean absolute error by number of source models, a line a selector.

    Raises:
        NotApplicableError: fewer than two numbers of source models have errors.
    """
    rows = inputs.part.sources.dropna(subset=["mae"])
    rows = rows[rows["selector"].isin(inputs.names("selectors", rows["selector"]))]
    if rows["n"].nunique() < 2:
        raise NotApplicableError(
            f"figure {inputs.kind}: {inputs.part.folder} has errors for one number of sources only"
        )
    selectors = ordered(inputs.names("selectors", rows["selector"]), REFERENCE)
    means = means_over_repeats(rows, "mae", ["selector", "n"]).sort_values("n")
    names = sheet.labels(selectors)
    axes = sheet.page(HEIGHTS[sheet.columns] + sheet.legend_height(names)).add_subplot()
    _lines(axes, means, selectors)
    sizes = [float(n) for n in sorted(means["n"].unique())]
    ticks_at(axes.xaxis, apart(sizes, sheet.width - 0.6))
    axes.set(xlabel="source models", ylabel="mean absolute error\n(percentage points)")
    sheet.legend([legend_handle(name, label, n) for n, (name, label) in enumerate(zip(selectors, names, strict=True))])
    return Caption(_caption(rows, sizes))


def _lines(axes: Any, means: pd.DataFrame, selectors: list[str]) -> None:
    for n, selector in enumerate(selectors):
        line = means[means["selector"] == selector]
        draw_line(axes, line["n"], line, method_style(selector, n, 3.2))
    axes.set_xscale("log")
    errors_axis(axes, means)


def _caption(rows: pd.DataFrame, sizes: list[float]) -> str:
    repeats = rows["repeat"].nunique()
    counts = listed([int(n) for n in sizes])
    return (
        f"Mean absolute error of estimated full scores by the number of source models ({counts}) "
        f"that choose k = {listed(list(dict.fromkeys(rows['k'])))} anchors and fit the reconstruction "
        f"({listed(list(dict.fromkeys(rows['estimator'])))}), by selector. Benchmark "
        f"{listed(list(dict.fromkeys(rows['benchmark'])))}, {listed(list(dict.fromkeys(rows['split'])))} split; "
        f"{repeats} repeat{'s' if repeats > 1 else ''}, in each {span(rows['n_target'])} target models that are the "
        f"same for every number of sources, and sources in random order, more of them holding the fewer. {bands(rows)}"
    )
