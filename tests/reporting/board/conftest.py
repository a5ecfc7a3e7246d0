"""A made-up leaderboard whose names are hostile, as large as wanted, and a real browser that opens it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.power.report.pair_rule import PairRule
from anchoreval.reporting.board_page.content import BoardPage
from anchoreval.reporting.board_page.writing import write_board_page

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(2)>",
    "\"quotes\" 'and' &amp; \\u003c",
    "\u202egnp.live\u202c \u2028 \N{GRINNING FACE} \u200f",
    "n" * 300,
    "=cmd|' /C calc'!A0",
    "{{ 7 * 7 }} ${7*7} a,b",
    "line\nbreak\x00",
]
FAMILIES = ["oak", "ash", '<b>elm" onclick="alert(3)']


@pytest.fixture(scope="session")
def make_board() -> Callable[..., BoardPage]:
    """A leaderboard of so many models and anchors, the first models with hostile names."""

    def made(n_models: int = 40, n_anchors: int = 30, **changes: Any) -> BoardPage:
        rng = np.random.default_rng(7)
        table = _models(n_models, rng)
        answers = (rng.random((n_models, n_anchors)) < table["score"].to_numpy()[:, None]).astype(np.float32)
        answers[rng.random(answers.shape) < 0.05] = np.nan
        subjects = pd.DataFrame(
            np.clip(table["score"].to_numpy()[:, None] + rng.normal(0, 0.1, (n_models, 4)), 0, 1),
            index=table.index,
            columns=["algebra", "<i>law</i>", "history", "unseen"],
        )
        subjects["unseen"] = np.nan
        page = BoardPage(
            title="board <em>of</em> 'models' & more",
            lead="Scores on 1,000 items, estimated from a few of them.",
            updated="2026-11-21T20:00:00+00:00",
            verdict="watch",
            reasons=[f"control model {HOSTILE[0]} drifted"],
            warnings=[f"{HOSTILE[1]} extrapolates"],
            level=0.95,
            models=table,
            subjects=subjects,
            failures={HOSTILE[1] + " \ud800": "no such folder <here>"},
            pairs=_pairs(table),
            anchors=_anchors(n_anchors, rng),
            answers=answers,
            cost={
                "full_items": 1000,
                "anchor_items": n_anchors,
                "full_cost": 12.5,
                "anchor_cost": 0.5,
                "cost_unit": "euro",
            },
            facts={"selector": HOSTILE[0], "anchors": n_anchors},
        )
        return replace(page, **changes)

    return made


def _models(count: int, rng: np.random.Generator) -> pd.DataFrame:
    names = [*HOSTILE, *(f"org/model-{n:04d}" for n in range(len(HOSTILE), count))][:count]
    score = rng.uniform(0.2, 0.9, count)
    rank = pd.Series(score).rank(ascending=False).to_numpy()
    table = pd.DataFrame(
        {
            "score": score,
            "lower": score - rng.uniform(0.02, 0.06, count),
            "upper": score + rng.uniform(0.02, 0.06, count),
            "rank": rank,
            "rank_lower": np.maximum(rank - 3, 1),
            "rank_upper": np.minimum(rank + 4, count),
            "answered": rng.integers(20, 31, count),
            "extrapolating": rng.random(count) < 0.2,
            "family": [FAMILIES[n % 3] if n % 5 else None for n in range(count)],
            "truth": np.where(rng.random(count) < 0.3, score + rng.normal(0, 0.02, count), np.nan),
            "scored": "2026-11-20",
            "tokens": rng.integers(1000, 9000, count),
        },
        index=pd.Index(names, name="model"),
    )
    table.loc[table.index[-1], ["score", "lower", "upper", "rank", "rank_lower", "rank_upper"]] = np.nan
    return table


def _pairs(table: pd.DataFrame) -> PairRule:
    levels = np.linspace(0.25, 0.85, 25)
    critical = np.stack([0.12 - 0.1 * (levels - 0.5), 0.08 - 0.05 * (levels - 0.5)])
    critical[1, 20:] = np.inf
    expected = table["score"].dropna() * 1.1 - 0.02
    return PairRule(0.07, 15.0, 22.0, levels, critical, expected, 0.05)


def _anchors(count: int, rng: np.random.Generator) -> pd.DataFrame:
    weight = rng.random(count)
    table = pd.DataFrame(
        {
            "weight": weight / weight.sum(),
            "subject": [["algebra", "<i>law</i>", "history"][n % 3] for n in range(count)],
            "task": "some_task",
            "doc_id": np.arange(count),
            "text": [f"Question {n}: what is <b>{n}</b> + 1?" for n in range(count)],
            "options": [["one", HOSTILE[1], "three"] if n % 2 else None for n in range(count)],
            "difficulty": rng.random(count),
            "discrimination": rng.random(count) * 2,
        },
        index=pd.Index([f"some_task/{n}" for n in range(count)], name="item"),
    )
    return table.rename(index={"some_task/0": HOSTILE[0]})


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
    """The system's Chromium; for one file at a time, because its driver keeps an event loop running."""
    driving = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install playwright")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no browser: install Debian's package chromium")
    with driving.sync_playwright() as driver:
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
