"""Estimates with their intervals: against the true scores where those are known, else by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.reporting.canvas import CLOUD, COLOURS, INK, figure, title
from anchoreval.reporting.figure_lines import model_label
from anchoreval.reporting.run_summary import RunSummary
from anchoreval.reporting.tables import points

LABELLED, CROWD = 8, 25
"""Up to this many targets are named in the figure against the truth; above that many, lines get thin."""


def estimates_against_truth(path: Path, summary: RunSummary, residuals: pd.DataFrame) -> str:
    """Targets with intervals over the models that size the errors as a cloud; returns the caption.

    Args:
        path: the PNG to write.
        summary: its targets need a true score.
        residuals: columns `estimate` and `truth` of the models that size the errors, in [0, 1]; may be empty.
    """
    with figure(path, 6.6, 7.0) as canvas:
        axes = canvas.add_subplot()
        draw_against_truth(axes, summary, residuals)
        canvas.legend(loc="outside lower center", ncols=2)
        title(axes, _finding(summary), _design(summary))
    cloud = f"{summary.judges} in grey{', each predicted by a fit without it' if summary.crossed else ''}"
    return f"Estimates against true scores; {cloud}, {summary.level:.0%} intervals for the targets."


def draw_against_truth(axes: Any, summary: RunSummary, residuals: pd.DataFrame, marker: float = 5.5) -> None:
    """The diagonal, the cloud and the targets on the axes; names of few targets only in a report.

    Args:
        axes: with labels that the legend shows.
        summary: as for `estimates_against_truth`.
        residuals: likewise.
        marker: size of a target's dot in typographic points; below that of a report, names are left out.
    """
    known = summary.judged
    low, high = _range(known, residuals)
    axes.plot([low, high], [low, high], color=INK, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    if len(residuals):
        axes.scatter(
            100 * residuals["truth"],
            100 * residuals["estimate"],
            s=16 * (marker / 5.5) ** 2,
            color=CLOUD,
            zorder=2,
            label=f"{summary.judges}{', each left out' if summary.crossed else ''} ({len(residuals)})",
        )
    _intervals(axes, known, summary.level, marker)
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    if marker >= 5.5:
        _names(axes, known)
    axes.set(
        xlabel="true score on all items (percentage points)", ylabel="estimate from the anchors (percentage points)"
    )


def forest(path: Path, summary: RunSummary) -> str:
    """A line a target: estimate and interval, the best first; returns the caption."""
    rows = summary.drawable.sort_values("score")
    with figure(path, 7.0, min(1.9 + 0.3 * len(rows), 40.0)) as canvas:
        axes = canvas.add_subplot()
        height = np.arange(len(rows))
        errors = np.nan_to_num(_arms(rows))
        axes.errorbar(100 * rows["score"], height, xerr=errors, fmt="o", color=COLOURS[0], capsize=3, markersize=5)
        axes.set_yticks(height, [model_label(name) for name in rows.index], parse_math=False)
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.set_xlabel("estimated score on all items (percentage points)")
        axes.grid(visible=False, axis="y")
        title(axes, _forest_finding(summary), _design(summary))
    return f"Estimates with {summary.level:.0%} intervals; the true scores are not known."


def _intervals(axes: Any, known: pd.DataFrame, level: float, marker: float) -> None:
    """Targets with their intervals, those apart whose interval misses the true score; thin where there are many."""
    missed = (known["truth"] < known["lower"]) | (known["truth"] > known["upper"])
    given = known["lower"].notna().any()
    many = len(known) > CROWD
    for rows, colour, what in (
        (known[~missed], COLOURS[0], ""),
        (known[missed], COLOURS[1], " missing the true score"),
    ):
        if rows.empty:
            continue
        label = f"targets, {level:.0%} interval{what} ({len(rows)})" if given else f"targets ({len(rows)})"
        x, y = 100 * rows["truth"], 100 * rows["score"]
        if given:
            width, alpha, cap = (0.9, 0.35, 0) if many else (1.4, 1.0, 3)
            style = {"ecolor": colour, "elinewidth": width, "capsize": cap, "fmt": "none", "alpha": alpha}
            axes.errorbar(x, y, yerr=np.nan_to_num(_arms(rows)), zorder=3, **style)
        axes.plot(x, y, "o", color=colour, markersize=marker * (0.73 if many else 1.0), label=label, zorder=3.5)


def _arms(rows: pd.DataFrame) -> Any:
    """(2, targets) how far the interval reaches below and above the estimate, in percentage points."""
    arms = 100 * np.array([rows["score"] - rows["lower"], rows["upper"] - rows["score"]], dtype=np.float64)
    return np.where(np.isnan(arms), arms, np.maximum(arms, 0.0))


def _names(axes: Any, known: pd.DataFrame) -> None:
    """Names at the ends of the intervals, above and below in turn, so that neighbours do not meet."""
    from matplotlib.patheffects import withStroke

    if len(known) > LABELLED:
        return
    halo = [withStroke(linewidth=3, foreground="white")]
    for n, (model, row) in enumerate(known.sort_values("truth").iterrows()):
        side, ends = (1, "upper") if n % 2 else (-1, "lower")
        end = row[ends] if np.isfinite(row[ends]) else row["score"]
        axes.annotate(
            model_label(model),
            (100 * row["truth"], 100 * end),
            xytext=(0, 5 * side),
            textcoords="offset points",
            fontsize=8.5,
            color=INK,
            ha="center",
            va="bottom" if side > 0 else "top",
            path_effects=halo,
            zorder=4,
            parse_math=False,
        )


def _range(known: pd.DataFrame, residuals: pd.DataFrame) -> tuple[float, float]:
    shown = [known[c] for c in ("truth", "score", "lower", "upper")]
    shown += [residuals[c] for c in ("truth", "estimate")] if len(residuals) else []
    values = 100 * pd.concat(shown).to_numpy(dtype=np.float64)
    margin = 0.04 * (np.nanmax(values) - np.nanmin(values)) + 0.5
    return float(max(np.nanmin(values) - margin, -2.0)), float(min(np.nanmax(values) + margin, 102.0))


def _finding(summary: RunSummary) -> str:
    inside, known = summary.covered()
    error = f"estimates miss the true score by {points(summary.mean_error)} points on average"
    held = f"; {inside} of {known} intervals hold it" if known else ""
    return error[0].upper() + error[1:] + held


def _forest_finding(summary: RunSummary) -> str:
    scores, widths = summary.drawable["score"], (summary.drawable["upper"] - summary.drawable["lower"]).dropna()
    spread = f"Estimates from {points(scores.min())} to {points(scores.max())} points"
    if len(summary.estimates) == 1:
        spread = f"{summary.estimates.index[0]} scores about {points(scores.iloc[0])} points"
    return spread + (f", intervals {points(widths.median())} points wide" if len(widths) else ", errors unknown")


def _design(summary: RunSummary) -> str:
    selector = summary.chosen("selector") or summary.selector
    estimator = summary.chosen("estimator") or summary.estimator
    methods = selector if selector.endswith(f" + {estimator}") else f"{selector} + {estimator}"
    return f"{summary.benchmark}: {summary.anchors} of {summary.items:,} items, {methods}"
