from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from anchoreval.errors import MethodOptionError
from anchoreval.power.law.difference_intervals import attainable_level, difference_half_width

from ..simulated import residuals


def test_intervals_of_differences_cover() -> None:
    rng = np.random.default_rng(0)
    inside = []
    for _ in range(300):
        width = difference_half_width(residuals(rng, 60, slope=1.0), 0.9, matchings=11)
        inside.append(np.mean(np.abs(0.03 * (rng.normal(size=200) - rng.normal(size=200))) <= width))
    error = np.std(inside) / np.sqrt(len(inside))
    assert 0.9 - 3 * error < np.mean(inside) < 0.95


def test_one_matching_is_the_conformal_quantile_of_disjoint_pairs() -> None:
    table = residuals(np.random.default_rng(1), 20)
    width = difference_half_width(table, 0.9, matchings=1, seed=3)
    errors = np.abs(np.subtract.outer(table["residual"].to_numpy(), table["residual"].to_numpy()))
    assert np.isclose(errors, width).any()
    assert difference_half_width(table, 10 / 11, matchings=1, seed=3) >= width


@pytest.mark.parametrize(("groups", "level"), [(38, 0.95), (18, 0.9)])
def test_so_many_groups_are_needed(groups: int, level: float) -> None:
    table = residuals(np.random.default_rng(2), groups)
    assert np.isfinite(difference_half_width(table, level))
    assert np.isinf(difference_half_width(table.iloc[:-2], level))
    assert attainable_level(table) == pytest.approx(level)


def test_variants_count_once_and_order_changes_nothing() -> None:
    table = residuals(np.random.default_rng(3), 40)
    assert difference_half_width(table.iloc[::-1]) == difference_half_width(table)
    copies = pd.concat([table, table.set_axis([f"x{n}" for n in range(40)])])
    assert np.isfinite(difference_half_width(copies))
    assert attainable_level(copies) == attainable_level(table)


def test_impossible_options_are_refused() -> None:
    table = residuals(np.random.default_rng(4), 10)
    with pytest.raises(MethodOptionError):
        difference_half_width(table, 1.0)
    with pytest.raises(MethodOptionError):
        difference_half_width(table, 0.9, matchings=0)
