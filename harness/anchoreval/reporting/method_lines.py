"""Lines of methods against a number: their means over repeats with bands, and looks by which they are told apart.

Reports and papers draw the same lines. Random anchors, to which all others are compared, are grey and dashed; the
others differ in colour, marker and, beyond seven, in the kind of line.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from anchoreval.protocol.marks import REFERENCE
from anchoreval.reporting.canvas import COLOURS, MARKERS

BAND = 0.95
"""Confidence of bands: that of the mean over repeats, by Student's t."""
GREY = "#555555"
LINES = ("-", ":", "-.")


def means_over_repeats(shown: pd.DataFrame, figure: str, by: list[str]) -> pd.DataFrame:
    """Mean of a figure over rows that agree in `by`, with its standard error and how far its band reaches.

    Returns:
        Columns `by`, `mean`, `sem` (NaN for a single row), `count`, `reach` (0 for a single row).
    """
    found = shown.groupby(by, sort=False)[figure].agg(["mean", "sem", "count"]).reset_index()
    quantile = stdtrit(np.maximum(found["count"] - 1, 1), (1 + BAND) / 2)
    return found.assign(reach=(quantile * found["sem"]).fillna(0.0))


def ordered(values: Iterable[Any], first: str | None = None) -> list[str]:
    """Distinct values in order of appearance, the reference first."""
    found = [str(v) for v in dict.fromkeys(values)]
    return sorted(found, key=lambda name: name != first)


def distinct_rows(table: pd.DataFrame, columns: list[str]) -> list[tuple[Any, ...]]:
    """Distinct combinations: by the first appearance of each text, and by size of the last column, a number."""
    places = [{value: n for n, value in enumerate(dict.fromkeys(table[name]))} for name in columns[:-1]]
    rows = table[columns].drop_duplicates().itertuples(index=False, name=None)
    return sorted(rows, key=lambda row: (*(place[value] for place, value in zip(places, row, strict=False)), row[-1]))


def method_style(method: str, n: int, size: float = 4.5) -> dict[str, Any]:
    """How the line of a method looks, the reference being method 0; `size` of the markers in typographic points."""
    if method == REFERENCE:
        return {"color": GREY, "linestyle": "--", "marker": "o", "markersize": 0.9 * size}
    return {
        "color": COLOURS[(n - 1) % 7],
        "linestyle": LINES[(n - 1) // 7 % 3],
        "marker": MARKERS[(n + (n - 1) // 7) % 7],
        "markersize": size,
    }


def draw_line(axes: Any, at: pd.Series[Any], line: pd.DataFrame, style: dict[str, Any], alpha: float = 0.15) -> None:
    """Means as a line with its band, which has no width where there is a single repeat."""
    axes.plot(at, line["mean"], **style)
    low, high = line["mean"] - line["reach"], line["mean"] + line["reach"]
    axes.fill_between(at, low, high, color=style["color"], alpha=alpha, linewidth=0)


def errors_axis(axes: Any, means: pd.DataFrame) -> None:
    """A logarithmic axis, on which small errors can be told apart as well; linear where an error is 0.

    A band that reaches below half of the least error, or above twice the largest, is cut there.
    """
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    least, most = float(means["mean"].min()), float(means["mean"].max())
    top = min(1.1 * (means["mean"] + means["reach"]).max(), 2.0 * most)
    if least <= 0:
        axes.set_ylim(0, top + 0.1)
        return
    axes.set_yscale("log")
    axes.set_ylim(np.clip(0.95 * (means["mean"] - means["reach"]).min(), 0.5 * least, 0.85 * least), top)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def ticks_at(axis: Any, values: Iterable[float]) -> None:
    """Ticks at these values and nowhere else."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    at = list(values)
    axis.set_major_locator(FixedLocator(at))
    axis.set_major_formatter(FixedFormatter([f"{value:,.0f}" if value >= 1000 else f"{value:g}" for value in at]))
    axis.set_minor_locator(NullLocator())
