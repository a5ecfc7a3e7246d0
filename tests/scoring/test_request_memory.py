"""The memory of answers: what is kept stays, and nothing but JSON is ever read."""

from __future__ import annotations

import os
import pickle
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from anchoreval.errors import StoreError
from anchoreval.scoring.memory.request_memory import RequestMemory

from ..conftest import ROOT


def test_what_is_kept_is_recalled_by_key_and_occurrence(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "memory.sqlite"
    with RequestMemory(path) as memory:
        memory.keep("a", 0, [-1.5, True])
        memory.keep("a", 1, "second")
        memory.keep("b", 0, None)
        assert memory.recall([("a", 1), ("b", 0), ("b", 1), ("c", 0)]) == {("a", 1): "second", ("b", 0): None}
    with RequestMemory(str(path)) as memory:
        assert len(memory) == 3
        assert memory.recall([("a", 0), ("a", 1)]) == {("a", 0): [-1.5, True], ("a", 1): "second"}
        memory.keep("a", 1, "another")
        assert memory.recall([("a", 1)]) == {("a", 1): "second"}, "the first answer stays"


def test_many_keys_are_recalled_at_once(tmp_path: Path) -> None:
    with RequestMemory(tmp_path / "memory.sqlite") as memory:
        places = [(f"{n:05d}", n % 2) for n in range(3000)]
        for key, n in places:
            memory.keep(key, n, key)
        assert memory.recall(places) == {place: place[0] for place in places}


def test_without_a_path_nothing_outlives_the_block() -> None:
    for _ in range(2):
        with RequestMemory(None) as memory:
            assert len(memory) == 0
            memory.keep("a", 0, 1)
            assert memory.recall([("a", 0)]) == {("a", 0): 1}
    with pytest.raises(StoreError, match="memory of this process: is not open: use the memory in a with statement"):
        memory.recall([("a", 0)])


def test_only_strict_json_is_kept(tmp_path: Path) -> None:
    with RequestMemory(tmp_path / "m.sqlite") as memory:
        with pytest.raises(ValueError, match="JSON"):
            memory.keep("a", 0, float("nan"))
        assert len(memory) == 0


class Planted:
    """Makes a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_a_planted_pickle_is_not_executed(tmp_path: Path) -> None:
    """As a value of ours, as lm-eval's own cache beside it, and as the whole file."""
    trap = tmp_path / "sprung"
    harm = pickle.dumps(Planted(trap))
    pickle.loads(pickle.dumps(Planted(tmp_path / "works")))
    assert (tmp_path / "works").is_dir(), "the trap works"
    path = tmp_path / "memory"
    with RequestMemory(path) as memory:
        memory.keep("good", 0, "fine")
    with sqlite3.connect(path) as raw:
        raw.execute("INSERT INTO answers VALUES ('bad', 0, ?)", (harm,))
        raw.execute("INSERT INTO answers VALUES ('text', 0, ?)", ("cos\nmkdir\n(S'x'\ntR.",))
    raw.close()
    for name in ("memory_rank0.db", "_rank0.db"):
        with sqlite3.connect(tmp_path / name) as other:
            other.execute("CREATE TABLE unnamed (key TEXT PRIMARY KEY, value BLOB)")
            other.execute("INSERT INTO unnamed VALUES ('good', ?)", (harm,))
        other.close()
    with RequestMemory(path) as memory:
        assert memory.recall([("good", 0)]) == {("good", 0): "fine"}
        with pytest.raises(StoreError, match=rf"{path}: holds a value that is no text \(bytes\)"):
            memory.recall([("bad", 0)])
        with pytest.raises(StoreError, match=f"{path}: holds a value that is no JSON"):
            memory.recall([("text", 0)])
    for foreign in ("memory_rank0.db", "_rank0.db"):
        with pytest.raises(StoreError, match=f"{foreign}: is no memory of answers"), RequestMemory(tmp_path / foreign):
            pass
    (tmp_path / "whole").write_bytes(harm)
    with pytest.raises(StoreError, match="whole: is damaged, or no SQLite file"), RequestMemory(tmp_path / "whole"):
        pass
    assert not trap.exists()


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    with RequestMemory(path) as memory:
        for n in range(200):
            memory.keep(str(n), 0, "x" * 100)
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA user_version = 7")
    raw.close()
    with pytest.raises(StoreError, match=rf"{path}: .*schema version \(found 7; this anchoreval reads 1\)"):
        RequestMemory(path).__enter__()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(StoreError, match=f"{path}: "):
        RequestMemory(path).__enter__()
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file" / "memory.sqlite", tmp_path, Path("/proc/no/memory.sqlite")):
        with pytest.raises(StoreError, match=f"{place}: cannot be used: "):
            RequestMemory(place).__enter__()


def test_a_damaged_page_is_found_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    with RequestMemory(path) as memory:
        for n in range(400):
            memory.keep(f"{n:03d}", 0, "x" * 100)
    data = bytearray(path.read_bytes())
    data[4096 : 4096 * 6] = b"\xff" * (4096 * 5)
    path.write_bytes(data)
    with pytest.raises(StoreError, match=f"{path}: is damaged"), RequestMemory(path) as memory:
        memory.recall([(f"{n:03d}", 0) for n in range(400)])


def test_a_full_disk_and_a_read_only_file_are_named(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    with RequestMemory(path) as memory:
        memory.keep("a", 0, 1)
        assert memory._connection is not None
        memory._connection.execute("PRAGMA max_page_count = 4")  # SQLite reports it as it does a full disk
        with pytest.raises(StoreError, match=f"{path}: cannot be used: database or disk is full"):
            memory.keep("b", 0, "x" * 100_000)
        assert memory.recall([("a", 0), ("b", 0)]) == {("a", 0): 1}
        memory._connection.execute("PRAGMA query_only = 1")
        with pytest.raises(StoreError, match=f"{path}: cannot be used: attempt to write a readonly database"):
            memory.keep("b", 0, 1)


WRITER = """
import sys
from anchoreval.scoring.memory.request_memory import RequestMemory
with RequestMemory(sys.argv[1]) as memory:
    for n in range(150):
        memory.keep(f"shared {n}", 0, sys.argv[2])
        memory.keep(f"{sys.argv[2]} {n}", 0, n)
"""


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(n)], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for n in range(4)
    ]
    errors = [writer.communicate()[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 4, errors
    with RequestMemory(path) as memory:
        assert len(memory) == 150 + 4 * 150
