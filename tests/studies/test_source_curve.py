"""Error against the number of sources: the floor of a known curve, and where choosing begins to pay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anchoreval.reporting.figure_sources import error_by_sources
from anchoreval.studies.source_curve import floor_of, pays_from, report


def rows() -> pd.DataFrame:
    """`optimal` is worse with 10 sources, better from 100 on; `mrmr` never."""
    rng, made = np.random.default_rng(0), []
    for repeat in range(6):
        for n in (10, 100, 1000):
            errors = {"random": 3.0, "optimal": 4.0 if n == 10 else 2.0, "mrmr": 3.0}
            for selector, error in errors.items():
                noise = 0.02 * rng.normal()
                made.append({"selector": selector, "n": n, "mae": error + noise, "repeat": repeat})
    return pd.DataFrame(made).assign(benchmark="large", n_target=5)


def test_the_floor_of_a_power_law_is_found() -> None:
    sizes = np.array([10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0])
    assert floor_of(sizes, 1.2 + 9.0 * sizes**-0.5) == pytest.approx(1.2, abs=0.02)
    assert floor_of(sizes, np.full(6, 2.0)) == pytest.approx(2.0, abs=1e-6)


def test_choosing_pays_from_where_it_stays_ahead() -> None:
    table = rows()
    assert pays_from(table, "optimal") == 100
    assert pays_from(table, "mrmr") is None
    text = report(table)
    assert "| never |" in text
    assert "| 100 |" in text


def test_the_figure_is_written(tmp_path: Path) -> None:
    error_by_sources(tmp_path / "curve.png", rows(), ["random", "optimal", "mrmr"])
    assert (tmp_path / "curve.png").stat().st_size > 10_000
