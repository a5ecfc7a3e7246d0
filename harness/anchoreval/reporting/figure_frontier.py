"""Cost against the smallest gap that is found, for every selector and budget of a plan, with the frontier."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.power.law.budget_curve import BudgetCurve
from anchoreval.power.plans.planning import CURVE, MEASURED, NONE, Plan
from anchoreval.reporting.canvas import CLOUD, COLOURS, INK, MARKERS, figure, title

REFERENCE = "random"
MOST_TICKS = 8
SPREAD = 1.03
"""Factor by which selectors of one cost stand apart."""


def frontier_figure(path: Path, plan: Plan) -> str:
    """A line a selector, bars for the range over repeats, the frontier as steps; returns the caption.

    Args:
        path: the PNG to write.
        plan: what was measured; gaps are shown in percentage points.
    """
    with figure(path, 7.0, 5.0) as canvas:
        axes = canvas.subplots()
        draw_frontier(axes, plan)
        title(axes, _finding(plan), _design(plan))
        canvas.legend(loc="outside lower center", ncols=3)
    return frontier_caption(plan)


def draw_frontier(axes: Any, plan: Plan, text: float = 8.5, marker: float = 5.5) -> None:
    """Everything on the axes, with labels that the legend shows; `text` and `marker` in typographic points."""
    _closed_form(axes, plan)
    _steps(axes, plan.points[plan.points["frontier"]])
    names = sorted(dict.fromkeys(plan.points["selector"]), key=lambda name: (name != REFERENCE, name))
    for n, name in enumerate(names):
        offers = plan.points[plan.points["selector"] == name]
        _line(axes, offers, name, n, SPREAD ** (n - (len(names) - 1) / 2), marker)
    axes.axhline(100 * plan.aim.wanted, color=INK, linestyle="--", linewidth=1)
    _recommended(axes, plan, marker)
    _dress(axes, plan, text)


def frontier_caption(plan: Plan) -> str:
    """What dots, bars and steps are."""
    return (
        f"Smallest true gap found with {plan.aim.power:.0%} power at {plan.aim.alpha:.0%} on these items, by cost of "
        "the anchors: median and range over repeats; the steps are the frontier, which nothing else beats in both."
    )


def _line(axes: Any, offers: pd.DataFrame, selector: str, n: int, shift: float, marker: float) -> None:
    known = offers.dropna(subset=["smallest"]).sort_values("cost")
    if known.empty:
        return
    colour = "#555555" if selector == REFERENCE else COLOURS[(n - 1) % len(COLOURS)]
    middle = 100 * known["smallest"]
    top = np.where(known["highest"].notna(), 100 * known["highest"], 100 * known["largest_gap"])
    reach = [middle - 100 * known["lowest"], np.maximum(top - middle, 0.0)]
    axes.errorbar(
        known["cost"] * shift,
        middle,
        yerr=reach,
        color=colour,
        marker=MARKERS[n % len(MARKERS)],
        markersize=marker,
        linewidth=1.2,
        elinewidth=0.9,
        label=selector,
        zorder=3,
    )


def _steps(axes: Any, best: pd.DataFrame) -> None:
    """The best gap that a sum buys, up to the dearest offer."""
    if best.empty:
        return
    ordered = best.sort_values(["cost", "smallest"])
    axes.step(
        ordered["cost"],
        100 * ordered["smallest"],
        where="post",
        color=COLOURS[4],
        linewidth=6,
        alpha=0.35,
        label="frontier",
        zorder=2,
    )


def _closed_form(axes: Any, plan: Plan) -> None:
    offers = plan.points.dropna(subset=["closed_form"]).drop_duplicates("anchors").sort_values("cost")
    if len(offers):
        label = "random items by their mean, closed form"
        axes.plot(offers["cost"], 100 * offers["closed_form"], color=CLOUD, linestyle=":", label=label, zorder=1)


def _recommended(axes: Any, plan: Plan, marker: float) -> None:
    chosen = plan.recommendation
    if chosen.basis == NONE:
        return
    size = 2.4 * marker
    ring = {"marker": "o", "markersize": size, "markerfacecolor": "none", "markeredgecolor": INK, "linestyle": "none"}
    axes.plot([chosen.cost], [100 * chosen.smallest], label=f"recommended ({chosen.basis})", zorder=4, **ring)
    if chosen.basis == CURVE:
        _curve(axes, plan)


def _curve(axes: Any, plan: Plan) -> None:
    """The curve that the recommendation rests on, from the cheapest offer to the recommended budget."""
    chosen = plan.recommendation
    curve = plan.curves[plan.curves["selector"] == chosen.selector].iloc[0]
    offers = plan.points[plan.points["selector"] == chosen.selector]
    ends = np.log([offers["anchors"].min(), chosen.anchors])
    anchors = np.exp(np.linspace(ends.min(), ends.max(), 50))
    gaps = BudgetCurve(curve["floor"] ** 2, curve["rate"], 1, plan.subject.n_items, plan.subject.n_items)(anchors)
    axes.plot(anchors * chosen.cost / chosen.anchors, 100 * gaps, color=INK, linestyle="-.", linewidth=1, label="curve")


def _dress(axes: Any, plan: Plan, text: float) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    _ticks(axes.xaxis, plan.points["cost"].unique(), (1, 2, 5))
    _ticks(axes.yaxis, [], (1, 1.5, 2, 3, 5, 7))
    axes.annotate(
        f"wanted: {100 * plan.aim.wanted:g} points",
        (0, 100 * plan.aim.wanted),
        xycoords=("axes fraction", "data"),
        xytext=(4, 3),
        textcoords="offset points",
        fontsize=text,
        color=INK,
    )
    axes.set_xlabel(f"cost of the anchors for one model ({plan.prices.unit})")
    axes.set_ylabel("smallest gap found (percentage points)")


def _ticks(axis: Any, values: Any, steps: tuple[float, ...]) -> None:
    """At these values, where there are few and they do not crowd each other; else at round ones."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

    ordered = np.sort(np.asarray(values, dtype=np.float64))
    few = 2 <= len(ordered) <= MOST_TICKS and (ordered[1:] > 1.3 * ordered[:-1]).all()
    axis.set_major_locator(FixedLocator(ordered.tolist()) if few else LogLocator(subs=steps))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axis.set_minor_locator(NullLocator())


def _finding(plan: Plan) -> str:
    chosen, wanted = plan.recommendation, f"{100 * plan.aim.wanted:g} points"
    if chosen.basis == NONE:
        return f"No budget that was looked at finds a gap of {wanted}"
    finds = f"find {100 * chosen.smallest:.1f} points" if chosen.basis == MEASURED else f"should find {wanted}"
    return f"{chosen.anchors:,.0f} anchors by {chosen.selector} {finds}"


def _design(plan: Plan) -> str:
    repeats = int(plan.points["repeats"].max())
    about = plan.subject
    return f"{about.benchmark}, {about.n_items:,} items, read by {about.estimator}, {repeats} repeats"
