"""A map of selectors and benchmarks, coloured by error relative to random anchors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from anchoreval.reporting.canvas import figure

FARTHEST = 2.0
"""Ratios beyond this factor, up or down, share the last colour."""


def ratio_map(path: Path, ratios: pd.DataFrame) -> None:
    """Write the map as PNG: a row a selector, the best on top; a cell is blue where it errs less than random anchors.

    Args:
        path: of the file.
        ratios: of `anchoreval.studies.against_random`: columns benchmark, selector, ratio, better, worse.
    """
    grid = ratios.pivot(index="selector", columns="benchmark", values="ratio")
    grid = grid[list(dict.fromkeys(ratios["benchmark"]))]
    grid = grid.loc[np.log(grid).mean(axis=1).sort_values().index]
    resolved = (ratios["better"] > 0) | (ratios["worse"] > 0)
    sure = ratios.assign(sure=resolved).pivot(index="selector", columns="benchmark", values="sure").reindex_like(grid)
    with figure(path, max(2.6 + 0.85 * grid.shape[1], 8.0), 1.7 + 0.32 * len(grid)) as canvas:
        axes = canvas.subplots()
        limit = np.log(FARTHEST)
        image = axes.imshow(np.log(grid), cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
        for (row, column), value in np.ndenumerate(grid.to_numpy()):
            if np.isfinite(value):
                weight = "bold" if sure.iloc[row, column] == 1 else "normal"
                colour = "white" if abs(np.log(value)) > 0.62 * limit else "#222222"
                axes.text(
                    column, row, f"{value:.2f}", ha="center", va="center", fontsize=8, weight=weight, color=colour
                )
            else:
                axes.text(column, row, "n/a", ha="center", va="center", fontsize=7.5, color="#777777")
        axes.set_xticks(range(grid.shape[1]), [name.replace("_", "\n", 1) for name in grid.columns], fontsize=8)
        axes.set_yticks(range(len(grid)), list(grid.index), fontsize=8.5)
        axes.tick_params(length=0)
        axes.grid(visible=False)
        for spine in axes.spines.values():
            spine.set_visible(False)
        bar = canvas.colorbar(image, ax=axes, shrink=0.8, pad=0.02, ticks=np.log([0.5, 0.7, 1.0, 1.4, 2.0]))
        bar.ax.set_yticklabels(["0.5", "0.7", "1", "1.4", "2"])
        bar.set_label("error relative to random anchors", fontsize=8.5)
        bar.outline.set_visible(False)
        axes.set_title("Error relative to random anchors, one common reconstruction\n", loc="left")
        axes.annotate(
            "geometric mean over k = 20, 50, 100; bold: resolved at one budget at least",
            (0, 1),
            xycoords="axes fraction",
            xytext=(0, 6),
            textcoords="offset points",
            fontsize=8.5,
            color="#555555",
        )
