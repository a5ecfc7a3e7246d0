"""Error against budget for every method of a comparison, with bands for the standard error over repeats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from anchoreval.protocol.marks import REFERENCE
from anchoreval.reporting.canvas import COLOURS, MARKERS, figure

BAND = 2.0
"""Bands reach this many standard errors over repeats to either side."""


def error_by_budget(path: Path, cells: pd.DataFrame) -> str:
    """A panel per split and estimator, a line per selector; returns the caption.

    Args:
        path: the PNG to write.
        cells: the table of `anchoreval.compare`; `mae` in percentage points, rows of other status are left out.
    """
    shown = cells[cells["status"] == "ok"]
    means = _means(shown)
    splits, estimators = _order(shown["split"]), _order(shown["estimator"])
    selectors = _order(shown["selector"], first=REFERENCE)
    with figure(path, max(1.4 + 3.3 * len(estimators), 6.0), 1.6 + 2.9 * len(splits)) as canvas:
        panels = canvas.subplots(len(splits), len(estimators), sharex=True, sharey="row", squeeze=False)
        for row, split in enumerate(splits):
            for column, estimator in enumerate(estimators):
                panel = means[(means["split"] == split) & (means["estimator"] == estimator)]
                _panel(panels[row, column], panel, selectors)
                _labels(panels[row, column], split, estimator, row == len(splits) - 1, column == 0)
            _errors_axis(panels[row, 0], means[means["split"] == split])
        _ticks(panels[-1, 0], sorted(means["k"].unique()))
        handles = [_handle(selector, n) for n, selector in enumerate(selectors)]
        canvas.legend(handles=handles, loc="outside lower center", ncols=min(len(selectors), 5))
        _heading(canvas, cells, means)
    return (
        f"Mean absolute error on held-out models by number of anchors; bands are {BAND:g} standard errors over repeats."
    )


def _means(shown: pd.DataFrame) -> pd.DataFrame:
    """Mean over repeats and its standard error (NaN for a single repeat), benchmarks together."""
    grouped = shown.groupby(["split", "estimator", "selector", "k"])["mae"]
    table = grouped.agg(["mean", "sem", "count"]).reset_index()
    return table.sort_values("k")


def _panel(axes: Any, panel: pd.DataFrame, selectors: list[str]) -> None:
    for n, selector in enumerate(selectors):
        line = panel[panel["selector"] == selector].dropna(subset=["mean"])
        if line.empty:
            continue
        style = _style(selector, n)
        axes.plot(line["k"], line["mean"], **style)
        reach = BAND * line["sem"].fillna(0.0)
        axes.fill_between(
            line["k"], line["mean"] - reach, line["mean"] + reach, color=style["color"], alpha=0.15, linewidth=0
        )
    axes.set_xscale("log")
    axes.yaxis.set_tick_params(labelleft=True)


def _style(selector: str, n: int) -> dict[str, Any]:
    if selector == REFERENCE:
        return {"color": "#555555", "linestyle": "--", "marker": "o", "markersize": 4}
    return {
        "color": COLOURS[(n - 1) % 7],
        "linestyle": ("-", ":")[(n - 1) // 7 % 2],
        "marker": MARKERS[n % 7],
        "markersize": 4.5,
    }


def _handle(selector: str, n: int) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], label=selector, **_style(selector, n))


def _labels(axes: Any, split: str, estimator: str, bottom: bool, left: bool) -> None:
    axes.set_title(f"{estimator}, {split} split", fontsize=9.5, fontweight="normal", pad=5)
    if bottom:
        axes.set_xlabel("anchors k")
    if left:
        axes.set_ylabel("mean absolute error (points)")


def _errors_axis(axes: Any, means: pd.DataFrame) -> None:
    """A logarithmic axis, on which small errors can be told apart as well; linear where an error is 0."""
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    reach = BAND * means["sem"].fillna(0.0)
    if means["mean"].min() <= 0:
        axes.set_ylim(0, 1.05 * (means["mean"] + reach).max() + 0.1)
        return
    axes.set_yscale("log")
    axes.set_ylim(0.75 * means["mean"].min(), 1.1 * (means["mean"] + reach).max())
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def _ticks(axes: Any, budgets: list[int]) -> None:
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    axes.xaxis.set_major_locator(FixedLocator(budgets))
    axes.xaxis.set_major_formatter(FixedFormatter([str(k) for k in budgets]))
    axes.xaxis.set_minor_locator(NullLocator())


def _heading(canvas: Any, cells: pd.DataFrame, means: pd.DataFrame) -> None:
    split = next(name for name in _order(cells["split"]) if name in set(means["split"]))
    at = means[means["split"] == split]
    largest = at[at["k"] == at["k"].max()].sort_values("mean")
    best, worst = (
        f"{r['mean']:.1f} points ({r['selector']} + {r['estimator']})" for _, r in largest.iloc[[0, -1]].iterrows()
    )
    where = f"With {largest['k'].iloc[0]} anchors" + (f" ({split} split)" if means["split"].nunique() > 1 else "")
    finding = f"{where} errors range from {best}\nto {worst}" if len(largest) > 1 else f"{where} the error is {best}"
    names = ", ".join(map(str, _order(cells["benchmark"])))
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


def _order(values: pd.Series[Any], first: str | None = None) -> list[str]:
    """Distinct values in order of appearance, the reference first."""
    found = [str(v) for v in dict.fromkeys(values)]
    return sorted(found, key=lambda name: name != first)
