"""Error against cost, and what each sum buys at best: from a comparison, or from a plan.

From a comparison the cost of a method is the number of items that a new model answers, or the seconds that choosing
and fitting took; from a plan it is what the plan's answers cost, against the smallest gap that they find.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from anchoreval.errors import NotApplicableError
from anchoreval.protocol.marks import REFERENCE
from anchoreval.reporting.canvas import COLOURS
from anchoreval.reporting.figure_frontier import draw_frontier, frontier_caption
from anchoreval.reporting.method_lines import errors_axis, method_style, ordered, ticks_at
from anchoreval.reporting.paper.budget_curves import apart, legend_handle
from anchoreval.reporting.paper.kind import Caption, Inputs
from anchoreval.reporting.paper.style import Sheet
from anchoreval.reporting.paper.wording import design, listed

HEIGHTS = {"one": 2.4, "two": 3.0}
COSTS = {"items": "items that a new model answers", "seconds": "seconds to choose the anchors and to fit"}
BY = ["selector", "estimator", "k"]
OPTIONS = {
    "cost": "items (that a new model answers) or seconds (of choosing and fitting)",
    "selectors": "in this order",
    "estimators": "of which each selector takes part with every one",
    "splits": "of which one is needed",
}


def cost_frontier(inputs: Inputs, sheet: Sheet) -> Caption:
    """Mean absolute error against cost, a dot a method and budget, with the frontier as steps.

    Raises:
        NotApplicableError: several splits, whose errors stand for different questions.
    """
    shown = _shown(inputs)
    cost = inputs.choice("cost", COSTS, "items")
    offers = _offers(shown, cost)
    selectors = ordered(inputs.names("selectors", shown["selector"]), REFERENCE)
    names = sheet.labels(selectors)
    handles = [legend_handle(name, label, n) for n, (name, label) in enumerate(zip(selectors, names, strict=True))]
    axes = sheet.page(HEIGHTS[sheet.columns] + sheet.legend_height([*names, "frontier"])).add_subplot()
    best = _steps(axes, offers)
    _dots(axes, offers, selectors)
    _dress(axes, offers, cost, sheet)
    for handle in handles:
        handle.set_linestyle("none")
    sheet.legend([*handles, best])
    return Caption(_caption(shown, offers, cost))


def gap_frontier(inputs: Inputs, sheet: Sheet) -> Caption:
    """Smallest gap found against the cost of the anchors: the figure of a plan."""
    plan = inputs.part.plan
    axes = sheet.page(HEIGHTS[sheet.columns] + 0.6).add_subplot()
    draw_frontier(axes, plan, text=7.0, marker=3.6)
    axes.set_xlabel(sheet.wrapped(axes.get_xlabel(), 0.75))
    axes.set_ylabel("smallest gap found\n(percentage points)")
    sheet.legend(axes.get_legend_handles_labels()[0])
    about = plan.subject
    repeats = int(plan.points["repeats"].max())
    return Caption(
        f"{frontier_caption(plan)} Dashed: the gap that is wanted, {100 * plan.aim.wanted:g} percentage points. "
        f"Benchmark {about.benchmark}: {about.n_items:,} items, {about.n_models:,} models, anchors read by "
        f"{about.estimator}, {repeats} repeats."
    )


def _shown(inputs: Inputs) -> pd.DataFrame:
    cells = inputs.part.ok.dropna(subset=["mae"])
    for option, column in (("selectors", "selector"), ("estimators", "estimator"), ("splits", "split")):
        cells = cells[cells[column].isin(inputs.names(option, cells[column]))]
    if (splits := list(dict.fromkeys(cells["split"]))) and len(splits) > 1:
        raise NotApplicableError(f"figure {inputs.kind}: splits {listed(splits)}: name one by the option splits")
    return cells


def _offers(shown: pd.DataFrame, cost: str) -> pd.DataFrame:
    """A row a method and budget: `mean` error, `sem`, `cost`, and whether nothing else is at least as good in both."""
    costs = shown["n_anchors"] if cost == "items" else shown["select_seconds"] + shown["fit_seconds"]
    rows = (
        shown.assign(cost=costs)
        .groupby(BY, sort=False)
        .agg(mean=("mae", "mean"), sem=("mae", "sem"), cost=("cost", "mean"))
    )
    ordered_rows = rows.reset_index().sort_values(["cost", "mean"], kind="stable")
    before = ordered_rows["mean"].cummin().shift(fill_value=float("inf"))
    return ordered_rows.assign(frontier=ordered_rows["mean"] < before)


def _steps(axes: Any, offers: pd.DataFrame) -> Any:
    best = offers[offers["frontier"]]
    cost, error = [*best["cost"], offers["cost"].max()], [*best["mean"], best["mean"].min()]
    (drawn,) = axes.step(
        cost, error, where="post", color=COLOURS[4], linewidth=4, alpha=0.4, label="frontier", zorder=1
    )
    return drawn


def _dots(axes: Any, offers: pd.DataFrame, selectors: list[str]) -> None:
    for n, selector in enumerate(selectors):
        rows = offers[offers["selector"] == selector]
        style = {**method_style(selector, n, 3.2), "linestyle": "none"}
        axes.plot(rows["cost"], rows["mean"], alpha=0.85, markeredgewidth=0, **style)


def _dress(axes: Any, offers: pd.DataFrame, cost: str, sheet: Sheet) -> None:
    axes.set_xscale("log")
    axes.margins(x=0.07)
    errors_axis(axes, offers.assign(reach=0.0))
    if cost == "items":
        values = sorted({float(round(value)) for value in offers["cost"]})
        ticks_at(axes.xaxis, apart(values, sheet.width - 0.6))
    axes.set(xlabel=COSTS[cost], ylabel="mean absolute error\n(percentage points)")


def _caption(shown: pd.DataFrame, offers: pd.DataFrame, cost: str) -> str:
    best = offers[offers["frontier"]]
    named = [f"{r['selector']} + {r['estimator']} with k = {r['k']} ({r['mean']:.2f})" for _, r in best.iterrows()]
    return (
        f"Mean absolute error of estimated full scores (percentage points, mean over repeats) against "
        f"{COSTS[cost]}; a dot for every selector (marker), estimator "
        f"({listed(list(dict.fromkeys(shown['estimator'])))}) and budget. Steps: the least error that each cost buys: "
        f"{listed(named, 6)}. {design(shown)} The steps are the best of several that were tried on the same targets."
    )
