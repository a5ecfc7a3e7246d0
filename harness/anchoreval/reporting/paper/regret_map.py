"""How much worse than the best every selector is, by budget: a map, with marks where that is not resolved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import BoolArray, Float64Array
from anchoreval.errors import NotApplicableError
from anchoreval.protocol.marks import BEST, PEER, REFERENCE
from anchoreval.protocol.resolution import LEVEL
from anchoreval.reporting.canvas import INK
from anchoreval.reporting.method_lines import distinct_rows, ordered
from anchoreval.reporting.paper.kind import Caption, Inputs
from anchoreval.reporting.paper.style import LETTER, Sheet
from anchoreval.reporting.paper.wording import design, listed, units

CELL = ["benchmark", "split", "k"]
ROW, NARROWEST = 0.17, 0.27
"""Inches: height of a cell, and the least width that holds a number."""
OPTIONS = {
    "selectors": "rows, in this order",
    "estimators": "panels, in this order",
    "splits": "columns",
    "k": "columns",
}
UNKNOWN = "#cfd6da"


def regret_map(inputs: Inputs, sheet: Sheet) -> Caption:
    """Mean absolute error above the least one of a column, in percentage points; a panel an estimator.

    Raises:
        NotApplicableError: nothing that is asked for has errors.
    """
    means = _regrets(inputs)
    if means.empty:
        raise NotApplicableError(f"figure {inputs.kind}: {inputs.part.folder} has no errors for what is asked")
    estimators = [str(name) for name in inputs.names("estimators", means["estimator"])]
    rows = ordered(inputs.names("selectors", means["selector"]), REFERENCE)
    columns = distinct_rows(means, CELL)
    names = sheet.labels(rows)
    across = _across(sheet, names, len(columns), len(estimators))
    down = -(-len(estimators) // across)
    canvas = sheet.page(0.75 + down * (ROW * len(rows) + 0.3))
    grid = canvas.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    top = max(float(np.nanpercentile(means["regret"], 95)), 0.1)
    image = None
    for axes, estimator in zip(grid.flat, estimators, strict=False):
        values, unresolved = _table(means[means["estimator"] == estimator], rows, columns)
        image = _panel(axes, values, unresolved, top)
        axes.set_title(estimator if len(estimators) > 1 else "", parse_math=False)
    for axes in grid.flat[len(estimators) :]:
        axes.set_visible(False)
    _dress(canvas, grid, names, columns, len(estimators), image)
    return Caption(_caption(inputs, means, top))


def _regrets(inputs: Inputs) -> pd.DataFrame:
    """Means by combination with `regret` (above the best of all in the cell) and `unresolved`; then what is asked."""
    cells = inputs.part.ok.dropna(subset=["mae"])
    means = cells.groupby([*CELL, "selector", "estimator"], sort=False)["mae"].mean().reset_index()
    means["regret"] = means["mae"] - means.groupby(CELL)["mae"].transform("min")
    standing = inputs.part.resolution[[*CELL, "selector", "estimator", "standing"]]
    means = means.merge(standing, on=[*CELL, "selector", "estimator"], how="left")
    means["unresolved"] = means["standing"].isin((BEST, PEER))
    for option, column in (("selectors", "selector"), ("estimators", "estimator"), ("splits", "split"), ("k", "k")):
        means = means[means[column].isin(inputs.names(option, means[column]))]
    return means


def _across(sheet: Sheet, names: list[str], columns: int, panels: int) -> int:
    """Panels beside each other."""
    room = sheet.width - LETTER * max(map(len, names)) - 0.6
    return max(1, min(panels, int(room / (NARROWEST * columns + 0.1))))


def _table(means: pd.DataFrame, rows: list[str], columns: list[tuple[Any, ...]]) -> tuple[Float64Array, BoolArray]:
    """(rows, columns) regrets, NaN where there is none, and which are not resolved from the best."""
    values = np.full((len(rows), len(columns)), np.nan)
    unresolved = np.zeros(values.shape, dtype=np.bool_)
    for row in means.to_dict(orient="records"):
        at = rows.index(row["selector"]), columns.index(tuple(row[key] for key in CELL))
        values[at], unresolved[at] = row["regret"], row["unresolved"]
    return values, unresolved


def _panel(axes: Any, values: Float64Array, unresolved: BoolArray, top: float) -> Any:
    from matplotlib import colormaps

    colours = colormaps["cividis_r"].with_extremes(bad=UNKNOWN)
    image = axes.imshow(np.ma.masked_invalid(values), cmap=colours, vmin=0.0, vmax=top, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        colour = "white" if np.isfinite(value) and value > 0.55 * top else INK
        text = f"{value:.1f}" if np.isfinite(value) else "n/a"
        axes.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
        if unresolved[row, column]:
            axes.plot(column + 0.4, row - 0.3, "o", color=colour, markersize=1.8, markeredgewidth=0)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return image


def _dress(canvas: Any, grid: Any, names: list[str], columns: list[tuple[Any, ...]], panels: int, image: Any) -> None:
    several = [len({column[n] for column in columns}) > 1 for n in (0, 1)]
    heads = ["\n".join([f"{c[2]}", *(str(c[n]) for n in (1, 0) if several[n])]) for c in columns]
    for axes in grid[:, 0]:
        axes.set_yticks(range(len(names)), names, parse_math=False)
    for n in range(panels):
        if n + grid.shape[1] >= panels:
            below = grid.flat[n]
            below.set_xticks(range(len(columns)), heads, parse_math=False)
            below.xaxis.set_tick_params(labelbottom=True)
            below.set_xlabel("anchors k")
    bar = canvas.colorbar(image, ax=grid.ravel().tolist(), location="bottom", fraction=0.04, aspect=40, pad=0.02)
    bar.set_label("error above the best\n(percentage points)")
    bar.ax.tick_params(labelsize=7)
    bar.outline.set_visible(False)


def _caption(inputs: Inputs, means: pd.DataFrame, top: float) -> str:
    part = inputs.part
    return (
        f"Regret: mean absolute error above the least one of all selectors and estimators of the comparison at the "
        f"same budget, in percentage points (mean over repeats), read by "
        f"{listed(list(dict.fromkeys(means['estimator'])))}. "
        f"Dots: the best itself and what is not resolved from it at {LEVEL:.0%} (bootstrap over models and repeats, "
        f"paired over targets); n/a: no errors. {design(part.ok)} The best is picked on the same targets. "
        f"Colours go up to {top:.1f}; what is larger has the darkest. {units(part.ok)}"
    ).rstrip()
