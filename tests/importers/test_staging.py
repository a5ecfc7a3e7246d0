"""Setting runs down: every unit once, again when its file changes, in one process or several."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from anchoreval.errors import StoreError
from anchoreval.importers import recognising, staging
from anchoreval.importers.imported import ReadOptions
from anchoreval.importers.recognising import find_units
from anchoreval.importers.staging import Staged, stage, staged_runs

from . import fakes


@pytest.fixture(autouse=True)
def fake_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognising, "FORMATS", {"fake": fakes.__name__})


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "one.fake").write_text("a 0 1\na 1 0.5\nb 0 0\n- no b 1\n", encoding="utf-8")
    (folder / "two.fake").write_text("a 0 0\na 1 nan\n", encoding="utf-8")
    (folder / "notes.txt").write_text("hello", encoding="utf-8")
    return folder


def staged(logs: Path, folder: Path, workers: int = 1) -> list[Staged]:
    units, left = find_units(logs)
    assert [path.name for path in left] == ["notes.txt"]
    return sorted(stage(units, folder, ReadOptions(), workers), key=lambda one: str(one.unit.path))


def test_runs_come_back_as_they_were_read(logs: Path, tmp_path: Path) -> None:
    one, two = staged(logs, tmp_path / "staging")
    runs = staged_runs([one])
    assert [(run.model, run.task, run.items["key"].tolist()) for run in runs] == [
        ("one", "a", ["0", "1"]),
        ("one", "b", ["0"]),
    ]
    np.testing.assert_array_equal(runs[0].scores, np.float32([1, 0.5]))
    np.testing.assert_array_equal(staged_runs([two])[0].scores, np.float32([0, np.nan]))
    assert [entry.reason for entry in one.skipped] == ["no b 1"]


def test_a_unit_is_read_once_until_its_file_changes(
    logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "staging"
    staged(logs, folder)
    monkeypatch.setattr(fakes.Fake, "read", lambda *_: pytest.fail("read again"))
    assert len(staged(logs, folder)) == 2
    monkeypatch.undo()
    monkeypatch.setattr(recognising, "FORMATS", {"fake": fakes.__name__})
    (logs / "two.fake").write_text("a 0 1\n", encoding="utf-8")
    os.utime(logs / "two.fake", ns=(1, 1))
    assert staged_runs(staged(logs, folder)[1:])[0].scores.tolist() == [1.0]


def test_a_failure_is_kept_with_its_reason(logs: Path, tmp_path: Path) -> None:
    (logs / "two.fake").write_text("a 0\n", encoding="utf-8")
    one, two = staged(logs, tmp_path / "staging")
    assert not one.failure
    assert two.failure == f"{logs / 'two.fake'}: a line has 2 parts"
    (logs / "two.fake").write_text("a 0 7\n", encoding="utf-8")
    assert staged(logs, tmp_path / "staging")[1].failure.endswith("two.fake: item '0': acc 7 is outside [0, 1]")


@pytest.mark.parametrize("pattern", ["*.runs", "items-*.parquet"])
def test_numbers_and_items_that_changed_are_noticed(logs: Path, tmp_path: Path, pattern: str) -> None:
    folder = tmp_path / "staging"
    found = staged(logs, folder)
    for path in folder.glob(pattern):
        content = bytearray(path.read_bytes())
        content[2] ^= 1
        path.write_bytes(content)
    with pytest.raises(StoreError, match=r"damaged: .* not those that were written"):
        staged_runs(found)


@pytest.mark.parametrize("harm", ["cut", "gone", "without_items"])
def test_what_was_lost_is_read_again(logs: Path, tmp_path: Path, harm: str) -> None:
    folder = tmp_path / "staging"
    path = staged(logs, folder)[0].runs[0].file
    if harm == "cut":
        path.write_bytes(path.read_bytes()[:-9])
    elif harm == "gone":
        path.unlink()
    else:
        for table in folder.glob("items-*.parquet"):
            table.unlink()
    assert [run.task for run in staged_runs(staged(logs, folder))] == ["a", "b", "a"]


def test_shared_item_tables_are_kept_once(logs: Path, tmp_path: Path) -> None:
    (logs / "three.fake").write_text("a 0 0\na 1 1\n", encoding="utf-8")
    staged(logs, tmp_path / "staging")
    assert len(list((tmp_path / "staging").glob("items-*.parquet"))) == 2


def test_what_cannot_be_written_is_named(logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path))

    monkeypatch.setattr(staging.os, "replace", full)
    with pytest.raises(StoreError, match="cannot be written: No space left on device"):
        staged(logs, tmp_path / "staging")
