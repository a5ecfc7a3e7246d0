from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.reconstruction import INTERVALS
from anchoreval.reporting.run_content import RULES, errors
from anchoreval.reporting.run_report import markdown_report, page, terminal_report
from anchoreval.reporting.run_summary import Choice, RunSummary, warnings


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
        choices=[Choice("estimator", "ridge", {"mean": 0.0312, "ridge": 0.0248})],
        seed=3,
        reused=False,
        scoring="recorded in the benchmark (models held out by split iid)",
        drawn_alike=True,
        roles={"select": 100, "calibrate": 40, "none": 2},
        crossed=False,
        calibration_groups=25,
        obstacle="",
        level=0.95,
        attainable_level=25 / 26,
        intervals="auto",
        rule="split",
        expected_error=0.021,
        baseline_error=0.12,
        slope=0.97,
        shrinkage_slope=0.81,
        duplicates="No model is a copy of another: 142 models in 90 groups, the largest of 5.",
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
        "## Tried by the estimator",
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


CROSSED = {"crossed": True, "roles": {"select": 40, "none": 2}}


def test_what_sizes_the_errors_is_said_as_it_was() -> None:
    apart, crossed = (markdown_report(summary(**changes), {}) for changes in ({}, CROSSED))
    assert "25 independent calibration models, which neither chose the anchors nor fitted the estimator" in apart
    assert "calibration models" not in crossed
    assert "no model was set aside, choice and fit were repeated in folds" in crossed
    assert "| models that size the errors | the same, each in a fold without it (25 independent) |" in crossed
    assert "Only 25 independent source models" in warnings(summary(**CROSSED, level=0.99))[0]


def test_no_intervals_from_folds_are_explained() -> None:
    lost = {**CROSSED, "calibration_groups": 0, "expected_error": None, "attainable_level": 0.0}
    assert "because of this" in warnings(summary(**lost, obstacle="it cannot be, because of this"))[0]
    assert "saved anchor set" in warnings(summary(**lost, reused=True))[0]
    assert "| intervals | none |" in markdown_report(summary(**lost), {})


def test_intervals_that_say_nothing_are_counted_apart() -> None:
    partly = summary(estimates=estimates(lower=[0.0, 0.49, 0.72], upper=[1.0, 0.61, 0.84], anchors=100))
    assert partly.covered() == (1, 2)
    assert any("1 of 3 intervals say nothing" in text for text in warnings(partly))
    assert len(partly.judged) == 3, "the estimate is still one"


def test_rule_slopes_and_copies_are_stated() -> None:
    text = markdown_report(summary(rule="normalised", intervals="normalised"), {})
    assert f"level 95%, normalised ({RULES['normalised']});" in text
    assert "0.97 of truth on estimate" in text
    assert "0.81 of estimate on truth" in text
    assert "| copies | No model is a copy of another: 142 models" in text
    assert "taken by auto" in markdown_report(summary(), {})
    assert not any("Slopes" in line for line in errors(summary(slope=None, shrinkage_slope=None)))


def test_every_rule_for_intervals_is_explained() -> None:
    assert set(RULES) == set(INTERVALS) - {"auto"}


def test_what_was_tried_is_a_table_in_points_with_what_was_taken(tmp_path: Path) -> None:
    note = "5 groups of sources are too few to compare candidates: the first one was taken"
    tried = [
        Choice("selector", "optimal + ridge", {"random + fusion": 0.05, "optimal + ridge": 0.02}),
        Choice("estimator", "ridge"),
    ]
    made = summary(selector="auto", choices=tried)
    text = markdown_report(made, {})
    assert "## Tried by the selector" in text
    assert "## Tried by the estimator" not in text, "it followed the selector"
    assert "| random + fusion | 5.00 |  |\n| optimal + ridge | 2.00 | taken |" in text
    assert "(auto -> optimal + ridge), reconstructed by auto -> ridge" in terminal_report(made)
    assert page(made, tmp_path, {}).appendix[-1].rows[1] == ["optimal + ridge", "2.00", "taken"]
    untried = summary(selector="auto", choices=[Choice("selector", "random + fusion", notes=[note])])
    assert f"Selector auto: {note}." in markdown_report(untried, {})
    assert f"Selector auto: {note}." in page(untried, tmp_path, {}).notes


def test_a_summary_survives_strict_json() -> None:
    made = summary(estimates=estimates(truth=[0.333, np.nan, np.nan], lower=np.nan, upper=np.nan))
    text = json.dumps(made.to_dict(), allow_nan=False)
    again = RunSummary.from_dict(json.loads(text))
    pd.testing.assert_frame_equal(again.estimates, made.estimates)
    assert terminal_report(again) == terminal_report(made)
    assert markdown_report(again, {}) == markdown_report(made, {})
