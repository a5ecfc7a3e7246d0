"""The page in a real browser: hostile names do nothing; dark and light, large and small."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from anchoreval.reporting.board_page.content import BoardPage
from anchoreval.reporting.board_page.labels import labels

Make = Callable[..., BoardPage]
Open = Callable[..., Any]


def test_hostile_names_are_shown_as_they_are(visit: Open, make_board: Make) -> None:
    board = make_board()
    there = visit(board, viewport={"width": 1200, "height": 800})
    shown = there.page.locator("#board tbody .name bdi").all_inner_texts()
    assert sorted(shown) == sorted(" ".join(name.split()) for name in labels(board.models.index))
    for model in range(8):
        there.row(model).click()
    there.page.locator("#anchor-list summary").first.click()
    there.page.locator("#plots").scroll_into_view_if_needed()
    there.page.wait_for_selector("#interval-plot svg")
    there.page.locator("#find").fill(board.models.index[0])
    assert there.rows() == [0]
    assert there.page.evaluate("document.documentElement.scrollWidth") <= 1200
    assert there.page.title() == board.title


def luminance(there: Any) -> float:
    colour = there.page.evaluate("getComputedStyle(document.body).backgroundColor")
    return float(np.mean([int(part) for part in re.findall(r"\d+", colour)[:3]]))


def test_dark_and_light(visit: Open, make_board: Make) -> None:
    dark = visit(make_board(), color_scheme="dark")
    assert luminance(dark) < 60
    dark.page.locator("#theme").click()
    assert luminance(dark) > 200
    light = visit(make_board(), color_scheme="light")
    assert luminance(light) > 200
    light.page.locator("#theme").click()
    assert luminance(light) < 60


def test_a_phone_need_not_scroll_sideways(visit: Open, make_board: Make) -> None:
    there = visit(make_board(), viewport={"width": 390, "height": 844})
    there.row(4).click()
    there.row(8).click()
    there.page.locator("#anchor-list summary").first.click()
    there.page.locator("#plots").scroll_into_view_if_needed()
    there.page.wait_for_selector("#rank-plot svg")
    assert there.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_without_a_script_a_table_is_there(visit: Open, make_board: Make) -> None:
    there = visit(make_board(), java_script_enabled=False)
    assert there.page.locator("noscript tbody tr").count() == 40
    assert there.page.locator("#export").is_hidden()


def test_an_empty_board_opens(visit: Open, make_board: Make) -> None:
    board = make_board()
    empty = make_board(models=board.models.iloc[:0], subjects=None, pairs=None, answers=None, failures={}, cost={})
    there = visit(empty)
    assert there.rows() == []
    assert there.page.locator("#anchor-list details").count() == 30
