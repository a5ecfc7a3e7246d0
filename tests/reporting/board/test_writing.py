"""The file: self-contained, escaped, readable without a script."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from anchoreval.errors import ResponseDataError
from anchoreval.reporting.board_page.content import BoardPage
from anchoreval.reporting.board_page.writing import SCRIPT, STYLE, TEMPLATES, write_board_page
from anchoreval.reporting.page import PageSection, PageTable

Make = Callable[..., BoardPage]


@pytest.fixture
def text(tmp_path: Path, make_board: Make) -> str:
    section = PageSection("Power & <more>", "What can be seen.", tables=[PageTable("T", "c", ["a"], [["<u>cell</u>"]])])
    write_board_page(tmp_path / "board.html", make_board(sections=[section]))
    return (tmp_path / "board.html").read_text(encoding="utf-8")


def test_names_are_never_markup(text: str) -> None:
    assert text.count("<script") == 2
    assert text.count("</script>") == 2
    for tag in ("<img", "<b>", "<em>of", "<i>law", "<here>", "<u>", "<more>"):
        assert tag not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "&lt;u&gt;cell&lt;/u&gt;" in text


def test_nothing_is_fetched(text: str) -> None:
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg\")", text)
    assert not re.search(r"""\b(src|href)=["'](?!data:|#)""", text)
    assert not re.search(r"url\(|@import|\beval\(|new Function|innerHTML|document\.write", text)


def test_the_policy_names_the_page_own_style_and_script(text: str) -> None:
    found = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert found is not None
    policy = found[1].replace("&#39;", "'")
    pieces = re.findall(r"<(?:style[^>]*|script)>(.*?)</(?:style|script)>", text, flags=re.DOTALL)
    assert len(pieces) == 3
    for piece in pieces:
        assert f"'sha256-{base64.b64encode(hashlib.sha256(piece.encode()).digest()).decode()}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_every_model_stands_in_the_table_without_a_script(text: str, make_board: Make) -> None:
    rows = re.findall(r"<tr>(.*?)</tr>", text.split("<noscript>")[1].split("</noscript>")[0], flags=re.DOTALL)
    page = make_board()
    assert len(rows) == len(page.models) + 1
    best = page.models.sort_values("rank").iloc[0]
    assert f"<td>{100 * best['score']:.1f}</td>" in rows[1]
    assert rows[-1].count("<td>-</td>") == 4


def test_every_piece_is_used_and_small() -> None:
    for folder, names, kind in (("script", SCRIPT, "js"), ("style", (*STYLE, "dark"), "css")):
        there = {path.name for path in (TEMPLATES / "board" / folder).iterdir()}
        assert there == {f"{name}.{kind}" for name in names}


def test_a_large_board_stays_small(tmp_path: Path, make_board: Make) -> None:
    path = tmp_path / "large.html"
    write_board_page(path, make_board(n_models=2000, n_anchors=100))
    assert path.stat().st_size < 2_000_000


def test_an_empty_board_is_written(tmp_path: Path, make_board: Make) -> None:
    page = make_board()
    empty = make_board(
        models=page.models.iloc[:0],
        subjects=None,
        pairs=None,
        answers=np.zeros((0, 30), dtype=np.float32),
        verdict=None,
        failures={},
        cost={},
    )
    write_board_page(tmp_path / "empty.html", empty)
    assert "could not be scored" not in (tmp_path / "empty.html").read_text(encoding="utf-8")


def test_parts_that_do_not_belong_together_are_refused(tmp_path: Path, make_board: Make) -> None:
    page = make_board()
    wrong = {
        "twice": {"models": page.models.set_axis(["same"] * len(page.models), axis=0)},
        "'rank'": {"models": page.models.drop(columns="rank")},
        "'weight'": {"anchors": page.anchors.drop(columns="weight")},
        "shape": {"answers": np.zeros((3, 3), dtype=np.float32)},
    }
    for match, change in wrong.items():
        with pytest.raises(ResponseDataError, match=match):
            write_board_page(tmp_path / "broken.html", make_board(**change))
    assert not (tmp_path / "broken.html").exists()
