"""Anchors and subjects in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from anchoreval.reporting.board_page.content import BoardPage

Make = Callable[..., BoardPage]
Open = Callable[..., Any]


def test_anchors_are_found_opened_and_compared(visit: Open, make_board: Make) -> None:
    board = make_board()
    assert board.answers is not None
    there = visit(board)
    there.row(8).click()
    there.row(9).click()
    both = np.isfinite(board.answers[8]) & np.isfinite(board.answers[9])
    differ = int(((board.answers[8] != board.answers[9]) & both).sum())
    assert f"A and B differ on {differ}" in there.page.locator("#anchors-found").inner_text()
    there.page.locator("#anchor-subject").select_option("<i>law</i>")
    assert there.page.locator("#anchor-list details").count() == 10
    there.page.locator("#find-anchor").fill("question 13:")
    card = there.page.locator("#anchor-list details")
    assert card.count() == 1
    words = {1.0: "right", 0.0: "wrong"}
    marks = [words.get(float(score), "not answered") for score in board.answers[8:10, 13]]
    for shown, wanted in zip(card.locator(".answer").all_inner_texts(), marks, strict=True):
        assert wanted in shown
    card.locator("summary").click()
    body = card.locator(".anchor-body").inner_text()
    assert "what is <b>13</b> + 1?" in body
    assert board.models.index[1] in body
    assert f"{100 * np.nanmean(board.answers[:, 13]):.1f}% of the models right" in body
    there.page.locator("#find-anchor").fill("")
    there.page.locator("#anchor-subject").select_option("")
    there.page.locator("#anchor-order").select_option("weight")
    first = there.page.locator("#anchor-list details").first.locator(".anchor-name").inner_text()
    assert first == board.anchors["weight"].idxmax()


def test_subjects_of_the_selected_model(visit: Open, make_board: Make) -> None:
    board = make_board()
    there = visit(board)
    there.row(10).click()
    assert board.subjects is not None
    cells = there.page.locator("#figures-of-models .subjects tbody td").all_inner_texts()
    assert [cell.strip() for cell in cells] == [f"{100 * value:.1f}" for value in board.subjects.iloc[10, :3]] + ["–"]
