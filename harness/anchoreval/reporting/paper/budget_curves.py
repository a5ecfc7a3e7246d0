"""Error and order against the number of anchors: a line a selector, a panel an estimator.

With a single budget there is no curve: methods stand one below the other instead, the best first. Where selectors do
not all count items (`bento` counts subjects), the axis is the number of items that a target answers, so that no method
looks cheaper than it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.errors import NotApplicableError
from anchoreval.protocol.marks import REFERENCE
from anchoreval.reporting.figure_lines import model_label
from anchoreval.reporting.method_lines import (
    draw_line,
    errors_axis,
    means_over_repeats,
    method_style,
    ordered,
    ticks_at,
)
from anchoreval.reporting.paper.kind import Caption, Inputs
from anchoreval.reporting.paper.method_dots import draw_dots
from anchoreval.reporting.paper.style import Sheet
from anchoreval.reporting.paper.wording import ERRORS, ORDERS, bands, design, listed, sentence, units

PANEL_KEYS = ["benchmark", "split", "estimator"]
HEIGHT = {"one": 2.1, "two": 1.95}
"""Inches of a panel."""
ROUND = ("1", "5", "2")
CROWD = 8
"""Above so many lines, bands get fainter."""
OPTIONS = {
    "metric": "figure of the comparison on the vertical axis",
    "selectors": "lines, in this order",
    "estimators": "panels, in this order",
    "splits": "panels, in this order",
    "k": "budgets",
}


@dataclass(frozen=True, eq=False)
class Curves:
    """What is drawn.

    Attributes:
        shown: cells with figures.
        means: over repeats, by panel, selector and budget, with `anchors`, the items that a target answers.
        selectors: in the order of the legend.
        panels: (benchmark, split, estimator), in order.
        metric: column of the figure, in `words`.
        by_items: whether the axis is the number of items answered, because k counts something else for some.
    """

    shown: pd.DataFrame
    means: pd.DataFrame
    selectors: list[str]
    panels: list[tuple[str, str, str]]
    metric: str
    words: str
    by_items: bool

    @property
    def is_error(self) -> bool:
        """Whether the figure is in percentage points, the less the better."""
        return self.metric in ERRORS

    @property
    def label(self) -> str:
        """Of the figure's axis."""
        return f"{self.words} (percentage points)" if self.is_error else self.words

    def of_panel(self, panel: tuple[str, str, str]) -> pd.DataFrame:
        """The means of one panel, by selector and budget."""
        return self.means[(self.means[PANEL_KEYS] == list(panel)).all(axis=1)]

    def panel_title(self, panel: tuple[str, str, str]) -> str:
        """What tells a panel from the others."""
        several = [len({one[n] for one in self.panels}) > 1 for n in range(3)]
        parts = [name for name, differs in zip(panel, several, strict=True) if differs]
        return ", ".join(model_label(part, 30) for part in parts)


def error_curve(inputs: Inputs, sheet: Sheet) -> Caption:
    """Error against k for each method with bands."""
    return _drawn(inputs, sheet, ERRORS, "mae")


def rank_curve(inputs: Inputs, sheet: Sheet) -> Caption:
    """Rank correlation of estimated with full scores against k for each method with bands."""
    return _drawn(inputs, sheet, ORDERS, "spearman")


def _drawn(inputs: Inputs, sheet: Sheet, among: dict[str, str], usual: str) -> Caption:
    metric = inputs.choice("metric", among, usual)
    curves = _curves(inputs, metric, among[metric])
    if curves.means["k"].nunique() == 1:
        draw_dots(sheet, curves.means, curves.panels, curves.panel_title, curves.label, smallest=curves.is_error)
    else:
        _lines(sheet, curves)
    return Caption(_caption(curves))


def _curves(inputs: Inputs, metric: str, words: str) -> Curves:
    cells = inputs.part.ok.dropna(subset=[metric])
    for option, column in (("selectors", "selector"), ("estimators", "estimator"), ("splits", "split"), ("k", "k")):
        cells = cells[cells[column].isin(inputs.names(option, cells[column]))]
    if cells.empty:
        raise NotApplicableError(f"figure {inputs.kind}: {inputs.part.folder} has no {metric} for what is asked")
    by = [*PANEL_KEYS, "selector", "k"]
    anchors = cells.groupby(by, sort=False)["n_anchors"].mean().rename("anchors").reset_index()
    means = means_over_repeats(cells, metric, by).merge(anchors, on=by).sort_values("anchors", kind="stable")
    chosen = [str(name) for name in inputs.names("selectors", cells["selector"])]
    panels = cells[PANEL_KEYS].drop_duplicates()
    order = {str(name): n for n, name in enumerate(inputs.names("estimators", cells["estimator"]))}
    rows = sorted(panels.itertuples(index=False, name=None), key=lambda row: order[row[2]])
    by_items = bool((means["anchors"] - means["k"]).abs().max() > 0.5)
    return Curves(cells, means, ordered(chosen, REFERENCE), rows, metric, words, by_items)


