from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.reporting.run_report import markdown_report, terminal_report
from anchoreval.reporting.run_summary import RunSummary, warnings


def estimates(**columns: Any) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "anchors": [100, 100, 99],
            "score": [0.312, 0.55, 0.78],
            "lower": [0.25, 0.49, 0.72],
            "upper": [0.37, 0.61, 0.84],
            "standard_error": 0.03,
            "extrapolating": [False, False, True],
            "truth": [0.333, 0.53, 0.85],
            "algebra": [0.2, 0.5, 0.9],
        },
        index=pd.Index(["small|model", "middle", "large"], name="model"),
    )
    return table.assign(**columns)


def summary(**changes: Any) -> RunSummary:
    made = RunSummary(
        benchmark="bench",
        items=2004,
        aggregation="macro",
        k=100,
        unit="item",
        anchors=100,
        selector="disco",
        selector_options={"score": "pds", "guides": None},
        estimator="auto",
        estimator_options={},
        chosen="ridge",
        seed=3,
        reused=False,
        scoring="recorded in the benchmark (models held out by split iid)",
        drawn_alike=True,
        roles={"select": 100, "calibrate": 40, "none": 2},
        calibration_groups=25,
        level=0.95,
        attainable_level=25 / 26,
        expected_error=0.021,
        baseline_error=0.12,
        left_out={"models without a full score": 2},
        estimates=estimates(),
    )
    return replace(made, **changes)


def test_errors_and_coverage_are_counted_by_hand() -> None:
    assert summary().mean_error == pytest.approx((0.021 + 0.02 + 0.07) / 3)
    assert summary().covered() == (2, 3)
    unknown = summary(estimates=estimates(truth=[0.333, np.nan, np.nan]))
    assert unknown.mean_error == pytest.approx(0.021)
    assert unknown.covered() == (1, 1)
    assert summary(estimates=estimates(truth=np.nan)).mean_error is None
    assert summary(estimates=estimates(lower=np.nan, upper=np.nan)).covered() == (0, 0)
    assert summary(attainable_level=0.9, estimates=estimates(lower=0.0, upper=1.0)).covered() == (0, 0)


def test_terminal_report_prints_percentage_points() -> None:
    lines = terminal_report(summary()).splitlines()
    assert lines[0].startswith("bench: 100 of 2,004 items as anchors (disco), reconstructed by auto -> ridge")
    row = next(line for line in lines if line.startswith("small|model")).split()
    assert row == ["small|model", "100", "31.2", "25.0", "to", "37.0", "33.3", "-2.1"]
    assert "mean absolute error against the true scores: 3.7 points; 2 of 3 intervals hold the true score" in lines


def test_tables_rank_the_targets_and_stay_short() -> None:
    many = pd.concat([estimates()] * 200).set_axis([f"model{n}" for n in range(600)]).rename_axis("model")
    text = terminal_report(summary(estimates=many))
    assert len([line for line in text.splitlines() if " to " in line]) == 40
    assert "... and 560 more in estimates.csv" in text
    assert [line.split()[0] for line in terminal_report(summary()).splitlines()[4:7]] == [
        "large",
        "middle",
        "small|model",
    ]
    assert "... and 100 more in estimates.csv" in markdown_report(summary(estimates=many), {})


def test_the_report_states_estimand_before_design_before_estimates() -> None:
    text = markdown_report(summary(), {"figures/estimates.png": "A caption"})
    heads = [line for line in text.splitlines() if line.startswith("#")]
    assert heads[1:] == [
        "## What is estimated",
        "## Design",
        "## Estimates",
        "## Errors to expect",
        "## Warnings",
        "## Subjects",
    ]
    assert "every subject counts the same" in text
    assert "| models that size the errors | 40 (25 independent" in text
    assert "| left out: models without a full score | 2 |" in text
    assert "disco (score = pds)" in text
    assert "![A caption](figures/estimates.png)" in text


def test_a_bar_in_a_name_does_not_break_the_table() -> None:
    lines = markdown_report(summary(), {}).splitlines()
    table = [line for line in lines if line.startswith("| small")]
    assert table
    assert all(line.replace("\\|", "").count("|") == 7 for line in table[:1])


def test_nothing_is_invented_where_the_truth_is_unknown() -> None:
    blind = summary(estimates=estimates(truth=np.nan))
    assert "true score" not in terminal_report(blind).split("\n\n")[1]
    assert "against the true scores" not in markdown_report(blind, {})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"roles": {"select": 100}, "calibration_groups": 0, "expected_error": None}, "no calibration models"),
        ({"calibration_groups": 5, "attainable_level": 5 / 6}, "Only 5 independent calibration models"),
        ({}, "1 of 3 targets answer unlike any source model (large)"),
        ({"drawn_alike": False}, "differ from the calibration models on purpose"),
        ({"expected_error": 0.13}, "no smaller than that of giving every model"),
        ({}, "1 targets did not answer every anchor (large)"),
    ],
)
def test_each_warning_follows_from_its_measurement(changes: dict[str, Any], words: str) -> None:
    assert any(words in text for text in warnings(summary(**changes)))
    harmless = summary(estimates=estimates(extrapolating=False, anchors=100))
    assert warnings(harmless) == []


def test_a_summary_survives_strict_json() -> None:
    made = summary(estimates=estimates(truth=[0.333, np.nan, np.nan], lower=np.nan, upper=np.nan))
    text = json.dumps(made.to_dict(), allow_nan=False)
    again = RunSummary.from_dict(json.loads(text))
    pd.testing.assert_frame_equal(again.estimates, made.estimates)
    assert terminal_report(again) == terminal_report(made)
