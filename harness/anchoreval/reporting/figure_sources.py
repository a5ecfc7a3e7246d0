"""Error against the number of source models: a panel a benchmark, a curve a selector."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from anchoreval.reporting.canvas import COLOURS, MARKERS, figure


def error_by_sources(path: Path, rows: pd.DataFrame, selectors: Sequence[str]) -> None:
    """Write the figure as PNG; bands are one standard deviation over repeats.

    Args:
        path: of the file.
        rows: columns benchmark, selector, n, repeat, mae (percentage points, NaN where a method does not apply).
        selectors: in the order of the legend.
    """
    names = list(dict.fromkeys(rows["benchmark"]))
    with figure(path, 4.3 * len(names), 3.9) as canvas:
        panels = canvas.subplots(1, len(names), sharey=True, squeeze=False)[0]
        for axes, benchmark in zip(panels, names, strict=True):
            part = rows[rows["benchmark"] == benchmark]
            for selector, colour, marker in zip(selectors, COLOURS, MARKERS, strict=False):
                by_size = part[part["selector"] == selector].groupby("n")["mae"]
                mean, spread = by_size.mean().dropna(), by_size.std(ddof=1)
                axes.plot(mean.index, mean, marker=marker, markersize=4, color=colour, label=selector)
                low, high = (mean + sign * spread.reindex(mean.index) for sign in (-1, 1))
                axes.fill_between(mean.index, low, high, color=colour, alpha=0.13, linewidth=0)
            axes.set_xscale("log")
            axes.set_xlabel("source models")
            axes.set_title(benchmark.removeprefix("openllm_large_"))
        panels[0].set_ylim(bottom=0)
        panels[0].set_ylabel("mean absolute error (points)")
        panels[-1].legend(frameon=False)
