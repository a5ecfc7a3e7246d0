from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from anchoreval.power.analysis.rising_root import rising_root


def test_roots_are_those_of_brent() -> None:
    shifts = np.linspace(0.05, 0.9, 40).reshape(8, 5)
    found = rising_root(lambda x: x**3 + x - shifts, np.zeros(shifts.shape), np.ones(shifts.shape))
    expected = [brentq(lambda x, s=s: x**3 + x - s, 0.0, 1.0, xtol=1e-15) for s in shifts.flat]
    assert found.shape == shifts.shape
    assert found.ravel() == pytest.approx(expected, abs=1e-14)


def test_ends_of_the_bracket() -> None:
    low, high = np.array([0.0, 0.5, 0.0, np.nan]), np.array([1.0, 1.0, 0.2, np.nan])
    found = rising_root(lambda x: x - 0.3, low, high)
    assert found[0] == pytest.approx(0.3)
    assert found[1] == 0.5, "reached at the lower end"
    assert np.isnan(found[2:]).all(), "not reached, and no bracket"


def test_a_zero_at_the_lower_end_is_passed_over() -> None:
    found = rising_root(lambda x: x * (x - 0.4), np.zeros(1), np.ones(1))
    assert found[0] == pytest.approx(0.4)
