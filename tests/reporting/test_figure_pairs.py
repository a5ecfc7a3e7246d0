"""The map of pairs: cells hold the probabilities given, dots the pairs resolved, the caption their number."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from anchoreval.errors import ResponseDataError
from anchoreval.reporting import figure_pairs
from anchoreval.reporting.figure_pairs import pair_matrix_figure

from .test_figure_ranks import AWKWARD, kept, pixels


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    with kept(monkeypatch, figure_pairs) as figures:
        yield figures


def pairs(count: int) -> tuple[list[str], Any, Any]:
    scores = np.sort(np.random.default_rng(count).normal(0.6, 0.04, count))[::-1]
    apart = scores[:, None] - scores
    names = [AWKWARD[n] if n < len(AWKWARD) else f"model {n}" for n in range(count)]
    return names, norm.cdf(apart / 0.02), np.abs(apart) > 0.05


def dots(axes: Any) -> set[tuple[int, int]]:
    """(row, column) of the cells that a dot lies in."""
    return {(round(y), round(x)) for x, y in axes.collections[0].get_offsets()}


@pytest.mark.parametrize("count", [2, 3, 12, 13, 25, 60])
def test_cells_and_dots_are_those_given(tmp_path: Path, drawn: list[Any], count: int) -> None:
    names, chance, sure = pairs(count)
    given = chance.copy(), sure.copy()
    caption = pair_matrix_figure(tmp_path / "deep" / "p.png", names, chance, sure)
    width, height = pixels(tmp_path / "deep" / "p.png")
    axes, image = drawn[0].axes[0], drawn[0].axes[0].images[0]
    shown = image.get_array()
    off = ~np.eye(count, dtype=bool)
    assert min(width, height) >= 500
    assert np.allclose(np.asarray(shown)[off], 100 * chance[off])
    assert shown.mask.diagonal().all()
    assert not shown.mask[off].any()
    assert image.get_clim() == (0, 100), "centred at one half"
    assert dots(axes) == {(int(a), int(b)) for a, b in np.argwhere(sure & off)}
    told = sum(bool(sure[a, b]) for a, b in combinations(range(count), 2))
    assert f"told apart, {told:,} of {count * (count - 1) // 2:,}." in caption
    assert len(axes.texts) == (count * (count - 1) if count <= 12 else 0)
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[0] == "plain 1"
    assert [label.rsplit(" ", 1)[1] for label in labels] == [t.get_text() for t in axes.get_xticklabels()]
    assert not any(label.get_parse_math() for label in axes.get_yticklabels())
    assert all(np.array_equal(a, b) for a, b in zip((chance, sure), given, strict=True)), "input is not changed"


def test_only_the_first_models_are_shown_and_counted(tmp_path: Path, drawn: list[Any]) -> None:
    names, chance, sure = pairs(100)
    caption = pair_matrix_figure(tmp_path / "p.png", names, chance, sure)
    told = sum(bool(sure[a, b]) for a, b in combinations(range(60), 2))
    assert f"{told:,} of 1,770. Only the first 60 of 100 models are shown." in caption
    assert drawn[0].axes[0].images[0].get_array().shape == (60, 60)
    assert (
        drawn[0]
        .get_suptitle()
        .replace("\n", " ")
        .startswith(f"{told:,} of 1,770 pairs of models ({told / 17.70:.0f}%)")
    )


def test_numbers_never_claim_certainty(tmp_path: Path, drawn: list[Any]) -> None:
    chance = np.array([[0.5, 1.0, 0.994], [0.0, 0.5, 0.75], [0.006, 0.25, 0.5]])
    pair_matrix_figure(tmp_path / "p.png", list("abc"), chance, chance > 0.99)
    assert [t.get_text() for t in drawn[0].axes[0].texts] == [">99", "99", "<1", "75", "1", "25"]
    assert dots(drawn[0].axes[0]) == {(0, 1), (1, 0), (0, 2), (2, 0)}, "one order is enough"


def test_identical_unknown_and_single_models(tmp_path: Path, drawn: list[Any]) -> None:
    same = pair_matrix_figure(tmp_path / "s.png", list("abcd"), np.full((4, 4), 0.5), np.zeros((4, 4), dtype=bool))
    assert "0 of 6" in same
    assert drawn[0].get_suptitle() == "None of 6 pairs of models is told apart"
    pair_matrix_figure(tmp_path / "u.png", list("ab"), np.full((2, 2), np.nan), np.zeros((2, 2), dtype=bool))
    assert drawn[1].axes[0].images[0].get_array().mask.all()
    assert drawn[1].get_suptitle() == "The two models are not told apart"
    pair_matrix_figure(tmp_path / "o.png", ["only"], [[0.5]], [[False]])
    assert drawn[2].get_suptitle() == "There is no pair of models"


def test_shapes_that_disagree_are_refused(tmp_path: Path) -> None:
    for names, shape in ((list("abc"), (2, 2)), (list("ab"), (2, 3)), ([], (0, 0))):
        with pytest.raises(ResponseDataError, match=f"{len(names)} models"):
            pair_matrix_figure(tmp_path / "p.png", names, np.full(shape, 0.5), np.zeros(shape, dtype=bool))
    assert not (tmp_path / "p.png").exists()
