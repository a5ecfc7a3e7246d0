"""Two models compared in a real browser: what the page says is what Python says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from scipy.stats import norm

from anchoreval.reporting.board_page.content import BoardPage
from anchoreval.reporting.board_page.labels import labels

Make = Callable[..., BoardPage]
Open = Callable[..., Any]
MINUS = "\N{MINUS SIGN}"


def expected_pair(board: BoardPage, first: int, second: int) -> dict[str, Any]:
    """What the rule says of two models, computed with NumPy and SciPy."""
    rule, rows = board.pairs, board.models
    assert rule is not None
    a, b = rows.iloc[first], rows.iloc[second]
    difference = a["score"] - b["score"]
    kin = isinstance(a["family"], str) and a["family"] == b["family"]
    probability = norm.cdf((rule.kin_precision if kin else rule.precision) * difference)
    resolved = rule.resolved([rows.index[first]], [rows.index[second]], np.array([difference]), np.array([kin]))[0]
    return {"difference": difference, "half": rule.half_width, "probability": probability, "resolved": resolved}


def signed(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", MINUS)


PAIRS = [(12, 0), (8, 18), (18, 8), (9, 14), (8, 27), (15, 25), (9, 18), (12, 36), (17, 8), (8, 16)]
"""Strangers resolved and not, beyond the grid, of no known family; kin resolved, not, and where none can be."""


@pytest.mark.parametrize("pair", PAIRS)
def test_a_pair_is_judged_as_in_python(visit: Open, make_board: Make, pair: tuple[int, int]) -> None:
    board = make_board()
    there = visit(board)
    for model in pair:
        there.row(model).click()
    wanted = expected_pair(board, *pair)
    assert there.figure("difference") == f"{signed(wanted['difference'])} points"
    ends = [signed(wanted["difference"] + side * wanted["half"]) for side in (-1, 1)]
    assert there.figure("difference-interval") == f"{ends[0]} to {ends[1]} points"
    probability = wanted["probability"]
    shown = there.figure("first-better")
    if 0.001 <= probability <= 0.999:
        assert shown == f"{100 * probability:.1f}%"
    else:
        assert shown == ("over 99.9%" if probability > 0.5 else "under 0.1%")
    assert there.page.locator(".verdict-line .badge").inner_text() == (
        "told apart" if wanted["resolved"] else "not told apart"
    )


def test_the_pairs_above_cover_what_matters(make_board: Make) -> None:
    board = make_board()
    families = board.models["family"].to_numpy(dtype=object)
    kinds = {
        (isinstance(families[a], str) and families[a] == families[b], bool(expected_pair(board, a, b)["resolved"]))
        for a, b in PAIRS
    }
    assert kinds == {(False, False), (False, True), (True, False), (True, True)}


def test_every_model_against_the_selected_one(visit: Open, make_board: Make) -> None:
    board = make_board()
    there = visit(board)
    there.row(12).click()
    for model in range(len(board.models) - 1):
        if model == 12:
            continue
        wanted = expected_pair(board, model, 12)
        word = "not told apart" if not wanted["resolved"] else "higher" if wanted["difference"] > 0 else "lower"
        cell = there.page.locator(f'#board tr[data-model="{model}"] .against')
        assert word in cell.inner_text(), board.models.index[model]
    there.page.locator("#apart").check()
    alike = {n for n in range(39) if n == 12 or not expected_pair(board, n, 12)["resolved"]}
    assert set(there.rows()) == alike


def test_models_are_chosen_by_name_and_by_link(visit: Open, make_board: Make) -> None:
    board = make_board()
    names = labels(board.models.index)
    link = "#compare=" + ",".join(quote(names[n], safe="") for n in (6, 7))
    there = visit(board, link)
    assert there.page.locator("#first").input_value() == names[6]
    assert there.page.locator("#second").input_value() == names[7]
    before = there.figure("difference")
    there.page.locator("#swap").click()
    assert there.figure("difference") == before.translate(str.maketrans(f"+{MINUS}", f"{MINUS}+"))
    there.page.locator("#second").fill(names[20])
    there.page.locator("#second").press("Enter")
    assert there.figure("difference") == f"{signed(expected_pair(board, 7, 20)['difference'])} points"
    assert there.page.url.endswith(quote(names[20], safe=""))
    there.page.locator("#first").fill("nobody")
    there.page.locator("#first").press("Enter")
    assert "no model of that name" in there.page.locator("#unknown-name").inner_text()
    there.page.locator("#clear").click()
    assert there.page.locator("#judged .headline").count() == 0
    assert there.page.locator("#chosen").is_hidden()


def test_a_board_without_pairs_says_so(visit: Open, make_board: Make) -> None:
    there = visit(make_board(pairs=None))
    there.row(8).click()
    there.row(9).click()
    assert "could not be learnt" in there.page.locator("#judged").inner_text()
    assert there.page.locator("#board .against").count() == 0


def test_an_interval_that_cannot_be_had(visit: Open, make_board: Make) -> None:
    rule = make_board().pairs
    assert rule is not None
    endless = type(rule)(**{**vars(rule), "half_width": np.inf, "critical": np.full_like(rule.critical, np.inf)})
    there = visit(make_board(pairs=endless))
    there.row(8).click()
    there.row(9).click()
    assert "not attainable" in there.figure("difference-interval")
    assert "No difference between them" in there.page.locator(".verdict-line").inner_text()
