from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anchoreval.responses import ResponseMatrix
from anchoreval.runs import DONE, Run, content_digest, path_digest


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


def test_content_digest_sees_every_part_of_a_matrix(synthetic: Callable[..., ResponseMatrix]) -> None:
    matrix = synthetic(8, 30, n_subjects=3, options=4)
    assert matrix.probabilities is not None
    scores, probabilities = matrix.scores.copy(), matrix.probabilities.copy()
    scores[3, 4] = 1 - scores[3, 4]
    probabilities[2, 5] = probabilities[2, 5][::-1]
    changed = [
        replace(matrix, scores=scores),
        replace(matrix, probabilities=probabilities),
        replace(matrix, models=matrix.models.assign(base_model="one")),
        replace(matrix, items=matrix.items.assign(subject="s")),
        matrix.subset(models=matrix.models.index[1:]),
        replace(matrix, weights=matrix.weights[::-1] * 0.5 + np.r_[0.5, np.zeros(29)]),
    ]
    digests = [content_digest(m) for m in [matrix, *changed]]
    assert len(set(digests)) == len(digests)
    assert content_digest(matrix) == content_digest(synthetic(8, 30, n_subjects=3, options=4))


def test_path_digest_follows_content_and_not_the_place(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "inner").mkdir(parents=True)
        (tmp_path / name / "inner" / "data.bin").write_bytes(bytes(range(100)))
    assert path_digest(tmp_path / "a") == path_digest(tmp_path / "b")
    assert path_digest(tmp_path / "a", whole=10) == path_digest(tmp_path / "b", whole=10)
    (tmp_path / "b" / "inner" / "data.bin").write_bytes(bytes(range(99)) + b"x")
    assert path_digest(tmp_path / "a") != path_digest(tmp_path / "b")
    assert path_digest(tmp_path / "a", whole=10) != path_digest(tmp_path / "b", whole=10)
    (tmp_path / "a" / "inner" / "data.bin").rename(tmp_path / "a" / "inner" / "other.bin")
    assert path_digest(tmp_path / "a", whole=10) != path_digest(tmp_path / "b", whole=10)
