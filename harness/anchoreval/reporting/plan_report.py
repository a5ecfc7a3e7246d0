"""The report of `job=plan`: a page for the terminal, and the same as a Markdown document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.power.plans.planning import CLOSED_FORM, MEASURED, NONE, Plan
from anchoreval.reporting.tables import markdown_table, points, text_table

HEADER = ["selector", "anchors", "cost", "gap", "over repeats", "error", "slope", "critical", "T2 gap", "closed form"]
CURVES = ["selector", "anchors needed", "over repeats", "cost", "floor", "remark"]
NOTE = (
    "In percentage points. gap: smallest true difference of two models that is found (T1: on these very items), the "
    "median over repeats, and its range; > where it lies beyond the differences seen among models that were held out; "
    "* where nothing costs less and finds as small a gap. error: root mean squared error of a held-out model's score. "
    "slope: of estimated differences on true ones. critical: estimated difference from which on two models count as "
    "different. T2 gap: the same for the population that the items come from. closed form: T2 gap by as many random "
    "items read by their mean (McNemar's test)."
)
CLEARLY = 0.9
"""Share of the recommended cost below which a curve's budget is worth a word."""
CURVE_NOTE = (
    "A curve through each selector's gaps, sqrt(floor² + rate (1 / anchors - 1 / items)), says where it falls to the "
    "wanted gap; extrapolated where that is outside the budgets measured. over repeats: by curves through the "
    "lowest and the highest gaps as well. floor: the gap that it never falls below."
)


def terminal_report(plan: Plan) -> str:
    """What is wanted, what to do, what limits that, and the tables that it rests on."""
    parts = [f"{_subject(plan)}\n{_wanted(plan)}", recommendation(plan), *plan.caveats]
    parts += [_population(plan), text_table(_header(plan), _rows(plan)), NOTE]
    if len(plan.curves):
        parts += [text_table(CURVES, _curve_rows(plan)), CURVE_NOTE]
    return "\n\n".join([*parts, "\n".join(plan.left_out)] if plan.left_out else parts)


def markdown_report(plan: Plan, figures: Mapping[str, str]) -> str:
    """The same as a document with figures (caption by path relative to the report)."""
    sections = [
        f"# What budget resolves the models of {plan.subject.benchmark}",
        f"{_wanted(plan)} {_subject(plan)}",
        f"**{recommendation(plan)}**",
        *(f"> {caveat}" for caveat in plan.caveats),
        _population(plan),
        f"## Measured\n\n{NOTE}\n\n{markdown_table(_header(plan), _rows(plan))}",
    ]
    if len(plan.curves):
        sections.append(f"## Budget needed\n\n{CURVE_NOTE}\n\n{markdown_table(CURVES, _curve_rows(plan))}")
    sections += [f"![{caption}]({path})\n\n*{caption}*" for path, caption in figures.items()]
    if plan.left_out:
        sections.append("## Left out\n\n" + "\n".join(f"- {line}" for line in plan.left_out))
    return "\n\n".join(sections) + "\n"


def recommendation(plan: Plan) -> str:
    """What to do, in one or two sentences."""
    chosen, wanted = plan.recommendation, 100 * plan.aim.wanted
    if chosen.basis == NONE:
        return f"No budget that was looked at will find {wanted:g} points: {_why_none(plan)}."
    share = chosen.anchors / plan.subject.n_items
    what = f"{chosen.selector} with {chosen.anchors:,.0f} anchors ({share:.0%} of the items)"
    cost = f"Cost {_cost(plan, chosen.cost)} a model instead of {_cost(plan, plan.prices.full)}{_for_all(plan)}."
    if chosen.basis == MEASURED:
        held = f"{chosen.reached} of {chosen.repeats} repeats"
        finds = f"finds {points(chosen.smallest)} points ({wanted:g} or less in {held})"
        return f"Recommended: {what} {finds}. {cost}{_cheaper(plan)}"
    if chosen.basis == CLOSED_FORM:
        return f"Recommended by the closed form for right or wrong answers read by their mean: {what}. {cost}"
    doubt = "extrapolated" if chosen.extrapolated else "between budgets measured, none of which does"
    return f"Recommended by the curve of budgets ({doubt}): {what}. {cost}"


