from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.power.plans.plan_points import Aim
from anchoreval.power.plans.planning import CLOSED_FORM, CURVE, MEASURED, NONE, Plan, Prices, Recommendation, Subject
from anchoreval.reporting import canvas, figure_frontier
from anchoreval.reporting.figure_frontier import frontier_figure
from anchoreval.reporting.plan_report import markdown_report, recommendation, terminal_report

from .test_figures import cut_off

NAN = float("nan")
GROUND = {"repeats": 3, "groups": 24, "error": 0.021, "slope": 0.93, "spread": 0.03, "critical": 0.058}


def point(selector: str, k: int, smallest: float, **changes: Any) -> dict[str, Any]:
    ends = {"lowest": smallest - 0.01, "highest": smallest + 0.01, "population": smallest + 0.005}
    more = {
        "anchors": float(k),
        "cost": float(k),
        "reached": 1,
        "largest_gap": 0.312,
        "closed_form": 0.1,
        "frontier": True,
    }
    return {"selector": selector, "k": k, "smallest": smallest, **GROUND, **ends, **more, **changes}


def curve(selector: str, **changes: Any) -> dict[str, Any]:
    known = {"floor": 0.03, "rate": 0.5, "needed": 313.0, "fewest": 250.0, "most": NAN, "cost": 313.0}
    return {"selector": selector, **known, "extrapolated": True, "reason": "", **changes}


def plan(chosen: Recommendation, models: int = 1, **changes: Any) -> Plan:
    rows = [
        point("random", 50, NAN, lowest=0.25, highest=NAN, population=NAN, closed_form=NAN, frontier=False),
        point("optimal", 50, 0.124, reached=0),
        point("optimal", 200, 0.049),
        point("bento", 2, 0.06, anchors=180.0, cost=180.0, frontier=False),
    ]
    never = {"needed": NAN, "cost": NAN, "fewest": NAN, "extrapolated": False}
    curves = [curve("optimal"), curve("random", **never, reason="its curve does not fall below 9.0 points")]
    made = Plan(
        subject=Subject("arc", 1172, 212, 206, "auto"),
        aim=Aim(0.05),
        prices=Prices("items", 1172.0, models),
        points=pd.DataFrame(rows),
        curves=pd.DataFrame(curves),
        full_population=0.038,
        discordance=0.21,
        random_needed=660.0,
        recommendation=chosen,
        caveats=("It was a guess.",),
        left_out=("mrmr k = 50: failed: it | raised",),
    )
    return dataclasses.replace(made, **changes)


BEST = Recommendation(MEASURED, "optimal", 200.0, 200.0, 0.049, False, 2, 3)
BY_CURVE = Recommendation(CURVE, "optimal", 313.0, 313.0, 0.05, True)


def test_the_page_says_what_is_wanted_what_to_do_and_what_limits_it() -> None:
    text = terminal_report(plan(BEST))
    for said in (
        "arc: 1,172 items; 212 models in 206 groups",
        "Wanted: a true gap of 5 points between two models, found with 80% power by a two-sided test at 5%.",
        "Recommended: optimal with 200 anchors (17% of the items) finds 4.9 points (5 or less in 2 of 3 repeats). "
        "Cost 200 a model instead of 1,172 (items).",
        "It was a guess.",
        "T2, the population of items: all items resolve 3.8 points.",
        "660 random items",
        "mrmr k = 50: failed: it | raised",
    ):
        assert said in text


def test_a_curve_that_promises_a_cheaper_budget_is_named() -> None:
    cheaper = pd.DataFrame([curve("optimal", needed=150.0, cost=150.0), curve("random")])
    assert recommendation(plan(BEST)).endswith("(items).")
    assert recommendation(plan(BEST, curves=cheaper)).endswith(
        "By its curve optimal with 150 anchors might do: measure it with plan.k."
    )


def test_rows_by_hand() -> None:
    lines = [" ".join(line.split()) for line in terminal_report(plan(BEST)).splitlines()]
    assert "random 50 50 >31.2 25.0 to >31.2 2.1 0.93 5.8 >31.2 -" in lines
    assert "optimal 200 200 4.9 * 3.9 to 5.9 2.1 0.93 5.8 5.4 10.0" in lines
    assert "bento k=2 180 180 6.0 5.0 to 7.0 2.1 0.93 5.8 6.5 10.0" in lines
    assert "optimal 313 250 to none 313 3.0 extrapolated" in lines
    assert "random - - - 3.0 its curve does not fall below 9.0 points" in lines


