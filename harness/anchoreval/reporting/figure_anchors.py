"""Where the anchors lie among the benchmark's items, in the plane of difficulty and discrimination."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.reporting.canvas import CLOUD, COLOURS, figure, title

RASTERED = 5000
"""More items than these are one picture inside a PDF, which would be slow to open otherwise."""


def anchors_in_the_plane(path: Path, items: pd.DataFrame, benchmark: str, selector: str) -> str:
    """All items as a cloud with the anchors on top, sized by weight; returns the caption.

    Args:
        path: the PNG to write.
        items: a row an item: `difficulty` (share of source models that answer correctly), `discrimination` (NaN
            where an item is constant; such items are not shown) and `weight` (0 for items that are no anchors).
        benchmark: its name.
        selector: name of the method that chose the anchors.
    """
    with figure(path, 7.2, 5.8) as canvas:
        grid = canvas.add_gridspec(2, 1, height_ratios=(1, 4.2))
        axes = canvas.add_subplot(grid[1])
        above = canvas.add_subplot(grid[0], sharex=axes)
        draw_plane(axes, above, items)
        axes.legend(loc="lower right", markerscale=1.3)
        title(above, _finding(items), _subtitle(benchmark, selector, items))
    return "Anchors among all items: how many source models answer correctly, and how well an item tells models apart."


def draw_plane(axes: Any, above: Any, items: pd.DataFrame, scale: float = 1.0) -> None:
    """Items and anchors on the axes and, above these, how difficult both are; `scale` of the areas of marks.

    Args:
        axes: of the plane, with labels that the legend shows.
        above: of the shares by difficulty.
        items: as for `anchors_in_the_plane`.
        scale: areas as a multiple of those in a report.
    """
    shown = items.dropna(subset=["difficulty", "discrimination"])
    anchors = shown[shown["weight"] > 0]
    axes.scatter(
        100 * shown["difficulty"],
        shown["discrimination"],
        s=9 * scale,
        color=CLOUD,
        linewidths=0,
        alpha=_alpha(len(shown)),
        label=f"all items ({len(items):,})",
        rasterized=len(shown) > RASTERED,
    )
    axes.scatter(
        100 * anchors["difficulty"],
        anchors["discrimination"],
        s=scale * _sizes(anchors["weight"]),
        color=COLOURS[0],
        edgecolors="white",
        linewidths=0.6 * scale**0.5,
        label=f"anchors ({int((items['weight'] > 0).sum())})",
        zorder=3,
    )
    axes.axhline(0, color="#888888", linewidth=0.8, zorder=1)
    axes.set(
        xlim=(-2, 102),
        xlabel="source models that answer correctly (%)",
        ylabel="discrimination (correlation with the other items)",
    )
    _margin(above, shown, anchors)


def _margin(axes: Any, shown: pd.DataFrame, anchors: pd.DataFrame) -> None:
    bins = np.linspace(0, 100, 21)
    for rows, colour, fill in ((shown, "#8a99a3", True), (anchors, COLOURS[0], False)):
        if len(rows):
            share = np.full(len(rows), 100 / len(rows))
            kind = "stepfilled" if fill else "step"
            axes.hist(
                100 * rows["difficulty"],
                bins=bins,
                weights=share,
                histtype=kind,
                color=colour,
                alpha=0.35 if fill else 1.0,
                linewidth=1.6,
            )
    axes.set_ylabel("share (%)")
    axes.tick_params(labelbottom=False)


def _sizes(weight: pd.Series[float]) -> Any:
    """Area in proportion to weight, 38 points for a mean weight, and large enough to be seen."""
    return np.clip(38 * weight / weight.mean(), 8, 300) if len(weight) else np.empty(0)


def _alpha(count: int) -> float:
    return float(np.clip(1500 / max(count, 1), 0.25, 0.9))


def _finding(items: pd.DataFrame) -> str:
    every, chosen = items["difficulty"].mean(), items.loc[items["weight"] > 0, "difficulty"].mean()
    gap = 100 * (chosen - every)
    means = f"{100 * chosen:.0f} % correct on average, all items {100 * every:.0f} %"
    if abs(gap) < 1.5:
        return f"The anchors are as difficult as the benchmark: {means}"
    return f"The anchors are {'easier' if gap > 0 else 'harder'} than the benchmark: {means}"


def _subtitle(benchmark: str, selector: str, items: pd.DataFrame) -> str:
    constant = int(items["discrimination"].isna().sum())
    hidden = f"; {constant} items that all models answer alike are not shown" if constant else ""
    return f"{benchmark}, anchors by {selector}{hidden}"
