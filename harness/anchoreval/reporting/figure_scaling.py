"""Seconds against models, items and k: a row for selectors, a row for estimators, a line a method."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from anchoreval.reporting.canvas import COLOURS, MARKERS, figure

DIMENSIONS = {"models": "models", "items": "items", "k": "anchors k"}
STYLES = ("-", "--", ":")


def seconds_by_size(path: Path, rows: pd.DataFrame) -> None:
    """Write the figure as PNG; both axes are logarithmic.

    Args:
        path: of the file.
        rows: columns kind, method, dimension (models, items or k), size, seconds.
    """
    from matplotlib.ticker import NullFormatter

    with figure(path, 10.5, 8.0) as canvas:
        panels = canvas.subplots(2, 3, sharey="row", squeeze=False)
        for axes_row, kind in zip(panels, ("selector", "estimator"), strict=True):
            part = rows[rows["kind"] == kind]
            names = list(dict.fromkeys(part["method"]))
            for axes, (dimension, label) in zip(axes_row, DIMENSIONS.items(), strict=True):
                along = part[part["dimension"] == dimension]
                for number, name in enumerate(names):
                    line = along[along["method"] == name].sort_values("size")
                    colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
                    style = STYLES[number // len(COLOURS)]
                    axes.plot(
                        line["size"], line["seconds"], style, color=colour, marker=marker, markersize=3.5, label=name
                    )
                axes.set(xscale="log", yscale="log", xlabel=label, title=f"{kind}s")
                axes.xaxis.set_minor_formatter(NullFormatter())
            axes_row[0].set_ylabel("processor seconds")
            axes_row[-1].legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