def _lines(sheet: Sheet, curves: Curves) -> None:
    across = min(len(curves.panels), 3 if sheet.is_wide else 1)
    down = -(-len(curves.panels) // across)
    names = sheet.labels(curves.selectors)
    canvas = sheet.page(0.35 + HEIGHT[sheet.columns] * down + sheet.legend_height(names))
    grid = canvas.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for axes, panel in zip(grid.flat, curves.panels, strict=False):
        _panel(axes, curves, panel)
    for axes in grid.flat[len(curves.panels) :]:
        axes.set_visible(False)
    _dress(grid, curves, across, sheet)
    sheet.legend(
        [legend_handle(name, label, n) for n, (name, label) in enumerate(zip(curves.selectors, names, strict=True))]
    )


def _panel(axes: Any, curves: Curves, panel: tuple[str, str, str]) -> None:
    rows = curves.of_panel(panel)
    faint = 0.07 if len(curves.selectors) > CROWD else 0.15
    for n, selector in enumerate(curves.selectors):
        line = rows[rows["selector"] == selector]
        if len(line):
            style = method_style(selector, n, 3.2)
            draw_line(axes, line["anchors" if curves.by_items else "k"], line, style, faint)
    axes.set_xscale("log")
    axes.set_title(curves.panel_title(panel), parse_math=False)


def _dress(grid: Any, curves: Curves, across: int, sheet: Sheet) -> None:
    first = grid[0, 0]
    (errors_axis if curves.is_error else _order_axis)(first, curves.means)
    at = curves.means["anchors" if curves.by_items else "k"]
    ticks_at(first.xaxis, apart(sorted({float(round(value)) for value in at}), (sheet.width - 0.6) / across))
    for axes in grid[:, 0]:
        axes.set_ylabel(curves.label.replace(" (", "\n("))
    for n in range(len(curves.panels)):
        if n + across >= len(curves.panels):
            below = grid.flat[n]
            below.set_xlabel("items that a target answers" if curves.by_items else "anchors k")
            below.xaxis.set_tick_params(labelbottom=True)


def _order_axis(axes: Any, means: pd.DataFrame) -> None:
    """Up to 1 at most; a band that reaches far below the least mean is cut."""
    low, high = float(means["mean"].min()), float(means["mean"].max())
    spread = max(high - low, 0.02)
    axes.set_ylim(
        max((means["mean"] - means["reach"]).min(), low - spread) - 0.02 * spread,
        min((means["mean"] + means["reach"]).max() + 0.04 * spread, 1.0),
    )


def apart(values: list[float], inches: float) -> list[float]:
    """Values whose labels fit beside each other on a logarithmic axis of so many inches: the ends, then round ones."""
    reach = max(np.log(values[-1] / values[0]), 1e-9)
    kept = [values[-1]]
    for value in [values[0], *sorted(values[1:-1], key=_roundness)]:
        room = 0.045 * (len(f"{value:,.0f}") + 2)
        if all(abs(np.log(value / other)) / reach * inches > room for other in kept):
            kept.append(value)
    return sorted(kept)


def _roundness(value: float) -> tuple[int, float]:
    """Powers of ten before five and two times these, and those before others."""
    digits = f"{value:.0f}".rstrip("0")
    return (ROUND.index(digits) if digits in ROUND else len(ROUND), value)


def legend_handle(selector: str, label: str, n: int) -> Any:
    """What stands for a selector in a legend, `n` being its place."""
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **method_style(selector, n, 3.2))


def _caption(curves: Curves) -> str:
    shown = curves.shown
    budgets = sorted(shown["k"].unique())
    estimators = [panel[2] for panel in curves.panels]
    single = len(budgets) == 1
    what = f"{sentence(curves.words)} of estimated full scores {'at' if single else 'against'} "
    parts = [
        what
        + (f"k = {budgets[0]}" if single else f"the number of anchors (k = {listed(budgets)})")
        + f", by selector, read by {listed(list(dict.fromkeys(estimators)))}.",
        design(shown),
        bands(shown).replace("Bands:", "Bars:") if single else bands(shown),
    ]
    if curves.is_error and curves.metric != "interval_width":
        parts.append("Errors are in percentage points of the full score, averaged over the targets of a repeat.")
    if curves.by_items:
        parts.append(units(shown) + " The axis counts the items that a target answers." * (not single))
    return " ".join(parts)
