"""A full disk or a read-only folder: one line that names the file, and what was there is still there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from anchoreval.anchors import load_anchors
from anchoreval.atomic import TEMPORARY, write_bytes
from anchoreval.cli import main
from anchoreval.errors import AnchorEvalError, UnwritableError
from anchoreval.protocol.anchoring import select
from anchoreval.responses import ResponseMatrix
from anchoreval.runs import Run
from anchoreval.scoring.memory.request_memory import RequestMemory
from anchoreval.store import read_benchmark, write_benchmark

from .conftest import simulate
from .disk import files_of, no_room, read_only

TROUBLES: dict[str, Callable[[], AbstractContextManager[None]]] = {"full": lambda: no_room(300), "read-only": read_only}
WORDS = {"full": "File too large", "read-only": "Read-only file system"}
"""What the system says: the limit on files stands for the disk's."""


def matrix(seed: int = 0) -> ResponseMatrix:
    return simulate(40, 30, n_subjects=2, seed=seed)


def save_benchmark(place: Path, again: bool) -> None:
    write_benchmark(matrix(seed=int(again)), place / "bench")


def save_anchors(place: Path, again: bool) -> None:
    select(matrix(), "stratified", k=6 + again, seed=0, calibration=0.3).save(place / "anchors")


def save_run(place: Path, again: bool) -> None:
    with Run(place, "run", "demo", {"k": 10}).writing("k: 10\n") as folder:
        (folder / "figures").mkdir()
        write_bytes(folder / "figures" / "a.bin", bytes([again]) * 400)


def save_plain_run(place: Path, again: bool) -> None:
    """A run whose results are written by another library."""
    with Run(place, "run", "demo", {"k": 10}).writing("k: 10\n") as folder:
        matrix(seed=int(again)).models.to_parquet(folder / "table.parquet")


WRITERS = {"benchmark": save_benchmark, "anchor set": save_anchors, "run": save_run}


def said(trouble: str, write: Callable[[], object]) -> str:
    with pytest.raises(AnchorEvalError) as failed, TROUBLES[trouble]():
        write()
    assert "\n" not in str(failed.value)
    return str(failed.value)


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("writer", WRITERS)
def test_what_was_there_stays(tmp_path: Path, writer: str, trouble: str) -> None:
    write = WRITERS[writer]
    write(tmp_path, False)
    before = files_of(tmp_path)
    message = said(trouble, lambda: write(tmp_path, True))
    assert str(tmp_path) in message
    assert f"cannot be written: {WORDS[trouble]}" in message
    assert TEMPORARY not in message, "places are called as they will be"
    assert files_of(tmp_path) == before
    write(tmp_path, True)
    assert files_of(tmp_path) != before


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("writer", WRITERS)
def test_where_nothing_was_nothing_is_left(tmp_path: Path, writer: str, trouble: str) -> None:
    assert str(tmp_path) in said(trouble, lambda: WRITERS[writer](tmp_path / "new", False))
    assert files_of(tmp_path) == {}
    WRITERS[writer](tmp_path / "new", False)


def test_other_libraries_that_find_the_disk_full_are_named_as_well(tmp_path: Path) -> None:
    assert str(tmp_path) in said("full", lambda: save_plain_run(tmp_path, False))
    assert files_of(tmp_path) == {}


def test_models_that_were_written_before_the_disk_was_full_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from anchoreval.store import answers

    whole, room = matrix(), iter([True] * 7)

    def write(path: Path, data: bytes) -> None:
        with no_room(1 << 20 if next(room, False) else 100):
            write_bytes(path, data)

    monkeypatch.setattr(answers, "write_bytes", write)
    with pytest.raises(AnchorEvalError, match="File too large"):
        write_benchmark(whole, tmp_path / "bench")
    monkeypatch.undo()
    kept = read_benchmark(tmp_path / "bench")
    assert list(kept.models.index) == list(whole.models.index[:7])
    np.testing.assert_array_equal(kept.scores, whole.scores[:7])
    assert len(write_benchmark(whole, tmp_path / "bench").added) == 33


def test_a_file_that_reads_back_otherwise_never_takes_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bytes(tmp_path / "file", b"old")
    monkeypatch.setattr(Path, "read_bytes", lambda _: b"rotten")
    with pytest.raises(UnwritableError, match="file: cannot be written: it reads back otherwise"):
        write_bytes(tmp_path / "file", b"new")
    monkeypatch.undo()
    assert files_of(tmp_path) == {"file": b"old"}


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UnwritableError, match=r"x\.json: cannot be written: Not a directory"):
        write_bytes(tmp_path / "file" / "deep" / "x.json", b"")


def test_a_memory_of_requests_survives_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "requests.sqlite"
    with RequestMemory(path) as memory:
        memory.keep("a", 0, "first")
        with pytest.raises(AnchorEvalError, match=str(path)), no_room(20_000):
            memory.keep("b", 0, "x" * 100_000)
        assert memory.recall([("a", 0), ("b", 0)]) == {("a", 0): "first"}
        memory.keep("b", 0, "second")
    with RequestMemory(path) as memory:
        assert memory.recall([("a", 0), ("b", 0)]) == {("a", 0): "first", ("b", 0): "second"}


def test_an_import_that_finds_the_disk_full_ends_in_one_line_and_goes_on_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    whole = matrix()
    rows = "".join(
        f"{model},{item},{whole.scores[n, m]:g}\n"
        for n, model in enumerate(whole.models.index)
        for m, item in enumerate(whole.items.index)
    )
    Path("responses.csv").write_text("model,item,score\n" + rows)
    command = ["job=import", "importer=tidy", "path=responses.csv", "into=bench"]
    with no_room(300):
        assert main(command) != 0
    error = capsys.readouterr().err
    assert "cannot be written: File too large" in error
    assert error.count("\n") == 1
    assert not Path("bench").exists()
    assert main(command) == 0
    assert read_benchmark("bench").n_models == 40


def test_a_loaded_anchor_set_is_the_one_before(tmp_path: Path) -> None:
    save_anchors(tmp_path, False)
    said("full", lambda: save_anchors(tmp_path, True))
    assert load_anchors(tmp_path / "anchors").k == 6