def test_several_models_cost_several_times_as_much() -> None:
    text = terminal_report(plan(BEST, models=12))
    assert "for 12" in text
    assert "2,400 for 12 models (items)" in text
    assert "optimal 200 200 2,400 4.9 *" in " ".join(text.split())


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (BY_CURVE, "Recommended by the curve of budgets (extrapolated): optimal with 313 anchors"),
        (dataclasses.replace(BY_CURVE, extrapolated=False), "(between budgets measured, none of which does)"),
        (Recommendation(CLOSED_FORM, "random", 660.0, 660.0, 0.05), "Recommended by the closed form"),
    ],
)
def test_what_a_recommendation_rests_on_is_said(chosen: Recommendation, said: str) -> None:
    assert said in recommendation(plan(chosen))


def test_none_is_recommended_with_the_reasons() -> None:
    curves = plan(BEST).curves.iloc[1:]
    text = recommendation(plan(Recommendation(NONE), curves=curves))
    assert text == (
        "No budget that was looked at will find 5 points: random: its curve does not fall below 9.0 points."
    )


def test_nothing_measured_leaves_dashes_and_the_closed_form() -> None:
    unknown = dict.fromkeys((*GROUND, "lowest", "highest", "population", "largest_gap"), NAN) | {"repeats": 0}
    points = pd.DataFrame([point("random", 50, NAN, **unknown, frontier=False)])
    text = terminal_report(plan(Recommendation(NONE), points=points, curves=pd.DataFrame()))
    assert "random 50 50 - - - - - - 10.0" in " ".join(text.split())
    assert "nothing was measured, and the closed form for random anchors needs more items" in text


def test_the_document_holds_the_same_and_its_figure() -> None:
    text = markdown_report(plan(BEST), {"figures/frontier.png": "a caption"})
    assert text.startswith("# What budget resolves the models of arc\n")
    assert "| optimal | 200 | 200 | 4.9 * | 3.9 to 5.9 |" in text
    assert "![a caption](figures/frontier.png)" in text
    assert "- mrmr k = 50: failed: it | raised" in text


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Figures that are drawn, kept to be looked at."""
    from contextlib import contextmanager

    kept: list[Any] = []

    @contextmanager
    def keeping(*arguments: Any) -> Any:
        with canvas.figure(*arguments) as made:
            kept.append(made)
            yield made

    monkeypatch.setattr(figure_frontier, "figure", keeping)
    return kept


@pytest.mark.parametrize("chosen", [BEST, BY_CURVE, Recommendation(NONE)])
def test_the_frontier_is_drawn(tmp_path: Path, drawn: list[Any], chosen: Recommendation) -> None:
    caption = frontier_figure(tmp_path / "a.png", plan(chosen))
    axes = drawn[0].axes[0]
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert "80% power" in caption
    assert "percentage points" in axes.get_ylabel()
    (steps,) = [line for line in axes.lines if line.get_label() == "frontier"]
    np.testing.assert_allclose(steps.get_ydata(), [12.4, 4.9])
    rings = [line for line in axes.lines if str(line.get_label()).startswith("recommended")]
    assert [ring.get_ydata()[0] for ring in rings] == ([] if chosen.basis == NONE else [100 * chosen.smallest])
    if chosen.basis == CURVE:
        (curved,) = [line for line in axes.lines if line.get_label() == "curve"]
        assert curved.get_ydata()[-1] == pytest.approx(100 * np.sqrt(0.03**2 + 0.5 * (1 / 313 - 1 / 1172)))
    assert not cut_off(drawn[0])


def test_the_same_plan_is_drawn_the_same(tmp_path: Path, drawn: list[Any]) -> None:
    for name in "ab":
        frontier_figure(tmp_path / f"{name}.png", plan(BEST))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_plan_without_measurements_has_a_figure_of_the_closed_form(tmp_path: Path, drawn: list[Any]) -> None:
    made: Callable[..., dict[str, Any]] = point
    points = pd.DataFrame([made("random", k, NAN, repeats=0, frontier=False) for k in (50, 100)])
    frontier_figure(tmp_path / "a.png", plan(Recommendation(NONE), points=points, curves=pd.DataFrame()))
    labels = [line.get_label() for line in drawn[0].axes[0].lines]
    assert "random items by their mean, closed form" in labels
    assert not cut_off(drawn[0])
