"""The power curve: what is drawn is the table, what is unknown is hatched, and the caption's figures are right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from anchoreval.power.law.difference_law import DifferenceLaw
from anchoreval.power.law.pair_test import PairTest
from anchoreval.power.report.resolution_table import power_curve
from anchoreval.reporting import figure_power
from anchoreval.reporting.figure_power import power_curve_figure

from .test_figure_ranks import kept, pixels

NAN = float("nan")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    with kept(monkeypatch, figure_power) as figures:
        yield figures


def curve(known: float = 1.0, population: bool = True) -> pd.DataFrame:
    """Normal tests with standard errors of 1, 1.5 and .8 points; NaN above a gap."""
    gap = np.arange(1, 21) / 200
    table = {"gap": gap}
    for name, error in (("power", 0.01), ("population", 0.015), ("full", 0.008)):
        found = norm.cdf(gap / error - norm.ppf(0.975))
        table[name] = np.where((gap <= known) & (population or name == "power"), found, NAN)
    return pd.DataFrame(table)


def hatched(axes: Any) -> list[tuple[float, float]]:
    """(from, to) of hatched regions, in points."""
    return [(p.get_x(), p.get_x() + p.get_width()) for p in axes.patches if p.get_hatch()]


def lines(axes: Any) -> dict[str, Any]:
    return {line.get_label(): line.get_xydata() for line in axes.lines if not line.get_label().startswith("_")}


def test_curves_are_the_table_in_points_and_percent(tmp_path: Path, drawn: list[Any]) -> None:
    table = curve()
    caption = power_curve_figure(tmp_path / "deep" / "c.png", table.sample(frac=1, random_state=0), 0.05, 0.8, 0.028)
    assert pixels(tmp_path / "deep" / "c.png") == (1400, 940)
    axes = drawn[0].axes[0]
    shown = lines(axes)
    assert len(shown) == 3
    for label, column in (
        ("anchors, these items (T1)", "power"),
        ("anchors, population of items (T2)", "population"),
        ("full benchmark, population of items (T2)", "full"),
    ):
        assert np.allclose(shown[label], 100 * table[["gap", column]])
    assert hatched(axes) == []
    assert "percentage points" in axes.get_xlabel()
    assert "%" in axes.get_ylabel()
    lost = (table["full"] - table["population"]).to_numpy()
    assert f"at most {100 * lost.max():.0f} percentage points of power, at a difference of " in caption
    assert f"of {100 * table['gap'][int(lost.argmax())]:.1f} points." in caption
    assert "5% level" in caption
    assert "80%" in caption
    assert "is 2.8 percentage points" in caption


def test_the_smallest_gap_is_marked_where_it_meets_the_wanted_power(tmp_path: Path, drawn: list[Any]) -> None:
    power_curve_figure(tmp_path / "c.png", curve(), 0.01, 0.9, 0.0324)
    axes = drawn[0].axes[0]
    assert any(np.allclose(line.get_xydata(), [[3.24, 90]]) for line in axes.lines)
    assert "3.2 points" in [text.get_text() for text in axes.texts]
    assert "wanted: 90%" in [text.get_text() for text in axes.texts]
    assert axes.get_title(loc="left") == "Models 3.2 points apart are told apart with 90% probability"


def test_beyond_the_gaps_seen_nothing_is_claimed(tmp_path: Path, drawn: list[Any]) -> None:
    caption = power_curve_figure(tmp_path / "c.png", curve(known=0.0601), 0.05, 0.8, NAN)
    axes = drawn[0].axes[0]
    assert hatched(axes) == [(pytest.approx(6.0), pytest.approx(10.0))]
    assert "too few calibration models\nare so far apart" in [text.get_text() for text in axes.texts]
    assert axes.get_title(loc="left") == "No gap seen among calibration models has 80% power"
    assert "Hatched: gaps above 6.0 points" in caption
    assert "No difference as large as calibration models show" in caption
    assert not any("points" in text.get_text() for text in axes.texts)
    between = power_curve_figure(tmp_path / "c.png", curve(known=0.0601), 0.05, 0.8, 0.0634)
    assert hatched(drawn[1].axes[0]) == [(pytest.approx(6.34), pytest.approx(10.0))]
    assert "Hatched: gaps above 6.3 points" in between, "the smallest gap lies between two of the table"


@pytest.mark.parametrize("table", [curve(known=0.0), curve().head(0)], ids=["nothing known", "no gaps"])
def test_a_curve_of_which_nothing_is_known(tmp_path: Path, drawn: list[Any], table: pd.DataFrame) -> None:
    caption = power_curve_figure(tmp_path / "c.png", table, 0.05, 0.8, NAN)
    axes = drawn[0].axes[0]
    assert hatched(axes) == [(0, pytest.approx(10.0))]
    assert lines(axes) == {}
    assert drawn[0].legends == []
    assert "No power is known at any gap" in caption
    assert axes.get_title(loc="left") == "What differences are found is not known"


def test_the_hatched_region_has_room_for_its_words(tmp_path: Path, drawn: list[Any]) -> None:
    power_curve_figure(tmp_path / "c.png", curve(known=0.0951), 0.05, 0.8, NAN)
    axes = drawn[0].axes[0]
    ((start, end),) = hatched(axes)
    words = next(text for text in axes.texts if text.get_text().startswith("too few"))
    left, right = axes.transData.inverted().transform(words.get_window_extent())[:, 0]
    assert start <= left < right <= end


def test_the_fixed_benchmark_alone(tmp_path: Path, drawn: list[Any]) -> None:
    caption = power_curve_figure(tmp_path / "c.png", curve(population=False), 0.05, 0.8, 0.15)
    axes = drawn[0].axes[0]
    assert list(lines(axes)) == ["anchors, these items (T1)"]
    assert "compression" not in caption
    assert axes.get_xlim()[1] > 15, "a smallest gap beyond the table is shown as well"


def test_the_curve_that_the_report_makes(tmp_path: Path, drawn: list[Any]) -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(0.6, 0.03, 60)
    residuals = pd.DataFrame({"truth": truth, "estimate": truth + rng.normal(0, 0.008, 60), "group": np.arange(60)})
    law = DifferenceLaw.learn(residuals)
    smallest = PairTest(law, 0.05).smallest(0.8)
    caption = power_curve_figure(tmp_path / "c.png", power_curve(law, None), 0.05, 0.8, smallest)
    (line,) = lines(drawn[0].axes[0]).values()
    known = line[np.isfinite(line[:, 1])]
    assert np.interp(100 * smallest, known[:, 0], known[:, 1]) == pytest.approx(80, abs=1.5)
    assert f"is {100 * smallest:.1f} percentage points" in caption
    ((start, _),) = hatched(drawn[0].axes[0])
    assert start <= 100 * law.largest_gap < start + 0.5
