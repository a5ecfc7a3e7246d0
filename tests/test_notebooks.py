"""The notebooks: each runs from top to bottom in a fresh kernel, and says what it said when it was committed."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest

from . import notebook_runs as runs

LARGEST = 2_000_000
"""Bytes of all notebooks together."""
CAPTION = re.compile(r"^\*\*Figure (\d+)\.\*\* \S", flags=re.MULTILINE)
MENTION = re.compile(r"[Ff]igure (\d+)")
SMALL = 20
"""Whole numbers up to this one may stand in the prose without being computed."""


@pytest.fixture(params=runs.NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def stored(name: str) -> Any:
    return runs.read(name)


def test_all_notebooks_are_known() -> None:
    assert {path.stem for path in runs.FOLDER.glob("*.ipynb")} == set(runs.NAMES)
    assert sum(path.stat().st_size for path in runs.FOLDER.iterdir() if path.is_file()) < LARGEST


def test_stored_outputs_are_there_and_clean(stored: Any) -> None:
    assert set(stored.metadata) == {"kernelspec", "language_info"}
    for number, cell in enumerate(runs.code_cells(stored), start=1):
        assert cell.execution_count == number, "run it again: make notebooks"
        assert not cell.metadata
        kinds = [(output.output_type, output.get("name")) for output in cell.outputs]
        assert ("stream", "stderr") not in kinds, cell.source
        assert "error" not in [kind for kind, _ in kinds], cell.source
        if "print(" in cell.source or cell.source.startswith("%%sh"):
            assert runs.shown(cell), cell.source


def test_every_figure_is_there_with_its_caption(stored: Any) -> None:
    drawn = 0
    for cell, after in zip(stored.cells, [*stored.cells[1:], None], strict=True):
        for picture in runs.pictures(cell) if cell.cell_type == "code" else ():
            drawn += 1
            assert base64.b64decode(picture).startswith(b"\x89PNG")
            assert "title" in cell.source, "a figure without a title"
            assert "xlabel" in cell.source or "against_budget" in cell.source, "a figure without a labelled axis"
            captions = CAPTION.findall(_next_prose(stored, cell))
            assert captions[:1] == [str(drawn)], f"figure {drawn} has no caption below it"
        if after is not None and cell.cell_type == "markdown":
            assert not CAPTION.findall(cell.source) or drawn, "a caption before its figure"
    prose = "\n".join(cell.source for cell in stored.cells if cell.cell_type == "markdown")
    assert [int(number) for number in CAPTION.findall(prose)] == list(range(1, drawn + 1))
    assert all(1 <= int(number) <= drawn for number in MENTION.findall(prose))


def _next_prose(notebook: Any, cell: Any) -> str:
    following = notebook.cells[notebook.cells.index(cell) + 1 :]
    return next((str(after.source) for after in following if after.cell_type == "markdown"), "")


def test_numbers_in_the_prose_were_computed_above(stored: Any) -> None:
    seen = ""
    for cell in stored.cells:
        if cell.cell_type == "code":
            seen += f"{cell.source}\n{runs.shown(cell)}\n"
            continue
        known = {_plain(number) for number in runs.NUMBER.findall(seen)}
        for number in runs.NUMBER.findall(_claims(cell.source)):
            value = _plain(number)
            if value.is_integer() and value <= SMALL:
                continue
            assert value in known or 1 - value / 100 in known or value / 100 in known, f"{number} in: {cell.source}"


def _claims(prose: str) -> str:
    """The prose without code, headings and the numbers of figures."""
    prose = re.sub(r"`[^`]*`|^#.*$", "", prose, flags=re.MULTILINE)
    return MENTION.sub("", prose)


def _plain(number: str) -> float:
    return abs(float(number.replace(",", "")))


@pytest.mark.slow
def test_it_runs_and_says_what_it_said(stored: Any, tmp_path: Path) -> None:
    fresh = runs.executed(stored, tmp_path)
    for before, after in zip(runs.code_cells(stored), runs.code_cells(fresh), strict=True):
        said = [output.text for output in after.outputs if output.get("name") == "stderr"]
        assert not said, f"{after.source}\n{said}"
        assert len(runs.pictures(before)) == len(runs.pictures(after)), after.source
        assert runs.same_text(runs.shown(before), runs.shown(after)), (
            f"the stored output is another one (make notebooks): {after.source}\n{runs.shown(after)}"
        )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("error 2.48 points", "error  2.49 points", True),
        ("error 2.48 points", "error 2.50 points", False),
        ("error 2.48 points", "error 2.48 items", False),
        ("12 models", "13 models", False),
        ("-0.1 and 1,200", "0.0 and 1,200", True),
        ("3 of 3", "3 of", False),
    ],
)
def test_texts_are_compared_but_for_the_last_digit(one: str, other: str, same: bool) -> None:
    assert runs.same_text(one, other) is same


def test_seconds_and_digests_of_folders_do_not_count() -> None:
    cell = {"outputs": [_stream("asked, 0.1 s\nwritten to results/runs/plan-pocket-02a01b7f720c")]}
    assert runs.shown(cell) == "asked, some s\nwritten to results/runs/plan-pocket-digest"


def _stream(text: str) -> Any:
    from nbformat.v4 import new_output

    return new_output("stream", name="stdout", text=text)
