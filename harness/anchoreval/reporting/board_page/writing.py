"""The page put together: template, style, script and data in one file that fetches nothing.

A Content-Security-Policy names the hashes of the page's own style and script, so that nothing else can run or be
fetched, even if a text should one day slip through as markup.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd

from anchoreval.atomic import write_text
from anchoreval.reporting.board_page.content import BoardPage
from anchoreval.reporting.board_page.cost import compared_costs
from anchoreval.reporting.board_page.embedding import board_data, embedded
from anchoreval.reporting.board_page.labels import labels
from anchoreval.reporting.page import environment
from anchoreval.reporting.tables import interval, points

TEMPLATES = files("anchoreval.reporting") / "templates"
SCRIPT = (
    *("page", "pairs", "state"),
    *("columns", "rows", "table", "chooser", "export"),
    *("compare", "model_figures", "plots"),
    *("answers", "anchor_card", "anchors"),
    "start",
)
"""Pieces of the script, in order; they share one scope."""
STYLE = ("board", "table", "compare", "anchors")
VERDICTS = {
    "fresh": "The anchors still measure what they were chosen to measure.",
    "watch": "There are signs that the anchors are ageing; keep an eye on them.",
    "re-select": "The anchors have aged: choose new ones before trusting new scores.",
}
"""What each verdict on the anchors means."""


def write_board_page(path: Path, page: BoardPage) -> None:
    """Write the leaderboard's page to `path`, atomically.

    Raises:
        ResponseDataError: the parts of the page do not belong together.
        OSError: a figure cannot be read, or the page not written.
    """
    page.check()
    rendered = _template().render({**vars(page), **_pieces(page)})
    write_text(path, rendered.encode("utf-8", errors="replace").decode("utf-8"))


def _template() -> Any:
    made = environment()
    made.filters["label"] = lambda name: labels([name])[0]
    return made.get_template("board/board.html.j2")


def _pieces(page: BoardPage) -> dict[str, Any]:
    """What the template needs besides the page itself; the first four are ours or escaped already."""
    from markupsafe import Markup

    style = _joined(["shared.css", *(f"board/style/{name}.css" for name in STYLE)])
    dark = _joined(["dark.css", "board/style/dark.css"])
    script = '"use strict";\n(() => {\n' + _joined([f"board/script/{name}.js" for name in SCRIPT]) + "})();\n"
    return {
        "style": Markup(style),
        "dark": Markup(dark),
        "script": Markup(script),
        "data": Markup(embedded(board_data(page))),
        "policy": _policy(styles=[style, dark], scripts=[script]),
        "shown_time": _shown_time(page.updated),
        "rows": _plain_rows(page.models),
        "costs": compared_costs(page.cost),
        "verdict_means": VERDICTS.get(page.verdict or "", ""),
        "version": version("anchoreval"),
    }


def _shown_time(moment: str) -> str:
    """`2026-11-21 20:00 UTC`; a text that is no ISO time as it is."""
    try:
        return datetime.fromisoformat(moment).strftime("%Y-%m-%d %H:%M %Z").strip()
    except ValueError:
        return moment


def _joined(names: list[str]) -> str:
    return "".join(TEMPLATES.joinpath(name).read_text(encoding="utf-8") for name in names)


def _policy(styles: list[str], scripts: list[str]) -> str:
    """A Content-Security-Policy that allows these pieces and pictures inside the page, and nothing else."""
    return (
        f"default-src 'none'; style-src {_hashes(styles)}; script-src {_hashes(scripts)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hashes(pieces: list[str]) -> str:
    digests = (hashlib.sha256(piece.encode("utf-8")).digest() for piece in pieces)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode('ascii')}'" for digest in digests)


def _plain_rows(models: pd.DataFrame) -> list[list[str]]:
    """Place, rank set, model, score and interval of every model, the best first: the table without a script."""
    shown = models.assign(label=labels(models.index)).sort_values("rank", kind="stable", na_position="last")
    return [
        [_place(row["rank"]), _places(row), row["label"], points(row["score"]), interval(row["lower"], row["upper"])]
        for row in shown.to_dict("records")
    ]


def _place(rank: float) -> str:
    return "-" if pd.isna(rank) else f"{rank:g}"


def _places(row: dict[Any, Any]) -> str:
    return "-" if pd.isna(row["rank_lower"]) else f"{row['rank_lower']:g} to {row['rank_upper']:g}"
