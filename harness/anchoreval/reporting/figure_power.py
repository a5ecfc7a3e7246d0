"""How probable it is that a true difference of two models is found, by its size.

For the fixed benchmark (T1) from the anchors, since the full benchmark is exact there; for the population that its
items come from (T2) from the anchors and from the full benchmark: what lies between is lost to compression.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.reporting.canvas import COLOURS, INK, figure, title
from anchoreval.reporting.tables import points

LINES = (
    ("power", "anchors, these items (T1)", COLOURS[0], "-"),
    ("population", "anchors, population of items (T2)", COLOURS[1], "--"),
    ("full", "full benchmark, population of items (T2)", COLOURS[2], (0, (1, 1.2))),
)
WIDEST = 10.0
"""Percentage points that the axis reaches where there is no gap to show."""


def power_curve_figure(path: Path, curve: pd.DataFrame, alpha: float, power: float, smallest: float) -> str:
    """Power against the true gap of two models, in percentage points; returns the caption.

    Args:
        path: the PNG to write.
        curve: of `anchoreval.power.report.resolution_table.power_curve`: `gap` in score units, `power` for the fixed
            benchmark, `population` and `full` for the population of its items; NaN where it is not known.
        alpha: of the two-sided test.
        power: that is wanted.
        smallest: gap found with that power in the fixed benchmark, in score units; NaN where none is.
    """
    curve = curve.sort_values("gap")
    with figure(path, 7.0, 4.7) as canvas:
        axes = canvas.add_subplot()
        draw_power(axes, curve, power, smallest)
        if axes.get_legend_handles_labels()[0]:
            canvas.legend(loc="outside lower center", ncols=2)
        title(axes, _finding(curve, power, smallest), f"two-sided tests at the {100 * alpha:g}% level")
    return power_caption(curve, alpha, power, smallest)


def draw_power(axes: Any, curve: pd.DataFrame, power: float, smallest: float, text: float = 8.5) -> None:
    """The curves on the axes, with labels that the legend shows; `text` is the size of words in typographic points."""
    seen = _last_seen(curve, smallest)
    end = _gap_axis(axes, curve, smallest, seen)
    _curves(axes, curve)
    _wanted(axes, 100 * power, text)
    if np.isfinite(smallest):
        _mark(axes, 100 * smallest, 100 * power)
    if seen < end:
        _unseen(axes, seen, end, text)
    axes.set(ylim=(0, 103), yticks=range(0, 101, 20))
    axes.set_ylabel("probability that the difference is found (%)")


def power_caption(curve: pd.DataFrame, alpha: float, power: float, smallest: float) -> str:
    """What the curves show, where they end and what compression costs."""
    seen = _last_seen(curve, smallest)
    return _caption(curve, alpha, power, smallest) + _known_to(curve, seen) + _lost(curve)


def _last_seen(curve: pd.DataFrame, smallest: float) -> float:
    """Percentage points beyond which nothing is known; infinity where the curve is known to its end."""
    known = curve["power"].notna()
    if len(curve) and known.iloc[-1]:
        return float("inf")
    last = curve["gap"][known].max() if known.any() else 0.0
    return 100 * float(np.nanmax([last, smallest]))


def _gap_axis(axes: Any, curve: pd.DataFrame, smallest: float, seen: float) -> float:
    """Set limits and label of the axis of gaps, with room for words beyond those seen; returns its end."""
    last = 100 * float(curve["gap"].max()) if len(curve) else WIDEST
    end = float(np.nanmax([last, 105 * smallest, 1.15 * seen if np.isfinite(seen) else 0.0]))
    axes.set_xlim(0, end)
    axes.set_xlabel("true difference of two models' full scores (percentage points)")
    return end


def _curves(axes: Any, curve: pd.DataFrame) -> None:
    gap = 100 * curve["gap"]
    for column, label, colour, style in LINES:
        if curve[column].notna().any():
            axes.plot(gap, 100 * curve[column], color=colour, linestyle=style, label=label, linewidth=2.0)
    if curve["population"].notna().any():
        lost, more = (100 * curve["population"], 100 * curve["full"]), curve["full"] > curve["population"]
        axes.fill_between(
            gap, *lost, color=COLOURS[2], alpha=0.12, linewidth=0, where=more, label="lost to compression"
        )


def _wanted(axes: Any, power: float, text: float) -> None:
    axes.axhline(power, color=INK, linewidth=1, linestyle=(0, (4, 3)), zorder=1.5)
    style = {"textcoords": "offset points", "fontsize": text, "va": "bottom", "color": INK, "zorder": 3}
    style["bbox"] = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5}
    axes.annotate(f"wanted: {power:g}%", (0, power), xytext=(5, 2), **style)


def _mark(axes: Any, gap: float, power: float) -> None:
    axes.plot([gap, gap], [0, power], color=COLOURS[0], linewidth=1)
    axes.plot([gap], [power], "o", color=COLOURS[0], markersize=7, markeredgecolor="white", zorder=4)
    right = gap < 0.6 * axes.get_xlim()[1]
    axes.annotate(
        f"{gap:.1f} points",
        (gap, 0),
        xytext=(5 if right else -5, 6),
        textcoords="offset points",
        ha="left" if right else "right",
        va="bottom",
        color=COLOURS[0],
        fontweight="bold",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
    )


def _unseen(axes: Any, start: float, end: float, text: float) -> None:
    axes.axvspan(start, end, facecolor="#f2f4f5", edgecolor="#d5dbdf", hatch="////", linewidth=0, zorder=1)
    wide = end - start > 0.35 * end
    axes.text(
        (start + end) / 2,
        50,
        "too few calibration models\nare so far apart" if start > 0 else "what differences are found\nis not known",
        rotation=0 if wide else 90,
        ha="center",
        va="center",
        fontsize=text,
        color="#555555",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2},
        zorder=3,
    )


def _finding(curve: pd.DataFrame, power: float, smallest: float) -> str:
    if np.isfinite(smallest):
        return f"Models {points(smallest)} points apart are told apart with {100 * power:g}% probability"
    if curve["power"].notna().any():
        return f"No gap seen among calibration models has {100 * power:g}% power"
    return "What differences are found is not known"


def _caption(curve: pd.DataFrame, alpha: float, power: float, smallest: float) -> str:
    shown = (
        "Probability that a true difference of two models is found, in its direction, by a two-sided test at the "
        f"{100 * alpha:g}% level; dashed line: the wanted power, {100 * power:g}%."
    )
    least = (
        f" The smallest difference found so often in the fixed benchmark is {points(smallest)} percentage points."
        if np.isfinite(smallest)
        else " No difference as large as calibration models show is found so often in the fixed benchmark."
    )
    return shown + least


def _known_to(curve: pd.DataFrame, seen: float) -> str:
    if not curve["power"].notna().any():
        return " No power is known at any gap."
    if not np.isfinite(seen):
        return ""
    return f" Hatched: gaps above {seen:.1f} points; too few calibration models are so far apart."


def _lost(curve: pd.DataFrame) -> str:
    """What compression costs where it costs most."""
    lost = curve["full"] - curve["population"]
    if not lost.max() > 0:
        return ""
    at = float(curve["gap"].to_numpy()[np.nanargmax(lost.to_numpy())])
    return (
        f" For the population of items, compression loses at most {points(lost.max(), 0)} percentage points of power, "
        f"at a difference of {points(at)} points."
    )
