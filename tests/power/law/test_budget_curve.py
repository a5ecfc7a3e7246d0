from __future__ import annotations

import numpy as np
import pytest

from anchoreval.errors import MethodOptionError
from anchoreval.power.law.budget_curve import BudgetCurve


def test_an_exact_curve_is_found_again() -> None:
    k = np.array([20, 50, 100, 200])
    curve = BudgetCurve.fit(k, np.sqrt(0.0004 + 0.09 / k))
    assert (curve.floor, curve.rate) == (pytest.approx(0.0004), pytest.approx(0.09))
    assert curve.needed(float(curve(75))) == 75
    assert (curve.extrapolates(75), curve.extrapolates(201)) == (False, True)


def test_at_all_items_nothing_is_left_but_the_floor() -> None:
    k = np.array([20, 50, 100])
    curve = BudgetCurve.fit(k, np.sqrt(0.09 * (1 / k - 1 / 400)), 400)
    assert curve.floor == pytest.approx(0.0, abs=1e-9)
    assert curve(400) == pytest.approx(0.0, abs=1e-4)
    assert curve.needed(float(curve(200))) == 200
    assert BudgetCurve.fit([20, 50, 400], [0.1, 0.05, 0.0], 400).largest == 50


def test_below_the_floor_no_budget_will_do() -> None:
    curve = BudgetCurve.fit([20, 80], np.sqrt(0.0004 + 0.09 / np.array([20, 80])))
    assert curve.needed(0.02) == np.inf
    assert curve.needed(0.021) < np.inf


def test_floor_and_rate_are_never_negative() -> None:
    rising = BudgetCurve.fit([10, 20, 40], [0.02, 0.03, 0.04])
    steep = BudgetCurve.fit([10, 100], [0.2, 0.02])
    assert rising.rate == 0.0
    assert steep.floor == 0.0


def test_values_that_are_not_known_are_left_out() -> None:
    curve = BudgetCurve.fit([10, 20, 40], [np.nan, 0.03, 0.02])
    assert (curve.smallest, curve.largest) == (20, 40)


@pytest.mark.parametrize(
    ("k", "values"), [([10], [0.1]), ([10, 20], [np.nan, 0.1]), ([10, 20], [0.0, 0.1]), ([0, 2], [1, 1])]
)
def test_impossible_input_is_refused(k: list[int], values: list[float]) -> None:
    with pytest.raises(MethodOptionError):
        BudgetCurve.fit(k, values)
    with pytest.raises(MethodOptionError):
        BudgetCurve(0.0, 1.0, 1, 2).needed(0.0)
