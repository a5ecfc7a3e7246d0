"""Atomic files and folders: whole or not at all, whatever happens in between."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from anchoreval import atomic
from anchoreval.atomic import replacing_folder, write_bytes, write_json, write_text


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_a_file_is_written_with_the_folders_above_it(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "b" / "note.txt", "héllo\r\n")
    assert (tmp_path / "a" / "b" / "note.txt").read_bytes() == "héllo\r\n".encode()
    assert names(tmp_path / "a" / "b") == ["note.txt"]


def test_permissions_follow_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_bytes(tmp_path / "shared", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "shared").stat().st_mode) == 0o644


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_before_the_move_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "file"
    write_bytes(path, b"old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(atomic.os, step, fail)
    with pytest.raises(OSError, match="disk full"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_a_kill_in_the_middle_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_bytes(path, b"old")
    script = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom anchoreval import atomic\n"
        "atomic.os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "atomic.write_bytes(Path(sys.argv[1]), b'new')"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert [n for n in names(tmp_path) if not n.endswith(".tmp")] == ["file"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"deep": [float("nan")]}])
def test_json_is_strict(tmp_path: Path, value: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "x.json", value)
    assert names(tmp_path) == []


def test_json_keeps_its_order_and_ends_with_a_newline(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"b": 0.1, "a": "é"})
    assert (tmp_path / "x.json").read_text(encoding="utf-8") == '{\n  "b": 0.1,\n  "a": "é"\n}\n'
    write_json(tmp_path / "x.json", {"b": 1, "a": 2}, sort_keys=True)
    assert list(json.loads((tmp_path / "x.json").read_text())) == ["a", "b"]


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "run"
    for files in (["one", "two"], ["three"]):
        with replacing_folder(target) as folder:
            assert folder.parent == tmp_path
            for file in files:
                (folder / file).write_text(file)
        assert names(target) == sorted(files)
    assert names(tmp_path) == ["run"]


def test_a_failure_inside_leaves_the_old_folder(tmp_path: Path) -> None:
    target = tmp_path / "run"
    with replacing_folder(target) as folder:
        (folder / "old").touch()

    def interrupted() -> None:
        with replacing_folder(target) as folder:
            (folder / "new").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(target) == ["old"]
    assert names(tmp_path) == ["run"]


def test_a_failing_move_puts_the_old_folder_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "run"
    with replacing_folder(target) as folder:
        (folder / "old").touch()
    rename, calls = os.rename, []

    def second_fails(source: Path, destination: Path) -> None:
        calls.append(source)
        if len(calls) == 2:
            raise OSError("no space")
        rename(source, destination)

    monkeypatch.setattr(atomic.os, "rename", second_fails)
    with pytest.raises(OSError, match="no space"), replacing_folder(target) as folder:
        (folder / "new").touch()
    assert names(target) == ["old"]
    assert names(tmp_path) == ["run"]


def test_a_name_near_the_limit_of_the_system_can_be_written(tmp_path: Path) -> None:
    write_bytes(tmp_path / ("x" * 250), b"")
    assert names(tmp_path) == ["x" * 250]


def test_a_folder_that_is_not_to_be_replaced_stays(tmp_path: Path) -> None:
    target = tmp_path / "store"
    target.mkdir()
    with replacing_folder(target, replace=False) as folder:  # empty: as good as not there
        (folder / "first").touch()

    def second() -> None:
        with replacing_folder(target, replace=False) as folder:
            (folder / "second").touch()

    with pytest.raises(FileExistsError, match="is there already"):
        second()
    assert names(target) == ["first"]
    assert names(tmp_path) == ["store"]