def _cheaper(plan: Plan) -> str:
    """The cheapest by the curves, where it costs clearly less than what was measured."""
    best = plan.curves.iloc[0] if len(plan.curves) else None
    if best is None or not best["cost"] <= CLEARLY * plan.recommendation.cost:
        return ""
    return f" By its curve {best['selector']} with {best['needed']:,.0f} anchors might do: measure it with plan.k."


def _why_none(plan: Plan) -> str:
    if plan.curves.empty:
        return "nothing was measured, and the closed form for random anchors needs more items than there are"
    return "; ".join(f"{row['selector']}: {row['reason']}" for _, row in plan.curves.iterrows())


def _subject(plan: Plan) -> str:
    about = plan.subject
    return (
        f"{about.benchmark}: {about.n_items:,} items; {about.n_models} models in {about.n_groups} groups stand in for "
        f"those to come; anchors read by {about.estimator}."
    )


def _wanted(plan: Plan) -> str:
    return (
        f"Wanted: a true gap of {100 * plan.aim.wanted:g} points between two models, found with {plan.aim.power:.0%} "
        f"power by a two-sided test at {plan.aim.alpha:.0%}."
    )


def _population(plan: Plan) -> str:
    full = points(plan.full_population)
    closed = f"{plan.random_needed:,.0f} random items" if np.isfinite(plan.random_needed) else "no number of items"
    return (
        f"T1, the fixed benchmark: all items resolve any gap. T2, the population of items: all items resolve {full} "
        f"points. In closed form (discordance {plan.discordance:.2f}) {closed} read by their mean would do, for T2."
    )


def _header(plan: Plan) -> list[str]:
    return [*HEADER[:3], f"for {plan.prices.models}", *HEADER[3:]] if plan.prices.models > 1 else HEADER


def _rows(plan: Plan) -> list[list[str]]:
    every = plan.prices.models
    return [
        [
            _name(row),
            f"{row['anchors']:,.0f}",
            _cost(plan, row["cost"]),
            *([_cost(plan, every * row["cost"])] if every > 1 else []),
            _gap(row, "smallest") + (" *" if row["frontier"] else "  "),
            _range(row),
            points(row["error"]),
            _or_dash(row["slope"], "{:.2f}".format),
            points(row["critical"]),
            _gap(row, "population"),
            points(row["closed_form"]),
        ]
        for _, row in plan.points.iterrows()
    ]


def _name(row: pd.Series[Any]) -> str:
    """The selector, with its budget where that counts something else than items."""
    return str(row["selector"]) if row["k"] == row["anchors"] else f"{row['selector']} k={row['k']}"


def _gap(row: pd.Series[Any], column: str) -> str:
    """`4.7`; `>31.2` beyond the gaps seen; a dash where nothing was measured."""
    if np.isfinite(row[column]) or not row["repeats"]:
        return points(row[column])
    return f">{points(row['largest_gap'])}"


def _range(row: pd.Series[Any]) -> str:
    if row["repeats"] < 2:
        return "-"
    return f"{_gap(row, 'lowest')} to {_gap(row, 'highest')}"


def _curve_rows(plan: Plan) -> list[list[str]]:
    return [
        [
            str(row["selector"]),
            _or_dash(row["needed"], "{:,.0f}".format),
            _needed_range(row),
            _or_dash(row["cost"], lambda cost: _cost(plan, cost)),
            points(row["floor"]),
            row["reason"] or ("extrapolated" if row["extrapolated"] else "within budgets measured"),
        ]
        for _, row in plan.curves.iterrows()
    ]


def _needed_range(row: pd.Series[Any]) -> str:
    """`500 to 1,100`; `500 to none` where by the highest gaps no budget does."""
    ends = [_or_dash(row[end], "{:,.0f}".format) for end in ("fewest", "most")]
    return "-" if ends == ["-", "-"] else " to ".join("none" if end == "-" else end for end in ends)


def _or_dash(value: float, form: Callable[[float], str]) -> str:
    return form(value) if np.isfinite(value) else "-"


def _cost(plan: Plan, cost: float) -> str:
    """Whole numbers without decimals, as counts of items or tokens are."""
    return f"{cost:,.0f}" if cost >= 1000 or float(cost).is_integer() else f"{cost:,.3g}"


def _for_all(plan: Plan) -> str:
    if plan.prices.models == 1:
        return f" ({plan.prices.unit})"
    total = _cost(plan, plan.prices.models * plan.recommendation.cost)
    return f", {total} for {plan.prices.models} models ({plan.prices.unit})"
