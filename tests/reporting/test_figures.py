"""Figures are judged by eye; these tests hold what a machine can see: labels, what is drawn, and that files repeat."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.reporting import canvas, figure_anchors, figure_compare, figure_estimates
from anchoreval.reporting.run_summary import Choice

from .test_run_report import estimates, summary


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The figures that are drawn, kept to be looked at after they are written; no text may be cut off."""
    kept: list[Any] = []

    @contextmanager
    def keeping(*arguments: Any) -> Iterator[Any]:
        with canvas.figure(*arguments) as made:
            kept.append(made)
            yield made

    for module in (figure_anchors, figure_compare, figure_estimates):
        monkeypatch.setattr(module, "figure", keeping)
    yield kept
    for made in kept:
        assert not cut_off(made)


def cut_off(made: Any) -> list[str]:
    """Texts that reach over the edge of a figure."""
    from matplotlib.text import Text

    made.draw_without_rendering()  # at the figure's own resolution, no longer that of the file
    width, height = made.canvas.get_width_height()
    words = re.compile("[A-Za-z]")  # numbers are ticks, of which matplotlib keeps some outside of the axes, undrawn
    shown = [text for text in made.findobj(Text) if text.get_visible() and words.search(text.get_text())]
    boxes = {text.get_text(): text.get_window_extent() for text in shown}
    return [t for t, box in boxes.items() if box.x0 < -1 or box.y0 < -1 or box.x1 > width + 1 or box.y1 > height + 1]


