from __future__ import annotations

from pathlib import Path

import pandas as pd

from anchoreval.protocol.comparison import COLUMNS
from anchoreval.protocol.marks import COLUMNS as MARKS
from anchoreval.reporting.compare_report import markdown_report, page, terminal_report


def cells() -> pd.DataFrame:
    common = {"benchmark": "b", "split": "iid", "n_source": 90, "n_target": 30, "status": "ok", "reason": ""}
    figures = {"bias": -0.5, "slope": 0.75, "spearman": 0.9, "coverage": 1.0, "interval_width": 10.0}
    rows = [
        {**common, **figures, "repeat": n, "selector": chose, "estimator": "auto", "k": 10, "mae": mae + n}
        for n in range(2)
        for chose, mae in (("random", 4.0), ("disco", 2.0))
    ]
    lost = {**common, "repeat": 0, "selector": "disco", "estimator": "mean", "status": "not applicable"}
    rows += [{**lost, "k": k, "reason": "estimator mean needs inclusion"} for k in (10, 20)]
    rows += [{**lost, "k": 20, "estimator": "x", "status": "failed", "reason": "it | raised"}]
    return pd.DataFrame(rows).reindex(columns=list(COLUMNS))


def resolution(resolved: int = -1, by_repeats: int = -1, standing: str = "best") -> pd.DataFrame:
    common = {"benchmark": "b", "split": "iid", "estimator": "auto", "k": 10, "resolved": 0, "by_repeats": 0}
    disco = {"ratio": 0.5556, "resolved": resolved, "by_repeats": by_repeats, "standing": standing}
    rows = [{**common, "selector": "random", "standing": ""}, {**common, "selector": "disco", **disco}]
    return pd.DataFrame(rows).reindex(columns=list(MARKS))


def test_means_and_standard_errors_over_repeats_by_hand() -> None:
    lines = terminal_report(cells(), resolution()).splitlines()
    rows = [line.split() for line in lines if line.startswith("iid")]
    assert " ".join(rows[0]) == (
        "iid 10 disco auto 2.50 ± 0.50 0.56 -- best -0.50 ± 0.00 0.75 ± 0.00 0.900 ± 0.000 1.00 ± 0.00 10.0 ± 0.0"
    )
    assert rows[1][2] == "random"
    assert rows[1][4:8] == ["4.50", "±", "0.50", "-0.50"], "random anchors are not compared with themselves"


def test_marks_in_every_form_of_the_report(tmp_path: Path) -> None:
    for resolved, by_repeats, standing, shown in (
        (-1, -1, "best", ["0.56 --", "best"]),
        (-1, 0, "peer", ["0.56 -", "≈ best"]),
        (1, 0, "", ["0.56 +", ""]),
        (1, 1, "", ["0.56 ++", ""]),
        (0, 0, "peer", ["0.56", "≈ best"]),
    ):
        found = resolution(resolved, by_repeats, standing)
        (table,) = page(cells(), found, tmp_path, {}).tables
        row = next(row for row in table.rows if row[2] == "disco")
        assert [row[5].strip(), row[6]] == shown
        line = next(line for line in markdown_report(cells(), found, {}).splitlines() if "| disco |" in line)
        assert [cell.strip() for cell in line.split("|")][6:8] == shown
        assert " ".join(shown).strip() in " ".join(terminal_report(cells(), found).split())


def test_a_single_repeat_has_no_standard_error() -> None:
    text = terminal_report(cells().query("repeat == 0"), resolution())
    row = next(line for line in text.splitlines() if line.startswith("iid"))
    assert row.split() == [
        "iid",
        "10",
        "disco",
        "auto",
        "2.00",
        "0.56",
        "--",
        "best",
        "-0.50",
        "0.75",
        "0.900",
        "1.00",
        "10.0",
    ]


def test_what_is_not_applicable_is_said_once_with_its_reason() -> None:
    lines = markdown_report(cells(), resolution(), {}).splitlines()
    assert lines.count("- disco + mean: not applicable: estimator mean needs inclusion") == 1
    assert "- disco + x k = 20: failed: it | raised" in lines
