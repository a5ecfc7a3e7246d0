"""The page in a real browser: it sorts, filters and compares as it says, fast, and hostile names do nothing."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from scipy.stats import norm

from anchoreval.reporting.board_page.content import BoardPage
from anchoreval.reporting.board_page.labels import labels
from anchoreval.reporting.board_page.writing import write_board_page

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install playwright")
Make = Callable[..., BoardPage]
MINUS = "\N{MINUS SIGN}"
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


@dataclass
class Visit:
    """A page in the browser, and all that should not happen there."""

    page: Any
    trouble: list[str] = field(default_factory=list)

    def rows(self) -> list[int]:
        found = self.page.eval_on_selector_all("#board tbody tr", "rows => rows.map(row => Number(row.dataset.model))")
        return [int(n) for n in found]

    def head(self, key: str) -> Any:
        return self.page.locator(f'#board [data-sort="{key}"]')

    def row(self, model: int) -> Any:
        return self.page.locator(f'#board tr[data-model="{model}"] button.name')

    def figure(self, name: str) -> str:
        return str(self.page.locator(f'[data-figure="{name}"]').inner_text())


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no browser: install Debian's package chromium")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    """Writes a board and opens it; any dialog, error, console message or request fails the test."""
    contexts, visits = [], []

    def opened(board: BoardPage, fragment: str = "", **context: Any) -> Visit:
        path = tmp_path / "board.html"
        write_board_page(path, board)
        contexts.append(browser.new_context(**context))
        page = contexts[-1].new_page()
        page.set_default_timeout(8000)
        found = Visit(page)
        visits.append(found)
        page.on("dialog", lambda dialog: (found.trouble.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("console", lambda message: found.trouble.append(f"console {message.text}"))
        page.on("pageerror", lambda error: found.trouble.append(f"error {error}"))
        address = path.as_uri()

        def answered(route: Any) -> None:
            asked = route.request.url.split("#")[0]
            if asked == address:
                route.continue_()
            else:
                found.trouble.append(f"request {asked}")
                route.abort()

        page.route("**/*", answered)
        page.goto(address + fragment)
        return found

    yield opened
    for context in contexts:
        context.close()
    assert [trouble for found in visits for trouble in found.trouble] == []


def test_hostile_names_are_shown_as_they_are(visit: Callable[..., Visit], make_board: Make) -> None:
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


@pytest.mark.parametrize("key", ["rank", "score", "truth", "places", "interval", "answered", "bar"])
def test_sorting_by_a_figure(visit: Callable[..., Visit], make_board: Make, key: str) -> None:
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


def test_sorting_by_name_and_by_keyboard(visit: Callable[..., Visit], make_board: Make) -> None:
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


def test_filters_by_text_and_family(visit: Callable[..., Visit], make_board: Make) -> None:
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


PAIRS = [(12, 0), (8, 18), (18, 8), (9, 14), (8, 27), (15, 25), (9, 18), (12, 36), (17, 8)]
"""Strangers resolved and not, beyond the grid, of no known family; kin resolved, not, and where none can be."""


@pytest.mark.parametrize("pair", PAIRS)
def test_a_pair_is_judged_as_in_python(visit: Callable[..., Visit], make_board: Make, pair: tuple[int, int]) -> None:
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


def test_every_model_against_the_selected_one(visit: Callable[..., Visit], make_board: Make) -> None:
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


def test_models_are_chosen_by_name_and_by_link(visit: Callable[..., Visit], make_board: Make) -> None:
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


def test_a_board_without_pairs_says_so(visit: Callable[..., Visit], make_board: Make) -> None:
    there = visit(make_board(pairs=None))
    there.row(8).click()
    there.row(9).click()
    assert "could not be learnt" in there.page.locator("#judged").inner_text()
    assert there.page.locator("#board .against").count() == 0


def test_an_interval_that_cannot_be_had(visit: Callable[..., Visit], make_board: Make) -> None:
    rule = make_board().pairs
    assert rule is not None
    endless = type(rule)(**{**vars(rule), "half_width": np.inf, "critical": np.full_like(rule.critical, np.inf)})
    there = visit(make_board(pairs=endless))
    there.row(8).click()
    there.row(9).click()
    assert "not attainable" in there.figure("difference-interval")
    assert "No difference between them" in there.page.locator(".verdict-line").inner_text()


def test_columns_are_switched_and_exported(visit: Callable[..., Visit], make_board: Make) -> None:
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


def test_anchors_are_found_opened_and_compared(visit: Callable[..., Visit], make_board: Make) -> None:
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


def test_subjects_of_the_selected_model(visit: Callable[..., Visit], make_board: Make) -> None:
    board = make_board()
    there = visit(board)
    there.row(10).click()
    assert board.subjects is not None
    cells = there.page.locator("#figures-of-models .subjects tbody td").all_inner_texts()
    assert [cell.strip() for cell in cells] == [f"{100 * value:.1f}" for value in board.subjects.iloc[10, :3]] + ["–"]


def luminance(there: Visit) -> float:
    colour = there.page.evaluate("getComputedStyle(document.body).backgroundColor")
    return float(np.mean([int(part) for part in re.findall(r"\d+", colour)[:3]]))


def test_dark_and_light(visit: Callable[..., Visit], make_board: Make) -> None:
    dark = visit(make_board(), color_scheme="dark")
    assert luminance(dark) < 60
    dark.page.locator("#theme").click()
    assert luminance(dark) > 200
    light = visit(make_board(), color_scheme="light")
    assert luminance(light) > 200
    light.page.locator("#theme").click()
    assert luminance(light) < 60


def test_a_phone_need_not_scroll_sideways(visit: Callable[..., Visit], make_board: Make) -> None:
    there = visit(make_board(), viewport={"width": 390, "height": 844})
    there.row(4).click()
    there.row(8).click()
    there.page.locator("#anchor-list summary").first.click()
    there.page.locator("#plots").scroll_into_view_if_needed()
    there.page.wait_for_selector("#rank-plot svg")
    assert there.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_without_a_script_a_table_is_there(visit: Callable[..., Visit], make_board: Make) -> None:
    there = visit(make_board(), java_script_enabled=False)
    assert there.page.locator("noscript tbody tr").count() == 40
    assert there.page.locator("#export").is_hidden()


def test_an_empty_board_opens(visit: Callable[..., Visit], make_board: Make) -> None:
    board = make_board()
    empty = make_board(models=board.models.iloc[:0], subjects=None, pairs=None, answers=None, failures={}, cost={})
    there = visit(empty)
    assert there.rows() == []
    assert there.page.locator("#anchor-list details").count() == 30


def test_two_thousand_models_stay_responsive(visit: Callable[..., Visit], make_board: Make) -> None:
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