def is_png(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG")


def residuals() -> pd.DataFrame:
    truth = np.linspace(0.3, 0.8, 20)
    return pd.DataFrame({"truth": truth, "estimate": truth + 0.02})


def inside(axes: Any, x: float, y: float) -> bool:
    low, high = axes.get_xlim()
    bottom, top = axes.get_ylim()
    return bool(low <= x <= high and bottom <= y <= top)


def test_estimates_against_truth(tmp_path: Path, drawn: list[Any]) -> None:
    caption = figure_estimates.estimates_against_truth(tmp_path / "deep" / "a.png", summary(), residuals())
    axes = drawn[0].axes[0]
    assert is_png(tmp_path / "deep" / "a.png")
    assert "95%" in caption
    assert "percentage points" in axes.get_xlabel()
    assert "percentage points" in axes.get_ylabel()
    assert axes.get_title(loc="left").replace("\n", " ") == (
        "Estimates miss the true score by 3.7 points on average; 2 of 3 intervals hold it"
    )
    assert all(inside(axes, 100 * t, 100 * e) for t, e in residuals()[["truth", "estimate"]].to_numpy())
    assert all(
        inside(axes, 100 * r["truth"], 100 * r[c]) for _, r in estimates().iterrows() for c in ("lower", "upper")
    )


def test_the_cloud_is_named_for_what_sized_the_errors(tmp_path: Path, drawn: list[Any]) -> None:
    for crossed, words in ((False, "calibration models (20)"), (True, "source models, each left out (20)")):
        figure_estimates.estimates_against_truth(tmp_path / "a.png", summary(crossed=crossed), residuals())
        assert words in [text.get_text() for text in drawn[-1].legends[0].get_texts()]
    paired = summary(selector="auto", choices=[Choice("selector", "optimal + ridge"), Choice("estimator", "ridge")])
    figure_estimates.estimates_against_truth(tmp_path / "a.png", paired, residuals())
    assert drawn[-1].axes[0].texts[-1].get_text() == "bench: 100 of 2,004 items, optimal + ridge"


def test_a_figure_is_the_same_every_time(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        figure_estimates.estimates_against_truth(tmp_path / name, summary(), residuals())
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_forest_has_a_line_a_target_and_lives_without_intervals(tmp_path: Path, drawn: list[Any]) -> None:
    blind = summary(estimates=estimates(truth=np.nan, lower=np.nan, upper=np.nan))
    figure_estimates.forest(tmp_path / "f.png", blind)
    axes = drawn[0].axes[0]
    assert is_png(tmp_path / "f.png")
    assert [label.get_text() for label in axes.get_yticklabels()] == ["small|model", "middle", "large"]
    assert "errors unknown" in axes.get_title(loc="left")


def plane(anchors: list[int], weights: list[float]) -> pd.DataFrame:
    table = pd.DataFrame({"difficulty": np.linspace(0, 1, 50), "discrimination": 0.3, "weight": 0.0})
    table.loc[[0, 49], "discrimination"] = np.nan
    table.loc[anchors, "weight"] = weights
    return table


def test_anchors_are_drawn_over_all_items_with_areas_by_weight(tmp_path: Path, drawn: list[Any]) -> None:
    figure_anchors.anchors_in_the_plane(tmp_path / "p.png", plane([10, 20, 30], [0.5, 0.25, 0.25]), "bench", "disco")
    axes = next(a for a in drawn[0].axes if "discrimination" in a.get_ylabel())
    items, anchors = axes.collections[:2]
    assert is_png(tmp_path / "p.png")
    assert len(items.get_offsets()) == 48, "constant items have no discrimination and are left out"
    assert len(anchors.get_offsets()) == 3
    assert anchors.get_sizes()[0] == pytest.approx(2 * anchors.get_sizes()[1])
    assert "2 items that all models answer alike" in "".join(t.get_text() for a in drawn[0].axes for t in a.texts)


@pytest.mark.parametrize(("anchors", "word"), [([1, 2, 3], "harder"), ([45, 46], "easier"), ([24, 25], "as difficult")])
def test_the_title_says_how_difficult_the_anchors_are(
    tmp_path: Path, drawn: list[Any], anchors: list[int], word: str
) -> None:
    weights = [1 / len(anchors)] * len(anchors)
    figure_anchors.anchors_in_the_plane(tmp_path / "p.png", plane(anchors, weights), "bench", "disco")
    assert any(word in axes.get_title(loc="left") for axes in drawn[0].axes)


def cells() -> pd.DataFrame:
    rows = [
        {
            "benchmark": "b",
            "split": split,
            "repeat": repeat,
            "selector": chose,
            "estimator": how,
            "k": k,
            "status": "ok",
        }
        | {"mae": (3.0 if chose == "disco" else 5.0) * 10 / k + 0.1 * repeat, "reason": ""}
        for split in ("iid", "gap")
        for repeat in range(3)
        for chose in ("disco", "random")
        for how in ("auto", "mean")
        for k in (10, 100)
    ]
    table = pd.DataFrame(rows)
    lost = (table["selector"] == "disco") & (table["estimator"] == "mean")
    return table.assign(status=table["status"].mask(lost, "not applicable"), mae=table["mae"].mask(lost))


def test_error_by_budget_draws_means_and_keeps_every_line_inside(tmp_path: Path, drawn: list[Any]) -> None:
    figure_compare.error_by_budget(tmp_path / "c.png", cells())
    panels = drawn[0].axes
    assert is_png(tmp_path / "c.png")
    assert [panel.get_title(loc="left") for panel in panels] == [
        "auto, iid split",
        "mean, iid split",
        "auto, gap split",
        "mean, gap split",
    ]
    assert [len(panel.lines) for panel in panels] == [2, 1, 2, 1], "random beside every method"
    random, disco = panels[0].lines
    assert list(disco.get_ydata()) == pytest.approx([3.1, 0.4])
    assert list(random.get_ydata()) == pytest.approx([5.1, 0.6])
    assert all(inside(panel, x, y) for panel in panels for line in panel.lines for x, y in line.get_xydata())
    assert "0.4 points (disco + auto)" in drawn[0].get_suptitle()


def test_a_single_repeat_and_method_still_make_a_figure(tmp_path: Path, drawn: list[Any]) -> None:
    single = cells().query(
        "repeat == 0 and selector == 'random' and estimator == 'auto' and split == 'iid' and k == 10"
    )
    figure_compare.error_by_budget(tmp_path / "c.png", single)
    assert "the error is 5.0 points (random + auto)" in drawn[0].get_suptitle()
