"""Plans: which selector and how many anchors reach a wanted resolution, what that costs, or that none will.

Before any target model exists, source models that were evaluated in full stand in for targets: repeats in which some of
them take no part in choosing anchors and fitting show what gap each selector finds at each budget (`plan_points`), and
curves through these what budget the wanted gap needs (`plan_curves`). The recommendation is the cheapest budget
measured that reaches it, failing that the cheapest by the curves. It is the best of several that were tried, so it says
in how many repeats it held.

The plan speaks of the fixed benchmark (T1): which model would score higher on these very items. What its full item set
resolves of the population that the items come from (T2) stands beside it, for no anchors do better there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.power.law.item_sampling import ItemSampling
from anchoreval.power.plans.frontier import frontier
from anchoreval.power.plans.plan_curves import plan_curves
from anchoreval.power.plans.plan_points import COLUMNS, Aim, Measured, plan_points
from anchoreval.power.plans.random_plan import RandomPlan
from anchoreval.responses import SCORE, ResponseMatrix

MEASURED, CURVE, CLOSED_FORM, NONE = "measured", "curve", "closed form", "none"
"""What a recommendation rests on."""
POINT_COLUMNS = (*COLUMNS, "closed_form", "frontier")
FEW_GROUPS = 19
"""Fewer groups of models size no 95 % interval either (`anchoreval.numerics.conformal`)."""


@dataclass(frozen=True)
class Prices:
    """What answers cost.

    Attributes:
        unit: of the costs, in words.
        full: cost of all items for one model.
        models: number of models that are to be scored.
    """

    unit: str
    full: float
    models: int = 1


@dataclass(frozen=True)
class Subject:
    """What a plan is about: the benchmark, its models, and how anchors are read."""

    benchmark: str
    n_items: int
    n_models: int
    n_groups: int
    estimator: str


@dataclass(frozen=True)
class Recommendation:
    """What to do.

    Attributes:
        basis: `measured`, `curve`, `closed form` (random anchors read by their mean), or `none` will.
        selector: its label; empty where none will.
        anchors: number of items; NaN where none will.
        cost: of these for one model.
        smallest: gap that they find with the wanted power, in score units; NaN where none will.
        extrapolated: whether it lies beyond the budgets measured.
        reached: of the repeats of a measured one, those that found the wanted gap.
        repeats: number of repeats.
    """

    basis: str
    selector: str = ""
    anchors: float = float("nan")
    cost: float = float("nan")
    smallest: float = float("nan")
    extrapolated: bool = False
    reached: int = 0
    repeats: int = 0


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that a plan says; scores in [0, 1].

    Attributes:
        subject: what it is about.
        aim: what is wanted.
        prices: what answers cost.
        points: a row a selector and budget (`plan_points.plan_points`), with `closed_form` (smallest difference by as
            many random items) and whether it is on the `frontier` of cost and smallest gap.
        curves: a row a selector (`plan_curves.plan_curves`).
        full_population: smallest difference that the full benchmark finds in the population of items (T2).
        discordance: of models of like score.
        random_needed: random items that find the wanted difference in closed form; NaN where it cannot say.
        recommendation: what to do.
        caveats: what was measured and limits what the plan says, a sentence each.
        left_out: what gave no figures, a line each.
    """

    subject: Subject
    aim: Aim
    prices: Prices
    points: pd.DataFrame
    curves: pd.DataFrame
    full_population: float
    discordance: float
    random_needed: float
    recommendation: Recommendation
    caveats: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def make_plan(
    sources: ResponseMatrix,
    subject: Subject,
    aim: Aim,
    prices: Prices,
    measured: Iterable[Measured],
    budgets: Sequence[int],
    left_out: Sequence[str] = (),
) -> Plan:
    """Put a plan together from what was measured.

    Args:
        sources: the benchmark with models that have full scores.
        subject: what the plan is about.
        aim: what is wanted.
        prices: what answers cost.
        measured: repeats; none where there are too few models, and then the closed form for random anchors stands
            alone, at these `budgets`.
        budgets: numbers of random anchors for which the closed form is wanted where nothing was measured.
        left_out: what gave no figures already, a line each.

    Raises:
        TooFewModelsError: fewer than two models with a full score.
    """
    sampling = ItemSampling.learn(sources)
    closed = RandomPlan.learn(sampling, aim, sources.coverage.get(SCORE, 1.0))
    found, without = plan_points(measured, aim, sampling.variance(0.0))
    points = _completed(found if len(found) else _unmeasured(budgets, prices, subject), closed)
    curves = plan_curves(found, aim.wanted, subject.n_items)
    recommendation = _recommended(found, curves, closed, prices, subject)
    full = sampling.smallest(aim.alpha, aim.power)
    return Plan(
        subject=subject,
        aim=aim,
        prices=prices,
        points=points,
        curves=curves,
        full_population=full,
        discordance=closed.discordance,
        random_needed=closed.needed(),
        recommendation=recommendation,
        caveats=tuple(_caveats(found, recommendation, aim, full)),
        left_out=(*left_out, *without),
    )


