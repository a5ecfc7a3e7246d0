"""The report of adaptive tests: what it says, that it survives a round trip, odd names, and what is drawn."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.reporting.adaptive_report import markdown_report, page, terminal_report
from anchoreval.reporting.adaptive_summary import AdaptiveSummary, warnings
from anchoreval.reporting.figure_sittings import items_asked, narrowing
from anchoreval.reporting.page import write_page

EVIL = "<script>alert(1)</script> | $x_1$"


def estimates(truth: bool = True) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "asked": [20, 35, 60],
            "answered": [20, 34, 60],
            "score": [0.8, 0.5, 0.3],
            "lower": [0.75, 0.45, 0.22],
            "upper": [0.85, 0.55, 0.38],
            "half_width": [0.05, 0.05, 0.08],
            "belief": [0.02, 0.02, 0.03],
            "ended": ["narrow enough", "narrow enough", "budget spent"],
            "truth": [0.81, 0.57, 0.31] if truth else [np.nan] * 3,
        },
        index=pd.Index(["best", EVIL, "last"], name="model", dtype=object),
    )


def summary(**changes: Any) -> AdaptiveSummary:
    made = AdaptiveSummary(
        benchmark="bench",
        items=500,
        aggregation="micro",
        policy="optimal",
        policy_options={"dimensions": 2, "shrinkage": None},
        batch=5,
        abilities={"1": 0.03, "2": 0.02},
        budget=60,
        half_width=0.05,
        fixed=100,
        factor=2.5,
        seed=0,
        scoring="scored live through lm-eval",
        drawn_alike=None,
        roles={"select": 80, "calibrate": 30},
        crossed=False,
        calibration_groups=30,
        level=0.95,
        obstacle="",
        expected_error=0.02,
        expected_items=41.5,
        expected_spent=0.1,
        duplicates="No copies.",
        left_out={"variants or copies of a target": 2},
        failures={},
        estimates=estimates(),
    )
    return dataclasses.replace(made, **changes)


def steps() -> dict[str, pd.DataFrame]:
    return {str(name): pd.DataFrame({"asked": [10, 20], "half_width": [0.3, 0.06]}) for name in estimates().index}


def test_the_summary_survives_a_round_trip() -> None:
    for made in (summary(), summary(factor=None, expected_error=None), summary(estimates=estimates(truth=False))):
        again = AdaptiveSummary.from_dict(json.loads(json.dumps(made.to_dict(), allow_nan=False)))
        pd.testing.assert_frame_equal(again.estimates, made.estimates, check_index_type=False, check_column_type=False)
        assert terminal_report(again) == terminal_report(made)
    assert summary(factor=float("inf")).to_dict()["factor"] is None


def test_what_is_said() -> None:
    text = terminal_report(summary())
    assert "38.3 items on average, 20 to 60 (the fixed form asks 100 for such an interval); 1 of 3 ran" in text
    assert "mean absolute error against the true scores: 3.0 points; 2 of 3 intervals hold" in text
    report = markdown_report(summary(), {"figures/items.png": "A caption."})
    assert "until its interval reaches 5.00 points either way, that of 100 fixed anchors" in report
    assert "which answered 41.5 items on average; 10% ran into the budget" in report
    assert "| abilities tried, error in points | 1: 3.00, 2: 2.00 |" in report
    assert "optimal (dimensions = 2)" in report
    assert "![A caption.](figures/items.png)" in report


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"obstacle": "no calibration models: intervals"}, "No calibration models"),
        ({"drawn_alike": False}, "on purpose"),
        ({"failures": {"bad": "out of memory"}}, "first, bad: out of memory"),
        ({}, "1 of 3 targets ran into the budget of 60 items"),
        ({"estimates": estimates().assign(score=[np.nan, 0.5, 0.3])}, "1 targets answered nothing"),
    ],
)
def test_warnings(changes: dict[str, Any], words: str) -> None:
    assert any(words in text for text in warnings(summary(**changes)))


def test_no_warning_without_a_reason() -> None:
    fine = estimates().assign(ended="narrow enough")
    assert warnings(summary(estimates=fine, drawn_alike=True)) == []
    assert "1 of 3" not in " ".join(warnings(summary(half_width=None, fixed=None)))


def test_unknown_truth_and_errors_are_left_out() -> None:
    unknown = summary(
        estimates=estimates(truth=False), expected_error=None, expected_items=None, expected_spent=None, factor=None
    )
    text = markdown_report(unknown, {})
    assert "true score" not in text
    assert "Unknown: no model was kept out" in text


def test_names_do_no_harm(tmp_path: Path) -> None:
    drawn = items_asked(tmp_path / "items.png", summary())
    write_page(tmp_path / "report.html", page(summary(), tmp_path, {"items.png": drawn}))
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
    table = [line for line in markdown_report(summary(), {}).splitlines() if "alert" in line]
    assert all(r"\|" in line for line in table)
    assert table


@pytest.mark.parametrize("targets", [1, 3, 90])
def test_figures_are_drawn_for_few_and_many(targets: int, tmp_path: Path) -> None:
    rows = pd.concat([estimates()] * 30).iloc[:targets]
    rows.index = pd.Index([f"{n} {name}" for n, name in enumerate(rows.index)], name="model")
    paths = {str(name): steps()["best"] for name in rows.index}
    for made in (summary(estimates=rows), summary(estimates=rows, half_width=None, fixed=None)):
        caption = items_asked(tmp_path / "items.png", made)
        assert ("60 longest of 90" in caption) == (targets == 90)
        assert ("100 anchors" in caption) == (made.fixed is not None)
        assert "95%" in narrowing(tmp_path / "paths.png", made, paths)
        for name in ("items.png", "paths.png"):
            assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
