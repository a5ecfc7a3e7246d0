from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anchoreval.runs import DONE, Run


def written(root: Path, **identity: Any) -> Run:
    run = Run(root, "run", "my bench/mark", {"k": 10, **identity})
    with run.writing("k: 10\n") as folder:
        (folder / "figures").mkdir()
        (folder / "figures" / "a.txt").write_text("abc", encoding="utf-8")
    return run


def test_a_run_is_complete_only_when_written_as_a_whole(tmp_path: Path) -> None:
    assert not Run(tmp_path, "run", "my bench/mark", {"k": 10}).is_complete()
    run = written(tmp_path)
    assert run.is_complete()
    assert run.folder.name == f"run-my-bench-mark-{run.digest[:12]}"
    done = json.loads((run.folder / DONE).read_text(encoding="utf-8"))
    assert done["files"] == {"config.yaml": 6, "figures/a.txt": 3}
    assert done["versions"]["numpy"] == np.__version__


def test_a_run_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    run = Run(tmp_path / "new", "run", "b", {"k": 1})

    def fail() -> None:
        with run.writing("") as folder:
            (folder / "half").write_text("x", encoding="utf-8")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not list(tmp_path.iterdir())
    assert not run.is_complete()


@pytest.mark.parametrize("damage", ["delete", "truncate", "done", "other"])
def test_a_damaged_folder_is_redone(tmp_path: Path, damage: str) -> None:
    run = written(tmp_path)
    if damage == "delete":
        (run.folder / "figures" / "a.txt").unlink()
    elif damage == "truncate":
        (run.folder / "figures" / "a.txt").write_text("a", encoding="utf-8")
    elif damage == "done":
        (run.folder / DONE).write_text("{", encoding="utf-8")
    else:
        (run.folder / DONE).write_text((run.folder / DONE).read_text().replace(run.digest, "0" * 64), encoding="utf-8")
    assert not run.is_complete()
    assert written(tmp_path).is_complete()


def test_the_hash_tells_requests_apart_and_not_the_order_of_keys(tmp_path: Path) -> None:
    first = Run(tmp_path, "run", "b", {"k": 10, "seed": 0})
    assert first.folder == Run(tmp_path, "run", "b", {"seed": 0, "k": 10}).folder
    assert first.folder != Run(tmp_path, "run", "b", {"k": 10, "seed": 1}).folder
    assert first.digest == Run(tmp_path / "elsewhere", "run", "b", {"k": 10, "seed": 0}).digest
