"""Rank sets: which places on the leaderboard each model may hold, a line a model with rank 1 on top."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.reporting.canvas import COLOURS, INK, figure
from anchoreval.reporting.figure_lines import CROWD, MOST_MODELS, headline, model_label, name_rows
from anchoreval.reporting.tables import points


def rank_sets_figure(path: Path, table: pd.DataFrame, level: float | None = None) -> str:
    """A bar a model from its best to its worst rank that is not ruled out; returns the caption.

    Args:
        path: the PNG to write.
        table: of `anchoreval.power.ranks.rank_sets.RankSets`: index model; `estimate` (score in [0, 1]), `rank`,
            `lower` and `upper` (best and worst rank of a set that holds for all models at once); perhaps
            `marginal_lower` and `marginal_upper` (of the set that holds for one model named beforehand), drawn as
            thicker bars.
        level: probability with which the sets hold, for the caption.
    """
    ranked = table.sort_values(["rank", "lower", "upper"], kind="stable")
    rows = ranked.head(MOST_MODELS)
    crowded = len(rows) > CROWD
    with figure(path, 7.0, 1.8 + (0.19 if crowded else 0.3) * len(rows)) as canvas:
        axes = canvas.add_subplot()
        handles = _bars(axes, rows, crowded)
        name_rows(axes, list(map(model_label, rows.index)), 7.5 if crowded else 9.0)
        _scores(axes, rows, 7.5 if crowded else 8.5)
        _rank_axis(axes, int(rows["upper"].max()), crowded)
        canvas.legend(handles=handles, loc="outside lower center", ncols=3)
        headline(canvas, _finding(ranked))
    return _caption(table, level)


def _bars(axes: Any, rows: pd.DataFrame, crowded: bool) -> list[Any]:
    """Draw them; returns what stands in the legend, in this order."""
    place, colour = np.arange(len(rows)), COLOURS[0]
    both = "marginal_lower" in rows and "marginal_upper" in rows
    drawn = axes.errorbar(
        (rows["lower"] + rows["upper"]) / 2,
        place,
        xerr=(rows["upper"] - rows["lower"]) / 2,
        fmt="none",
        ecolor=colour,
        elinewidth=1.1 if both else 1.8,
        capsize=2 if crowded else 3,
        label="ranks not ruled out" + (", all models at once" if both else ""),
    )
    handles: list[Any] = [drawn]
    if both:
        ends = rows["marginal_lower"], rows["marginal_upper"]
        width = 3.5 if crowded else 5.0
        handles.append(
            axes.hlines(place, *ends, color=colour, alpha=0.45, linewidth=width, label="one model by itself")
        )
    size = 3.5 if crowded else 5.0
    handles += axes.plot(rows["rank"], place, "o", color=INK, markersize=size, label="rank of the estimate", zorder=4)
    return handles


def _scores(axes: Any, rows: pd.DataFrame, size: float) -> None:
    """Estimated scores in percentage points down the right side."""
    style = {"transform": axes.get_yaxis_transform(), "fontsize": size, "color": "#555555"}
    for place, score in enumerate(rows["estimate"]):
        axes.text(1.02, place, points(float(score)), va="center", ha="left", **style)
    axes.text(1.02, -0.75, "score\n(points)", va="bottom", ha="left", **style)


def _rank_axis(axes: Any, worst: int, crowded: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(0.4, worst + 0.6)
    inner = MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]).tick_values(1, worst)
    ticks = sorted({1, *(int(tick) for tick in inner if 1 < tick <= worst)})
    axes.set_xticks(ticks)
    axes.set_xlabel("rank (1 is the best)")
    axes.tick_params(axis="x", labeltop=crowded)
    axes.grid(visible=False, axis="y")


def _finding(ranked: pd.DataFrame) -> str:
    first, count = ranked.index[ranked["lower"] <= 1], len(ranked)
    span = (ranked["upper"] - ranked["lower"] + 1).median()
    spans = f"the median rank set holds {span:g} {'place' if span == 1 else 'places'}"
    if len(first) == 1:
        return f"Only {model_label(first[0])} may be the best; {spans}"
    if len(first) == count:
        return f"{'Both' if count == 2 else f'All {count}'} models may be the best; {spans}"
    return f"{len(first)} of {count} models may be the best; {spans}"


def _caption(table: pd.DataFrame, level: float | None) -> str:
    sure = "" if level is None else f" with probability {level:.3g}"
    thick = (
        "; thin bars hold for all models at once, thick ones for one model named beforehand"
        if "marginal_lower" in table and "marginal_upper" in table
        else ""
    )
    cut = f" Only the first {MOST_MODELS} of {len(table):,} models are shown." if len(table) > MOST_MODELS else ""
    return (
        f"Ranks that each model may hold{sure}: bars reach from the best to the worst rank that is not ruled out"
        f"{thick}; dots are the ranks of the estimates, which stand at the right in percentage points.{cut}"
    )
