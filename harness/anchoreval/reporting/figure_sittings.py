"""Adaptive tests in figures: how many items each target was asked, and how the intervals narrowed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.reporting.adaptive_summary import SPENT, AdaptiveSummary
from anchoreval.reporting.canvas import CLOUD, COLOURS, INK, figure, title
from anchoreval.reporting.figure_lines import CROWD, MOST_MODELS, headline, model_label, name_rows
from anchoreval.reporting.tables import points

GROUPS = ((False, COLOURS[0], "narrow enough"), (True, COLOURS[1], "ran into the budget"))
"""Whether the budget ended a test, the colour, and the words."""


def items_asked(path: Path, summary: AdaptiveSummary) -> str:
    """A bar a target, the longest test on top, against the fixed form; returns the caption."""
    rows = summary.estimates.sort_values("asked", ascending=False, kind="stable").head(MOST_MODELS)
    size = 9.0 if len(rows) <= CROWD else 6.5
    with figure(path, 7.0, 1.9 + (0.3 if len(rows) <= CROWD else 0.17) * len(rows)) as canvas:
        axes = canvas.add_subplot()
        spent = (rows["ended"] == SPENT).to_numpy()
        height = np.arange(len(rows))
        for over, colour, label in GROUPS:
            some = spent == over
            if some.any():
                words = label if summary.half_width is not None else "asked to the budget"
                axes.barh(height[some], rows["asked"].to_numpy()[some], color=colour, height=0.7, label=words)
        _rule(axes, summary)
        name_rows(axes, [model_label(name) for name in rows.index], size)
        axes.set_xlabel("items asked")
        axes.grid(visible=False, axis="y")
        canvas.legend(loc="outside lower center", ncols=3)
        headline(canvas, _finding(summary))
    shown = f"the {len(rows)} longest of {len(summary.estimates)} tests" if len(rows) < len(summary.estimates) else ""
    return f"Items asked of each target{f' ({shown})' if shown else ''}{_beside(summary)}."


def narrowing(path: Path, summary: AdaptiveSummary, paths: Mapping[str, pd.DataFrame]) -> str:
    """Half-width of every target's interval after each batch; returns the caption.

    Args:
        path: the PNG to write.
        summary: of the tests; its intervals must be known.
        paths: by target, columns `asked` and `half_width` (see `anchoreval.adaptive.sitting.Sitting`).
    """
    with figure(path, 7.0, 4.6) as canvas:
        axes = canvas.add_subplot()
        alpha = 0.9 if len(paths) <= CROWD else 0.35
        for model, steps in paths.items():
            over = summary.estimates.loc[model, "ended"] == SPENT and summary.half_width is not None
            colour = GROUPS[1][1] if over else GROUPS[0][1]
            width = 100 * np.minimum(steps["half_width"].to_numpy(dtype=np.float64), 1.0)
            axes.plot(steps["asked"], width, color=colour, linewidth=1.1, alpha=alpha, drawstyle="steps-post")
            axes.plot(steps["asked"].iloc[-1:], width[-1:], "o", color=colour, markersize=4)
        if summary.half_width is not None:
            wanted = 100 * summary.half_width
            axes.axhline(wanted, color=INK, linewidth=1, linestyle=(0, (4, 3)))
            axes.annotate(
                "wanted", (0, wanted), xycoords=("axes fraction", "data"), xytext=(4, -11), textcoords="offset points",
                fontsize=8.5, color=INK,
            )  # fmt: skip
        _rule(axes, summary)
        axes.set(xlabel="items asked", ylabel="half-width of the interval (percentage points)")
        axes.set_ylim(bottom=0)
        axes.set_xlim(left=0)
        title(axes, _narrowed(summary), f"{summary.benchmark}: {summary.policy}, {summary.level:.0%} intervals")
    return f"How the {summary.level:.0%} intervals narrowed, a line a target; the dot is where it stopped."


def _rule(axes: Any, summary: AdaptiveSummary) -> None:
    """A line at the length of the fixed form."""
    if summary.fixed is not None:
        axes.axvline(summary.fixed, color=CLOUD, linewidth=2, zorder=0.5, label=f"fixed form: {summary.fixed}")


def _finding(summary: AdaptiveSummary) -> str:
    asked = summary.estimates["asked"]
    many = f"{asked.mean():.0f} items on average" if len(asked) > 1 else f"{asked.iloc[0]} items"
    if summary.half_width is None:
        return f"Targets were asked {many}"
    beside = f" where the fixed form asks {summary.fixed}" if summary.fixed is not None else ""
    return f"An interval of {points(summary.half_width)} points either way took {many}{beside}"


def _narrowed(summary: AdaptiveSummary) -> str:
    reached = int((summary.estimates["ended"] != SPENT).sum())
    if summary.half_width is None:
        widths = summary.estimates["half_width"]
        return f"After {summary.budget} items intervals reach {points(widths.median())} points either way"
    return f"{reached} of {len(summary.estimates)} intervals became as narrow as wanted"


def _beside(summary: AdaptiveSummary) -> str:
    return f"; the grey line is the fixed form of {summary.fixed} anchors" if summary.fixed is not None else ""
