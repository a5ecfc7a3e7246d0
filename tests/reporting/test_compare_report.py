from __future__ import annotations

import pandas as pd

from anchoreval.protocol.compare import COLUMNS
from anchoreval.reporting.compare_report import markdown_report, terminal_report


def cells() -> pd.DataFrame:
    common = {"benchmark": "b", "split": "iid", "n_source": 90, "n_target": 30, "status": "ok", "reason": ""}
    figures = {"bias": -0.5, "spearman": 0.9, "coverage": 1.0, "interval_width": 10.0}
    rows = [
        {**common, **figures, "repeat": n, "selector": chose, "estimator": "auto", "k": 10, "mae": mae + n}
        for n in range(2)
        for chose, mae in (("random", 4.0), ("disco", 2.0))
    ]
    lost = {**common, "repeat": 0, "selector": "disco", "estimator": "mean", "status": "not applicable"}
    rows += [{**lost, "k": k, "reason": "estimator mean needs inclusion"} for k in (10, 20)]
    rows += [{**lost, "k": 20, "estimator": "x", "status": "failed", "reason": "it | raised"}]
    return pd.DataFrame(rows).reindex(columns=list(COLUMNS))


def test_means_and_standard_errors_over_repeats_by_hand() -> None:
    rows = [line.split() for line in terminal_report(cells()).splitlines() if line.startswith("iid")]
    assert " ".join(rows[0]) == ("iid 10 disco auto 2.50 ± 0.50 -0.50 ± 0.00 0.900 ± 0.000 1.00 ± 0.00 10.0 ± 0.0")
    assert rows[1][2] == "random"
    assert rows[1][4:7] == ["4.50", "±", "0.50"]


def test_a_single_repeat_has_no_standard_error() -> None:
    text = terminal_report(cells().query("repeat == 0"))
    row = next(line for line in text.splitlines() if line.startswith("iid"))
    assert row.split() == ["iid", "10", "disco", "auto", "2.00", "-0.50", "0.900", "1.00", "10.0"]


def test_what_is_not_applicable_is_said_once_with_its_reason() -> None:
    lines = markdown_report(cells(), {}).splitlines()
    assert lines.count("- disco + mean: not applicable: estimator mean needs inclusion") == 1
    assert "- disco + x k = 20: failed: it | raised" in lines