def _completed(points: pd.DataFrame, closed: RandomPlan) -> pd.DataFrame:
    return points.assign(
        closed_form=closed.smallest(points["anchors"].to_numpy(dtype=np.float64)),
        frontier=frontier(points["cost"], points["smallest"]),
    )


def _unmeasured(budgets: Sequence[int], prices: Prices, subject: Subject) -> pd.DataFrame:
    """Random anchors of which nothing is known but the closed form."""
    unknown = dict.fromkeys(COLUMNS, float("nan")) | {"repeats": 0, "reached": 0, "groups": 0}
    price = prices.full / subject.n_items
    rows = [{**unknown, "selector": "random", "k": k, "anchors": float(k), "cost": k * price} for k in budgets]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _recommended(
    points: pd.DataFrame, curves: pd.DataFrame, closed: RandomPlan, prices: Prices, subject: Subject
) -> Recommendation:
    wanted = closed.aim.wanted
    reaching = points[points["smallest"] <= wanted].sort_values(["cost", "smallest"], kind="stable")
    if len(reaching):
        best = reaching.iloc[0]
        anchors, cost, smallest = (float(best[name]) for name in ("anchors", "cost", "smallest"))
        held: dict[str, Any] = {"reached": int(best["reached"]), "repeats": int(best["repeats"])}
        return Recommendation(MEASURED, str(best["selector"]), anchors, cost, smallest, **held)
    if len(needed := curves[curves["needed"].notna()]):
        best = needed.iloc[0]
        chosen, beyond = (float(best["needed"]), float(best["cost"])), bool(best["extrapolated"])
        return Recommendation(CURVE, str(best["selector"]), *chosen, wanted, beyond)
    if not len(points) and (count := closed.needed()) <= subject.n_items:
        return Recommendation(CLOSED_FORM, "random", count, count * prices.full / subject.n_items, wanted)
    return Recommendation(NONE)


def _caveats(points: pd.DataFrame, chosen: Recommendation, aim: Aim, full: float) -> Iterable[str]:
    if not len(points):
        yield "Nothing was measured: there are too few models to learn how estimates follow true scores."
    elif (fewest := int(points["groups"].min())) < FEW_GROUPS:
        yield f"Some repeats rest on {fewest} groups of models only; their figures are uncertain, and large for it."
    if chosen.basis == MEASURED and chosen.reached < chosen.repeats:
        yield (
            f"The recommended anchors found the wanted gap in {chosen.reached} of {chosen.repeats} repeats: being the "
            "cheapest of several that were tried, they may do a little worse on other models."
        )
    if chosen.extrapolated:
        yield f"{chosen.anchors:,.0f} anchors lie beyond the budgets measured; measure them with plan.k before relying."
    if not full <= aim.wanted:
        yield (
            f"For the population that the items come from (T2), {100 * aim.wanted:g} points is less than the full "
            f"benchmark itself resolves ({_points(full)}): what anchors find below that holds for these very items."
        )


def _points(gap: Any) -> str:
    return f"{100 * gap:.1f} points" if np.isfinite(gap) else "no difference at all"
