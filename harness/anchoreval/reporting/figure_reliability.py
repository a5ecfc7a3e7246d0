"""Whether what is stated comes true: probabilities of orders, and the coverage of intervals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.reporting.canvas import COLOURS, INK, MARKERS, figure
from anchoreval.reporting.figure_lines import headline, model_label, name_rows

LARGEST_DOT, SMALLEST_DOT = 220.0, 6.0
"""Areas of dots, in square typographic points."""
LONGEST_NAME = 24


def reliability_figure(path: Path, probabilities: pd.DataFrame, intervals: pd.DataFrame) -> str:
    """Stated against true probabilities, and coverage against its nominal level; returns the caption.

    Args:
        path: the PNG to write.
        probabilities: of `anchoreval.power.law.checks.Reliability`: a row a bin of pairs: `stated` and `true` share of
            right orders in [0, 1], `pairs`.
        intervals: a row a kind of models and level: `what`, `level`, `coverage`, `low` and `high` (of an interval for
            the coverage, given the number of models), `models`; shares in [0, 1]; all models together stand first.
    """
    kinds = list(dict.fromkeys(intervals["what"]))
    with figure(path, 8.4, max(4.5, 2.0 + 0.3 * len(kinds))) as canvas:
        left, right = canvas.subplots(1, 2)
        _orders(left, probabilities)
        _coverage(right, intervals, kinds)
        headline(canvas, _finding(probabilities, intervals))
    return _caption(probabilities, intervals)


def _orders(axes: Any, table: pd.DataFrame) -> None:
    stated, true = 100 * table["stated"], 100 * table["true"]
    low = min(47.0, float(true.min()) - 4.0) if len(table) else 47.0
    if len(table):
        axes.plot([low, 103], [low, 103], color=INK, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
        areas = np.maximum(LARGEST_DOT * table["pairs"] / table["pairs"].max(), SMALLEST_DOT)
        axes.scatter(stated, true, s=areas, color=COLOURS[0], edgecolors="white", linewidths=0.6, zorder=3)
    else:
        _nothing(axes, "no pairs to check")
    axes.set(xlim=(low, 103), ylim=(low, 103), aspect="equal", anchor="N")
    axes.set(xlabel="stated probability of the order (%)", ylabel="pairs truly in that order (%)")
    axes.set_title("order of two models; dot area: number of pairs", fontsize=9.5, fontweight="normal", pad=6)


def _coverage(axes: Any, intervals: pd.DataFrame, kinds: list[Any]) -> None:
    """A line a kind of models; levels beside each other in colours, each with its nominal value as a dashed line."""
    known = intervals.dropna(subset=["coverage"])
    levels = sorted(known["level"].unique())
    for n, level in enumerate(levels):
        rows = known[known["level"] == level]
        place = np.array([kinds.index(what) for what in rows["what"]]) + 0.22 * (n - (len(levels) - 1) / 2)
        colour = COLOURS[n % len(COLOURS)]
        axes.axvline(100 * level, color=colour, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)
        axes.errorbar(
            100 * rows["coverage"],
            place,
            xerr=_arms(rows),
            fmt=MARKERS[n % len(MARKERS)],
            color=colour,
            markersize=5,
            elinewidth=1.4,
            capsize=2.5,
            label=f"{100 * level:g}% intervals",
        )
    _kinds_axis(axes, intervals, kinds)
    if levels:
        axes.get_figure().legend(loc="outside lower right", ncols=4)
    else:
        _nothing(axes, "no intervals to check")


def _kinds_axis(axes: Any, intervals: pd.DataFrame, kinds: list[Any]) -> None:
    from matplotlib.ticker import MaxNLocator

    models = intervals.groupby("what")["models"].max()
    labels = [f"{model_label(what, LONGEST_NAME)} ({models[what]:.0f})" for what in kinds]
    name_rows(axes, labels, 8.5 if len(kinds) <= 15 else 7.5)
    if not kinds:
        axes.set_ylim(1, 0)
    low = 100 * float(intervals[["coverage", "low"]].min().min()) if len(intervals) else np.nan
    axes.set_xlim(max(min(low - 3, 78), -3) if np.isfinite(low) else 0, 103)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    axes.set_xlabel("models whose true score is inside (%)")
    axes.set_title("intervals; dashed: their stated level", fontsize=9.5, fontweight="normal", pad=6)
    axes.grid(visible=False, axis="y")


def _arms(rows: pd.DataFrame) -> Any:
    arms = np.array([rows["coverage"] - rows["low"], rows["high"] - rows["coverage"]], dtype=np.float64)
    return 100 * np.maximum(np.nan_to_num(arms), 0.0)


def _nothing(axes: Any, words: str) -> None:
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color="#555555")


def _error(probabilities: pd.DataFrame) -> float:
    """Mean absolute difference of stated and true shares over pairs; NaN where there are none."""
    pairs = probabilities["pairs"].to_numpy(dtype=np.float64)
    off = (probabilities["stated"] - probabilities["true"]).abs().to_numpy(dtype=np.float64)
    return float(off @ pairs / pairs.sum()) if pairs.sum() > 0 else float("nan")


def _overall(intervals: pd.DataFrame) -> pd.DataFrame:
    """A row a level: of all models together, which stand first."""
    known = intervals.dropna(subset=["coverage"])
    return known[known["what"] == known["what"].iloc[0]].sort_values("level") if len(known) else known


def _finding(probabilities: pd.DataFrame, intervals: pd.DataFrame) -> str:
    error, overall = _error(probabilities), _overall(intervals)
    shares = zip(overall["level"], overall["coverage"], strict=True)
    held = ", ".join(f"{100 * share:.0f}% of {100 * level:g}% intervals" for level, share in shares)
    parts = [f"Stated probabilities are {100 * error:.1f} points off on average"] if np.isfinite(error) else []
    parts += [f"{held} hold the true score"] if held else []
    return "; ".join(parts) or "Nothing stated could be checked"


def _caption(probabilities: pd.DataFrame, intervals: pd.DataFrame) -> str:
    error, pairs = _error(probabilities), int(probabilities["pairs"].sum())
    orders = (
        f"Left: stated probabilities of the order of two models against the share that is right, {pairs:,} pairs; on "
        f"average they differ by {100 * error:.1f} percentage points."
        if np.isfinite(error)
        else "Left: no pairs to check stated orders with."
    )
    overall = _overall(intervals)
    held = [
        f"{100 * share:.1f}% for {100 * level:g}% intervals ({models:.0f} models)"
        for level, share, models in zip(overall["level"], overall["coverage"], overall["models"], strict=True)
    ]
    covered = (
        " Right: share of models whose interval holds the true score, with what chance allows for so many models "
        f"(number in brackets); {overall['what'].iloc[0]}: {', '.join(held)}."
        if held
        else " Right: no intervals to check."
    )
    return orders + covered
