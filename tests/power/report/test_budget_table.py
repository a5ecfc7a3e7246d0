from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from anchoreval.errors import BudgetError
from anchoreval.power.report.budget_table import budget_table, needed_budgets
from anchoreval.power.report.power_report import power_report
from anchoreval.power.report.record import power_record
from anchoreval.protocol.anchoring import reconstruct, select
from anchoreval.reporting.power_content import budgets

from ...conftest import simulate


def test_another_budget_is_what_selecting_anew_gives() -> None:
    matrix = simulate(120, 300)
    anchors = select(matrix, "random", k=40)
    made = reconstruct(matrix, anchors, "signature")
    table = budget_table(matrix, anchors, made.residuals, "signature", [20, 120])
    assert table["k"].tolist() == [20, 40, 120]
    assert table["error"].is_monotonic_decreasing
    assert table["smallest"].is_monotonic_decreasing
    other = select(matrix, "random", k=20, calibration=list(made.residuals.index))
    again = reconstruct(matrix, other, "signature")
    expected = np.sqrt(np.mean(again.residuals["residual"] ** 2))
    assert table.loc[0, "error"] == pytest.approx(expected)


def test_wanted_gaps_need_budgets_by_the_curve() -> None:
    k = np.array([20, 50, 100])
    table = pd.DataFrame({"anchors": k, "smallest": np.sqrt(0.018**2 + 0.09 * (1 / k - 1 / 2000))})
    needed = needed_budgets(table, n_items=2000).set_index("gap")
    assert np.isinf(needed.loc[0.01, "anchors"])
    exact = 1 / ((0.02**2 - 0.018**2) / 0.09 + 1 / 2000)
    assert needed.loc[0.02, "anchors"] == np.ceil(exact - 1e-6)
    assert bool(needed.loc[0.02, "extrapolated"])
    assert needed_budgets(table.iloc[:1], 500).empty


def test_crossed_anchors_stay_crossed_and_the_report_shows_the_table() -> None:
    matrix = simulate(40, 100)
    anchors = select(matrix, "random", k=20)
    assert anchors.crossed
    report = power_report(matrix, anchors, "signature", budgets=[10, 50])
    assert report.budgets["k"].tolist() == [10, 20, 50]
    assert len(power_record(report)["budgets"]) == 3
    caption, rows = budgets(report)[1], budgets(report)[3]
    assert len(rows) == 3
    assert "By the curve" in caption


def test_an_impossible_budget_is_refused() -> None:
    matrix = simulate(80, 50)
    anchors = select(matrix, "random", k=10)
    with pytest.raises(BudgetError):
        power_report(matrix, anchors, "signature", budgets=[51])
