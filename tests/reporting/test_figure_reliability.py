"""Reliability as a figure: dots where the tables say, areas by pairs, captions with the right averages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from anchoreval.power.law.checks import reliability
from anchoreval.reporting import figure_reliability
from anchoreval.reporting.figure_reliability import reliability_figure

from .test_figure_ranks import kept, pixels


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    with kept(monkeypatch, figure_reliability) as figures:
        yield figures


def probabilities() -> pd.DataFrame:
    return pd.DataFrame({"stated": [0.55, 0.75, 0.95], "true": [0.6, 0.7, 0.96], "pairs": [100, 300, 600]})


def intervals(kinds: dict[str, tuple[int, ...]], levels: tuple[float, ...] = (0.9, 0.95)) -> pd.DataFrame:
    """Of each kind: number of models, then how many intervals of each level hold the true score."""
    rows = []
    for what, (models, *held) in kinds.items():
        for level, inside in zip(levels, held, strict=True):
            low, high = proportion_confint(inside, models, method="beta")
            share = inside / models
            rows.append({"what": what, "level": level, "coverage": share, "low": low, "high": high, "models": models})
    return pd.DataFrame(rows)


KINDS = {"all": (100, 88, 96), "low scores": (33, 28, 30), "family cost$5$_^": (4, 4, 4)}


def test_dots_lie_where_the_table_says_with_areas_by_pairs(tmp_path: Path, drawn: list[Any]) -> None:
    caption = reliability_figure(tmp_path / "deep" / "r.png", probabilities(), intervals(KINDS))
    assert pixels(tmp_path / "deep" / "r.png") == (1680, 900)
    axes = drawn[0].axes[0]
    (dots,) = axes.collections
    assert np.allclose(dots.get_offsets(), 100 * probabilities()[["stated", "true"]])
    areas = dots.get_sizes()
    assert np.allclose(areas / areas[-1], [1 / 6, 1 / 2, 1])
    assert axes.get_xlim() == axes.get_ylim()
    (diagonal,) = axes.lines
    assert (diagonal.get_xdata() == diagonal.get_ydata()).all()
    assert "1,000 pairs" in caption
    assert f"differ by {100 * (0.05 * 100 + 0.05 * 300 + 0.01 * 600) / 1000:.1f} percentage points" in caption
    assert "all: 88.0% for 90% intervals (100 models), 96.0% for 95% intervals (100 models)" in caption
    assert drawn[0].get_suptitle().replace("\n", " ") == (
        "Stated probabilities are 2.6 points off on average; "
        "88% of 90% intervals, 96% of 95% intervals hold the true score"
    )


def test_coverage_with_its_interval_beside_the_nominal_level(tmp_path: Path, drawn: list[Any]) -> None:
    table = intervals(KINDS)
    reliability_figure(tmp_path / "r.png", probabilities(), table)
    axes = drawn[0].axes[1]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["all (100)", "low scores (33)", "family cost$5$_^ (4)"]
    assert not any(label.get_parse_math() for label in axes.get_yticklabels())
    for level, container in zip((0.9, 0.95), axes.containers, strict=True):
        rows = table[table["level"] == level]
        segments = np.array(container.lines[2][0].get_segments())
        assert container.get_label() == f"{100 * level:g}% intervals"
        assert np.allclose(container.lines[0].get_xdata(), 100 * rows["coverage"])
        assert np.allclose(segments[:, :, 0], 100 * rows[["low", "high"]])
        assert np.abs(segments[:, 0, 1] - np.arange(3)).max() < 0.4, "in the row of its kind"
    assert {90.0, 95.0} <= {line.get_xdata()[0] for line in axes.lines if len(set(line.get_xdata())) == 1}
    low, high = axes.get_xlim()
    assert low < 100 * table["low"].min()
    assert high > 100


def test_the_error_is_that_of_the_checks(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    stated = rng.uniform(0.5, 1, 2000)
    found = reliability(pd.DataFrame({"probability": stated, "right": (rng.random(2000) < stated).astype(float)}))
    caption = reliability_figure(tmp_path / "r.png", found.table, intervals(KINDS))
    assert "2,000 pairs" in caption
    assert f"differ by {100 * found.error:.1f} percentage points" in caption


def test_a_single_bin_and_level(tmp_path: Path, drawn: list[Any]) -> None:
    single = intervals({"all": (19, 19)}, levels=(0.95,))
    caption = reliability_figure(tmp_path / "r.png", probabilities().head(1).assign(true=0.0), single)
    assert "100.0% for 95% intervals (19 models)" in caption
    assert drawn[0].axes[0].get_ylim()[0] < 0, "a share of none is inside as well"


def test_many_kinds_get_a_taller_figure(tmp_path: Path, drawn: list[Any]) -> None:
    many = {"all": (100, 90, 95)} | {f"a family with a rather long name, number {n}": (5, 4, 5) for n in range(30)}
    reliability_figure(tmp_path / "r.png", probabilities(), intervals(many))
    assert pixels(tmp_path / "r.png") == (1680, round(200 * (2 + 0.3 * 31)))
    assert len(drawn[0].axes[1].get_yticklabels()) == 31


def test_nothing_to_check_is_said(tmp_path: Path, drawn: list[Any]) -> None:
    caption = reliability_figure(tmp_path / "r.png", probabilities().head(0), intervals(KINDS).head(0))
    assert caption == "Left: no pairs to check stated orders with. Right: no intervals to check."
    assert drawn[0].get_suptitle() == "Nothing stated could be checked"
    assert drawn[0].legends == []
    unknown = intervals(KINDS).assign(coverage=np.nan, low=np.nan, high=np.nan)
    assert "Right: no intervals to check" in reliability_figure(tmp_path / "r.png", probabilities(), unknown)
