from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anchoreval.reporting.page import Page, write_page
from anchoreval.reporting.staleness_content import (
    markdown_staleness,
    staleness_data,
    staleness_section,
    tables,
    terminal_staleness,
)
from anchoreval.staleness import FRESH, RESELECT, WATCH, Signal, Staleness
from anchoreval.staleness.signal import unknown, with_states

EVIL = "<script>alert(1)</script>|x\ny"
NAN = float("nan")


@pytest.fixture
def found() -> Staleness:
    """A judgement with something of everything, of models whose names try to break out."""
    signals = with_states(
        [
            Signal("reach", 0.6, 0.02, 0.22, 0.001, 0.2, "12 of 20 independent targets lie beyond."),
            Signal("person-fit", 0.5, 0.5, 0.65, 0.4, 0.6, "As odd as ever."),
            unknown("coverage", "No new target was evaluated in full."),
        ],
        0.05,
    )
    models = pd.DataFrame(
        {
            "score": [0.5, 0.61, NAN],
            "person_fit": [1.02, 2.5, NAN],
            "p_value": [0.44, 0.02, NAN],
            "extrapolating": [False, True, True],
            "residual": [NAN, -0.034, NAN],
            "new": [True, True, False],
        },
        index=["calm", EVIL, "silent"],
    )
    anchors = pd.DataFrame({"moved": [0.3, -0.4, NAN], "z": [2.0, -3.5, NAN]}, index=["easy", EVIL, "unasked"])
    return Staleness(
        RESELECT, (signals[0].sentence,), signals, models, anchors, (signals[2].sentence,), 0.05, 48, False
    )


def test_all_forms_say_the_verdict_and_its_reason(found: Staleness) -> None:
    section = staleness_section(found)
    for text in (terminal_staleness(found), markdown_staleness(found), " ".join([section.lead, *section.warnings])):
        assert "Verdict: re-select; select new anchors" in text
        assert "12 of 20 independent targets lie beyond." in text
        assert "2 of 3 targets are new" in text
        assert "48 independent calibration models" in text


def test_what_is_not_known_is_listed(found: Staleness) -> None:
    assert "not known: No new target was evaluated in full." in terminal_staleness(found)
    assert "## Not known\n\n- No new target" in markdown_staleness(found)
    assert staleness_section(found).notes == ["No new target was evaluated in full."]


def test_tables_put_the_oddest_first_and_units_are_points(found: Staleness) -> None:
    signals, models, anchors = tables(found)
    assert signals[3][0] == ["reach", "0.600", "0.020", "0.220", "0.001", "0.002", RESELECT]
    assert signals[3][2][1:] == ["-", "-", "-", "-", "-", "unknown"]
    assert [row[0] for row in models[3]] == [EVIL, "calm", "silent"]
    assert models[3][0][1:] == ["61.0", "2.50", "0.02", "yes", "-3.4", "yes"]
    assert anchors[3] == [[EVIL, "-40.0", "-3.5"], ["easy", "+30.0", "+2.0"]]


def test_names_with_markup_do_no_harm(found: Staleness, tmp_path: Path) -> None:
    markdown = markdown_staleness(found)
    assert "<script" not in markdown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\|x y" in markdown
    write_page(tmp_path / "page.html", Page(title="t", lead="l", sections=[staleness_section(found)]))
    assert "<script" not in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_plain_data_is_json_and_holds_no_nan(found: Staleness) -> None:
    data = json.loads(json.dumps(staleness_data(found), allow_nan=False))
    assert data["verdict"] == RESELECT
    assert data["models"][1] == {
        "model": EVIL,
        "score": 0.61,
        "person_fit": 2.5,
        "p_value": 0.02,
        "extrapolating": True,
        "residual": -0.034,
        "new": True,
    }
    assert data["signals"][2]["visible"] is None
    assert data["anchors"][2] == {"item": "unasked", "moved": None, "z": None}


def test_fresh_anchors_raise_no_warning(found: Staleness) -> None:
    fresh = dataclasses.replace(found, verdict=FRESH, reasons=("Like models of their own day.",))
    section = staleness_section(fresh)
    assert section.warnings == ()
    assert section.notes[0] == "Like models of their own day."
    assert "fit for these models" in terminal_staleness(fresh)
    crossed = dataclasses.replace(fresh, verdict=WATCH, crossed=True, anchors=found.anchors * np.nan)
    assert "each read without its fold" in markdown_staleness(crossed)
    assert [table[0] for table in tables(crossed)] == ["Signals", "Targets"]
