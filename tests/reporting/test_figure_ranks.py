"""Rank sets as a figure: what is drawn is what the table says, and names stay what they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.power.ranks.rank_sets import rank_sets
from anchoreval.reporting import canvas, figure_ranks
from anchoreval.reporting.figure_lines import model_label
from anchoreval.reporting.figure_ranks import rank_sets_figure

from .test_figures import cut_off, is_png

AWKWARD = [
    "plain",
    "with_under_score^2",
    "cost$5$",
    r"broken $\frac{$",
    "new\nline",
    "a-very-long-organisation/with-a-model-name-that-never-seems-to-end-v2",
    "\u901a\u4e49-7B",
]


@contextmanager
def kept(monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> Iterator[list[Any]]:
    """The figures that a module draws; none may have text that is cut off."""
    figures: list[Any] = []

    @contextmanager
    def keeping(*arguments: Any) -> Iterator[Any]:
        with canvas.figure(*arguments) as made:
            figures.append(made)
            yield made

    monkeypatch.setattr(module, "figure", keeping)
    yield figures
    for made in figures:
        assert cut_off(made) == []


def pixels(path: Path) -> tuple[int, int]:
    """Width and height of a PNG that has something on it and nothing at its very edge."""
    from matplotlib.image import imread

    assert is_png(path)
    image = imread(path)[:, :, :3]
    edge = np.ones(image.shape[:2], dtype=bool)
    edge[2:-2, 2:-2] = False
    assert (image[edge] == 1).all(), "something is cut off"
    assert (image < 0.5).any()
    return image.shape[1], image.shape[0]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    with kept(monkeypatch, figure_ranks) as figures:
        yield figures


def leaderboard(count: int, error: float = 0.01) -> pd.DataFrame:
    scores = np.random.default_rng(count).normal(0.6, 0.05, count)
    names = [AWKWARD[n] if n < len(AWKWARD) else f"model {n}" for n in range(count)]
    return rank_sets(scores, np.eye(count) * error**2, models=names, draws=300).table()


def bars(axes: Any) -> list[tuple[float, float, float]]:
    """(line, from, to) of the bars of the sets that hold for all models."""
    segments = axes.containers[0].lines[2][0].get_segments()
    return [(line[0, 1], line[0, 0], line[1, 0]) for line in segments]


@pytest.mark.parametrize("count", [1, 2, 3, 25, 60])
def test_a_bar_a_model_from_its_best_to_its_worst_rank(tmp_path: Path, drawn: list[Any], count: int) -> None:
    table = leaderboard(count)
    rank_sets_figure(tmp_path / "deep" / "r.png", table)
    width, height = pixels(tmp_path / "deep" / "r.png")
    axes = drawn[0].axes[0]
    ordered = table.sort_values("rank")
    assert width == 1400
    assert height > 200 * 0.18 * count
    assert [label.get_text() for label in axes.get_yticklabels()] == [model_label(name) for name in ordered.index]
    assert np.allclose(bars(axes), list(zip(range(count), ordered["lower"], ordered["upper"], strict=True)))
    assert list(axes.lines[-1].get_xdata()) == list(ordered["rank"])
    low, high = axes.get_ylim()
    assert low > high, "rank 1 is on top"
    assert [t.get_text() for t in axes.texts[:count]] == [f"{100 * score:.1f}" for score in ordered["estimate"]]


def test_the_headline_counts_who_may_be_the_best(tmp_path: Path, drawn: list[Any]) -> None:
    table = pd.DataFrame(
        {"estimate": [0.5, 0.7, 0.6], "rank": [3, 1, 2], "lower": [2, 1, 1], "upper": [3, 2, 3]}, index=list("abc")
    )
    caption = rank_sets_figure(tmp_path / "r.png", table, level=0.95)
    assert (
        drawn[0].get_suptitle().replace("\n", " ")
        == "2 of 3 models may be the best; the median rank set holds 2 places"
    )
    assert "with probability 0.95" in caption
    assert "thin bars" not in caption
    rank_sets_figure(tmp_path / "r.png", table.assign(lower=[3, 1, 2], upper=[3, 1, 2]))
    assert drawn[1].get_suptitle() == "Only b may be the best; the median rank set holds 1 place"


def test_identical_models_may_all_be_the_best(tmp_path: Path, drawn: list[Any]) -> None:
    table = rank_sets(np.full(4, 0.5), np.zeros((4, 4)), models=list("abcd")).table()
    rank_sets_figure(tmp_path / "r.png", table)
    assert (
        drawn[0].get_suptitle().replace("\n", " ") == "All 4 models may be the best; the median rank set holds 4 places"
    )
    rank_sets_figure(tmp_path / "r.png", table.head(2).assign(upper=2))
    assert drawn[1].get_suptitle().startswith("Both models may be the best")
    assert all((start, end) == (1, 4) for _, start, end in bars(drawn[0].axes[0]))


def test_marginal_sets_are_drawn_thicker(tmp_path: Path, drawn: list[Any]) -> None:
    table = leaderboard(10).assign(marginal_lower=lambda t: t["rank"], marginal_upper=lambda t: t["rank"] + 1)
    caption = rank_sets_figure(tmp_path / "r.png", table)
    ordered = table.sort_values("rank")
    lines = {len(c.get_segments()) and float(c.get_linewidth()[0]): c for c in drawn[0].axes[0].collections}
    thick = [(s[0, 0], s[1, 0]) for s in lines[max(lines)].get_segments()]
    assert thick == list(zip(ordered["marginal_lower"], ordered["marginal_upper"], strict=True))
    assert min(lines) < max(lines)
    assert "thin bars hold for all models at once, thick ones for one model" in caption


def test_more_models_than_a_page_holds_are_counted_in_the_caption(tmp_path: Path, drawn: list[Any]) -> None:
    table = leaderboard(100)
    caption = rank_sets_figure(tmp_path / "r.png", table)
    assert "Only the first 60 of 100 models are shown." in caption
    assert len(bars(drawn[0].axes[0])) == 60
    best = int((table["lower"] <= 1).sum())
    assert drawn[0].get_suptitle().startswith(f"{best} of 100 models")
    assert "Only" not in rank_sets_figure(tmp_path / "r.png", leaderboard(60))


def test_a_figure_is_the_same_every_time(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        rank_sets_figure(tmp_path / name, leaderboard(7))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_labels_keep_both_ends_of_a_name_and_hold_nothing_the_font_lacks() -> None:
    assert model_label("  org/some\n\tname ") == "org/some name"
    assert model_label("cost$5$ ^_^") == "cost$5$ ^_^"
    cut = model_label("start" + "x" * 80 + "end", longest=21)
    assert len(cut) == 21
    assert cut.startswith("startx")
    assert cut.endswith("xend")
    assert "\u2026" in cut
    assert model_label("\u901a\u4e49-7B") == "\u25a1\u25a1-7B"
    assert model_label(7) == "7"


def test_mathematics_in_names_is_not_set(tmp_path: Path, drawn: list[Any]) -> None:
    rank_sets_figure(tmp_path / "r.png", leaderboard(len(AWKWARD)))
    assert not any(label.get_parse_math() for label in drawn[0].axes[0].get_yticklabels())
    assert not drawn[0]._suptitle.get_parse_math()
