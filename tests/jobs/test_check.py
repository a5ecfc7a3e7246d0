"""`job=check` names every file at fault, changes nothing unasked, and is content with what is whole."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import DictConfig, OmegaConf

from anchoreval.atomic import write_bytes, write_json
from anchoreval.errors import ConfigurationError, StoreError, WorkError
from anchoreval.jobs.check import run
from anchoreval.jobs.check_artifacts import KINDS
from anchoreval.jobs.check_leftovers import DAY
from anchoreval.leaderboard.record import file_digests
from anchoreval.protocol.anchoring import reconstruct, select
from anchoreval.runs import Run
from anchoreval.schema import sealed
from anchoreval.scoring.memory.request_memory import RequestMemory
from anchoreval.store import write_benchmark

from ..conftest import simulate
from ..disk import files_of


def config(path: Path | None, *, repair: bool = False, clean: bool = False) -> DictConfig:
    return OmegaConf.create(
        {
            "job": {"name": "check"},
            "path": None if path is None else str(path),
            "check": {"repair": repair, "clean": clean},
        }
    )


def check(path: Path, capsys: pytest.CaptureFixture[str], **asked: bool) -> tuple[bool, str]:
    """Whether what is at the path is whole, and what was printed."""
    line = ""
    try:
        run(config(path, **asked))
    except WorkError as error:
        line = str(error)
    assert "\n" not in line
    return not line, capsys.readouterr().out


def make_benchmark(folder: Path) -> None:
    write_benchmark(simulate(5, 12, options=2, seed=1), folder)


def make_anchors(folder: Path) -> None:
    matrix = simulate(70, 30, n_subjects=2, seed=2)
    anchors = select(matrix, "stratified", k=6, seed=0)
    anchors.with_reconstruction(reconstruct(matrix, anchors, "bayes_linear", seed=0)).save(folder)


def make_run(folder: Path) -> None:
    made = Run(folder.parent / "root", "run", "demo", {"k": 1})
    with made.writing("k: 1\n") as inside:
        write_bytes(inside / "figures" / "a.png", b"abc")
        write_bytes(inside / "report.md", b"# Report")
    shutil.move(made.folder, folder)


def make_board(folder: Path) -> None:
    make_benchmark(folder / "answers")
    write_bytes(folder / "leaderboard.csv", b"a,b\n")
    with RequestMemory(folder / "requests.sqlite") as memory:
        memory.keep("a", 0, [1.5, True])
    document = {
        "schema": 1,
        "benchmark": {"name": "demo", "items_digest": "x"},
        "anchors": {"items": 3, "selector": "random", "estimator": "auto"},
        "updated": "now",
        "inputs": "x",
        "level": 0.95,
        "models": [],
        "failures": {},
        "staleness": None,
        "files": file_digests(folder, ["leaderboard.csv"]),
    }
    write_json(folder / "leaderboard.json", sealed(document))


def make_memory(path: Path) -> None:
    with RequestMemory(path / "requests.sqlite") as memory:
        memory.keep("a", 0, "yes")
        memory.keep("b", 0, "no")


MAKERS: dict[str, Callable[[Path], None]] = {
    "stored benchmark": make_benchmark,
    "anchor set": make_anchors,
    "run": make_run,
    "leaderboard": make_board,
    "memory of requests": make_memory,
}


def spoil(path: Path) -> None:
    """Damage a file so that it shows: a few bits of a database or of a Parquet file may be in use by nobody."""
    if path.suffix == ".sqlite":
        path.write_bytes(path.read_bytes()[:100] + b"rot" * 3000)
    elif path.suffix == ".parquet":
        path.write_bytes(path.read_bytes()[:-9])
    else:
        flip(path)


def flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


@pytest.fixture(params=MAKERS)
def artifact(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    MAKERS[request.param](tmp_path / "thing")
    return request.param, tmp_path / "thing"


def test_what_is_whole_is_said_to_be_and_left_as_it_is(
    artifact: tuple[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    kind, folder = artifact
    before = {path: (folder / path).stat().st_mtime_ns for path in files_of(folder)}
    whole, told = check(folder, capsys)
    assert whole, told
    assert f"\n{kind}" in told
    assert told.endswith("thing: whole\n")
    after = {path: (folder / path).stat().st_mtime_ns for path in files_of(folder)}
    assert {name: after[name] for name in before} == before


def test_every_damaged_file_is_named(artifact: tuple[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """All at once, but for the documents that list the others."""
    _, folder = artifact
    wrong = [folder / name for name in files_of(folder) if Path(name).name not in KINDS]
    for path in wrong:
        spoil(path)
    whole, told = check(folder, capsys)
    assert not whole
    assert [path for path in wrong if f"{path}: " not in told] == []


@pytest.mark.parametrize("kind", list(MAKERS)[:-1])
def test_a_damaged_document_is_named(tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    MAKERS[kind](tmp_path / "thing")
    path = next(tmp_path / "thing" / mark for mark in KINDS if (tmp_path / "thing" / mark).exists())
    flip(path)
    whole, told = check(tmp_path / "thing", capsys)
    assert not whole
    assert f"{path}: " in told


@pytest.mark.parametrize("damage", ["cut", "deleted", "edited"])
@pytest.mark.parametrize("kind", ["stored benchmark", "anchor set", "run"])
def test_several_faults_are_all_told(
    tmp_path: Path, kind: str, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "thing"
    MAKERS[kind](folder)
    marks = ("benchmark.json", "anchors.json", "done.json")
    wrong = [folder / name for name in files_of(folder) if not name.endswith(marks)][-2:]
    for path in wrong:
        if damage == "deleted" and kind != "stored benchmark":
            path.unlink()
        elif damage == "edited" and kind != "stored benchmark":
            flip(path)
        else:
            path.write_bytes(path.read_bytes()[:-1])
    whole, told = check(folder, capsys)
    assert not whole
    assert all(f"{path}: " in told for path in wrong)
    assert "2 wrong" in told
    assert told.endswith("thing: 2 things are wrong\n")


def test_a_folder_of_several_is_checked_through(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, make in MAKERS.items():
        make(tmp_path / "all" / name.replace(" ", "_"))
    whole, told = check(tmp_path / "all", capsys)
    assert whole
    assert all(name in told for name in MAKERS)
    flip(tmp_path / "all" / "run" / "report.md")
    whole, told = check(tmp_path / "all", capsys)
    assert not whole
    assert "report.md: damaged or edited: it does not match its digest" in told


def test_a_run_of_earlier_days_is_checked_by_its_sizes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_run(tmp_path / "thing")
    done = json.loads((tmp_path / "thing" / "done.json").read_text())
    write_json(tmp_path / "thing" / "done.json", {k: v for k, v in done.items() if k not in ("digest", "digests")})
    assert check(tmp_path / "thing", capsys)[0]
    write_bytes(tmp_path / "thing" / "report.md", b"# Rep")
    assert "report.md: has 5 bytes, was written with 8" in check(tmp_path / "thing", capsys)[1]


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "a\0b", ""])
def test_files_outside_are_never_looked_at(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "outside").write_text("x")
    (tmp_path / "thing").mkdir()
    write_json(tmp_path / "thing" / "done.json", {"files": {name: 1}, "digests": {name: "0" * 64}})
    whole, told = check(tmp_path / "thing", capsys)
    assert not whole
    assert "lists a file outside of it" in told


@pytest.mark.parametrize("content", ["[]", "{", '{"files": 3}', '{"files": {"a": []}}', '{"files": {"a": 1e400}}'])
def test_a_list_of_files_that_is_none_is_a_fault(
    tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "done.json").write_text(content)
    assert not check(tmp_path, capsys)[0]


def test_an_answer_that_is_no_json_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_memory(tmp_path)
    with sqlite3.connect(tmp_path / "requests.sqlite") as memory:
        memory.execute("UPDATE answers SET value = x'80' WHERE key = 'a'")
    memory.close()
    assert "the answer to request 'a' (0) is no JSON" in check(tmp_path / "requests.sqlite", capsys)[1]


def test_what_killed_writes_left_is_told_and_removed_when_old(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_benchmark(tmp_path / "thing")
    old = [tmp_path / ".thing.0123456789ab.tmp", tmp_path / "thing" / "responses" / ".m.parquet.0123456789ab.tmp"]
    young = tmp_path / "thing" / ".items.parquet.0123456789ab.tmp"
    staged, other = tmp_path / ".thing.import.tmp", tmp_path / ".else.0123456789ab.tmp"
    old[0].mkdir()
    for path in (old[0] / "items.parquet", old[1], young, staged, other):
        path.write_bytes(b"half")
    before = time.time() - DAY - 60
    for path in (old[0] / "items.parquet", *old):
        os.utime(path, (before, before))
    whole, told = check(tmp_path / "thing", capsys)
    assert whole
    assert all(f"{path}: left behind" in told for path in (*old, young, staged))
    assert str(other) not in told
    told = check(tmp_path / "thing", capsys, clean=True)[1]
    assert all(f"{path}: was left behind by a killed write, removed" in told for path in old)
    assert (old[0].exists(), old[1].exists(), young.exists(), other.exists()) == (False, False, True, True)


def test_a_store_without_a_digest_of_its_document_is_told_and_repaired(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_benchmark(tmp_path / "thing")
    path = tmp_path / "thing" / "benchmark.json"
    document = json.loads(path.read_text())
    sealed_before = path.read_bytes()
    del document["digest"]
    write_json(path, document)
    whole, told = check(tmp_path / "thing", capsys)
    assert whole
    assert "benchmark.json: of an older version" in told
    assert "rewritten" in check(tmp_path / "thing", capsys, repair=True)[1]
    assert path.read_bytes() == sealed_before
    assert "older" not in check(tmp_path / "thing", capsys)[1]


def test_names_cannot_move_the_terminals_cursor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_run(tmp_path / "evil\x1b[2J")
    assert "evil\\x1b[2J" in check(tmp_path, capsys)[1]


def test_a_wrong_request_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="job=check needs path="):
        run(config(None))
    with pytest.raises(StoreError, match="there is no such file"):
        run(config(tmp_path / "none"))
    with pytest.raises(StoreError, match="holds nothing that anchoreval writes"):
        run(config(tmp_path))
