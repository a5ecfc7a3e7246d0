"""Error against budget for every method of a comparison, with bands for the standard error over repeats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from anchoreval.protocol.marks import REFERENCE
from anchoreval.reporting.canvas import figure
from anchoreval.reporting.method_lines import (
    BAND,
    draw_line,
    errors_axis,
    means_over_repeats,
    method_style,
    ordered,
    ticks_at,
)


def error_by_budget(path: Path, cells: pd.DataFrame) -> str:
    """A panel per split and estimator, a line per selector; returns the caption.

    Args:
        path: the PNG to write.
        cells: the table of `anchoreval.compare`; `mae` in percentage points, rows of other status are left out.
    """
    shown = cells[cells["status"] == "ok"]
    means = means_over_repeats(shown, "mae", ["split", "estimator", "selector", "k"]).sort_values("k")
    splits, estimators = ordered(shown["split"]), ordered(shown["estimator"])
    selectors = ordered(shown["selector"], first=REFERENCE)
    with figure(path, max(1.4 + 3.3 * len(estimators), 6.0), 1.6 + 2.9 * len(splits)) as canvas:
        panels = canvas.subplots(len(splits), len(estimators), sharex=True, sharey="row", squeeze=False)
        for row, split in enumerate(splits):
            for column, estimator in enumerate(estimators):
                panel = means[(means["split"] == split) & (means["estimator"] == estimator)]
                _panel(panels[row, column], panel, selectors)
                _labels(panels[row, column], split, estimator, row == len(splits) - 1, column == 0)
            errors_axis(panels[row, 0], means[means["split"] == split])
        ticks_at(panels[-1, 0].xaxis, sorted(means["k"].unique()))
        handles = [_handle(selector, n) for n, selector in enumerate(selectors)]
        canvas.legend(handles=handles, loc="outside lower center", ncols=min(len(selectors), 5))
        _heading(canvas, cells, means)
    return f"Mean absolute error on held-out models by number of anchors; bands: the mean with {BAND:.0%} confidence."


def _panel(axes: Any, panel: pd.DataFrame, selectors: list[str]) -> None:
    for n, selector in enumerate(selectors):
        line = panel[panel["selector"] == selector].dropna(subset=["mean"])
        if line.empty:
            continue
        draw_line(axes, line["k"], line, method_style(selector, n))
    axes.set_xscale("log")
    axes.yaxis.set_tick_params(labelleft=True)


def _handle(selector: str, n: int) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], label=selector, **method_style(selector, n))


def _labels(axes: Any, split: str, estimator: str, bottom: bool, left: bool) -> None:
    axes.set_title(f"{estimator}, {split} split", fontsize=9.5, fontweight="normal", pad=5)
    if bottom:
        axes.set_xlabel("anchors k")
    if left:
        axes.set_ylabel("mean absolute error (points)")


def _heading(canvas: Any, cells: pd.DataFrame, means: pd.DataFrame) -> None:
    split = next(name for name in ordered(cells["split"]) if name in set(means["split"]))
    at = means[means["split"] == split]
    largest = at[at["k"] == at["k"].max()].sort_values("mean")
    best, worst = (
        f"{r['mean']:.1f} points ({r['selector']} + {r['estimator']})" for _, r in largest.iloc[[0, -1]].iterrows()
    )
    where = f"With {largest['k'].iloc[0]} anchors" + (f" ({split} split)" if means["split"].nunique() > 1 else "")
    finding = f"{where} errors range from {best}\nto {worst}" if len(largest) > 1 else f"{where} the error is {best}"
    names = ", ".join(map(str, ordered(cells["benchmark"])))
    canvas.suptitle(finding, fontsize=11, fontweight="bold", x=0.02, ha="left")
    canvas.axes[0].annotate(
        f"{names}, {cells['repeat'].nunique()} repeats",
        (0, 1),
        xycoords="axes fraction",
        xytext=(0, 22),
        textcoords="offset points",
        fontsize=8.5,
        color="#555555",
    )
