"""The table of models in a real browser: sorted, filtered, laid out, exported, and fast."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anchoreval.reporting.board_page.content import BoardPage

Make = Callable[..., BoardPage]
Open = Callable[..., Any]
SORT_MILLISECONDS = """keys => {
  const taken = [];
  for (const key of keys) {
    const head = document.querySelector(`#board [data-sort="${key}"]`);
    const before = performance.now();
    head.click();
    document.getElementById("board").getBoundingClientRect();
    taken.push(performance.now() - before);
  }
  return taken;
}"""
FILTER_MILLISECONDS = """texts => {
  const taken = [];
  const find = document.getElementById("find");
  for (const text of texts) {
    find.value = text;
    const before = performance.now();
    find.dispatchEvent(new Event("input", { bubbles: true }));
    document.getElementById("board").getBoundingClientRect();
    taken.push(performance.now() - before);
  }
  return taken;
}"""


@pytest.mark.parametrize("key", ["rank", "score", "truth", "places", "interval", "answered", "bar"])
def test_sorting_by_a_figure(visit: Open, make_board: Make, key: str) -> None:
    board = make_board()
    models = board.models.assign(
        places=board.models["rank_lower"],
        interval=board.models["upper"] - board.models["lower"],
        bar=board.models["lower"],
    )
    there = visit(board)
    for _ in range(2):
        there.head(key).click()
        order = there.head(key).locator("xpath=..").get_attribute("aria-sort")
        values = models[key].to_numpy(dtype=np.float64)[there.rows()]
        known = values[np.isfinite(values)]
        assert np.isnan(values[len(known) :]).all(), "what is not known comes last"
        assert (np.diff(known) >= 0).all() if order == "ascending" else (np.diff(known) <= 0).all()
    assert len(there.rows()) == len(models)


def test_sorting_by_name_and_by_keyboard(visit: Open, make_board: Make) -> None:
    there = visit(make_board())
    there.head("name").focus()
    there.page.keyboard.press("Enter")
    first = there.rows()
    assert there.page.evaluate("document.activeElement.dataset.sort") == "name"
    there.page.keyboard.press("Space")
    assert there.rows() == first[::-1]
    assert there.page.locator('#board th[aria-sort="descending"]').count() == 1
    plain = [n for n in first if n >= 8]
    assert plain == sorted(plain)


def test_filters_by_text_and_family(visit: Open, make_board: Make) -> None:
    board = make_board()
    there = visit(board)
    there.page.locator("#find").fill("MODEL-001")
    assert sorted(there.rows()) == list(range(10, 20))
    assert "10 models (of 40)" in there.page.locator("#found").inner_text()
    family = board.models["family"].iloc[2]
    there.page.locator("#family").select_option(family)
    assert sorted(there.rows()) == [n for n in range(10, 20) if board.models["family"].iloc[n] == family]
    there.page.locator("#find").fill("no such model")
    assert there.rows() == []


def test_columns_are_switched_and_exported(visit: Open, make_board: Make) -> None:
    board = make_board()
    there = visit(board, accept_downloads=True)
    there.page.locator("#column-field summary").click()
    there.page.get_by_role("checkbox", name="<i>law</i>").check()
    there.page.get_by_role("checkbox", name="anchors", exact=True).uncheck()
    assert "<i>law</i>" in there.page.locator("#board thead").inner_text()
    there.page.keyboard.press("Escape")
    there.page.locator("#find").fill("C'!A0")
    with there.page.expect_download() as started:
        there.page.locator("#export").click()
    text = Path(started.value.path()).read_text(encoding="utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    model = board.models.iloc[5]
    assert row["model"] == "'" + model.name, "no spreadsheet takes it for a formula"
    assert float(row["score (points)"]) == pytest.approx(100 * model["score"], abs=1e-4)
    assert float(row["lower (points)"]) == pytest.approx(100 * model["lower"], abs=1e-4)
    assert board.subjects is not None
    assert float(row["<i>law</i> (points)"]) == pytest.approx(100 * board.subjects["<i>law</i>"].iloc[5], abs=0.01)
    assert "answered" not in row


def test_two_thousand_models_stay_responsive(visit: Open, make_board: Make) -> None:
    there = visit(make_board(n_models=2000, n_anchors=100))
    opened = there.page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    assert opened < 4000
    keys = ["score", "name", "family", "interval", "bar", "truth", "answered", "places", "rank"]
    assert np.median(there.page.evaluate(SORT_MILLISECONDS, keys)) < 200
    assert np.median(there.page.evaluate(FILTER_MILLISECONDS, ["m", "mo", "model-1", "oak", ""])) < 200
    there.page.locator("#all").click()
    assert len(there.rows()) == 2000
    there.head("score").click()
    assert "100 of 2,000 models shown" in there.page.locator("#found").inner_text()
    assert there.page.locator("#model-names option").count() == 2000
