"""Methods one below the other: a dot for the mean with a bar for its standard errors, the best first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from anchoreval.protocol.marks import REFERENCE
from anchoreval.reporting.canvas import COLOURS
from anchoreval.reporting.figure_lines import name_rows
from anchoreval.reporting.method_lines import GREY
from anchoreval.reporting.paper.style import ROW, Sheet

Panel = tuple[str, str, str]


def draw_dots(
    sheet: Sheet,
    means: pd.DataFrame,
    panels: Sequence[Panel],
    panel_title: Callable[[Panel], str],
    label: str,
    smallest: bool,
) -> None:
    """One panel below the other, or side by side in two columns.

    Args:
        sheet: to draw on.
        means: columns `benchmark`, `split`, `estimator`, `selector`, `mean`, `reach`.
        panels: (benchmark, split, estimator), in order.
        panel_title: what tells a panel from the others.
        label: of the horizontal axis.
        smallest: whether the smallest figure is the best.
    """
    rows = [_of(means, panel).sort_values("mean", ascending=smallest, kind="stable") for panel in panels]
    across = min(len(panels), 2 if sheet.is_wide else 1)
    stacks = [rows[n : n + across] for n in range(0, len(rows), across)]
    heights = [max(map(len, stack)) * 1.1 * ROW + 0.25 for stack in stacks]
    canvas = sheet.page(0.4 + sum(heights))
    grid = canvas.subplots(len(stacks), across, sharex=True, squeeze=False, height_ratios=heights)
    for axes, panel, table in zip(grid.flat, panels, rows, strict=False):
        _panel(axes, table, sheet)
        axes.set_title(panel_title(panel), parse_math=False)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    canvas.supxlabel(label, fontsize=8)


def _of(means: pd.DataFrame, panel: Panel) -> pd.DataFrame:
    return means[(means[["benchmark", "split", "estimator"]] == list(panel)).all(axis=1)]


def _panel(axes: Any, table: pd.DataFrame, sheet: Sheet) -> None:
    for place, (selector, mean, reach) in enumerate(zip(table["selector"], table["mean"], table["reach"], strict=True)):
        colour = GREY if selector == REFERENCE else COLOURS[0]
        axes.errorbar(mean, place, xerr=reach, fmt="o", color=colour, markersize=3.6, elinewidth=1.1, capsize=1.8)
    name_rows(axes, sheet.labels(table["selector"].tolist()), 7.0)
    axes.grid(visible=False, axis="y")
