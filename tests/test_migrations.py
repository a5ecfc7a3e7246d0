"""A store of an older version is read as one of today's, and rewritten on demand; a newer one is refused."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from anchoreval.errors import StoreError
from anchoreval.responses import ResponseMatrix
from anchoreval.store import read_benchmark, write_benchmark
from anchoreval.store.answers import read_header
from anchoreval.store.migrations import STEPS, Step
from anchoreval.store.rewriting import outdated_files, rewrite_store

from .conftest import simulate
from .test_store import assert_same, response_file

OLD = Step(
    document=lambda found: {**{k: v for k, v in found.items() if k != "title"}, "name": found["title"]},
    row=lambda row: {"model": row["id"], "columns": row["columns"], "dates": []},
)
"""A made-up version 0, in which the benchmark's name was its title and a model's its id, and there were no dates."""


@pytest.fixture
def matrix() -> ResponseMatrix:
    """Without dates, of which version 0 knew nothing."""
    made = simulate(3, 10, options=2, seed=1)
    return dataclasses.replace(made, models=made.models.drop(columns="released"))


def rewrite_answers(path: Path, change: Callable[[dict[str, Any]], dict[str, Any]], version: str) -> None:
    """The same file with another row and version, and the digest that belongs to them."""
    from anchoreval.store.answers import ModelAnswers, _row_text, read_answers

    answers = read_answers(path)
    row = change(json.loads(_row_text(answers.row)))
    digest = ModelAnswers(row, answers.items, answers.scores, answers.probabilities).digest
    table = pq.read_table(path)
    metadata = {**table.schema.metadata, b"anchoreval.schema": version.encode(), b"anchoreval.digest": b"",
                b"anchoreval.model": _row_text(row).encode(), b"anchoreval.data": digest.encode()}  # fmt: skip
    pq.write_table(table.replace_schema_metadata(metadata), path)


def as_version_0(row: dict[str, Any]) -> dict[str, Any]:
    return {"id": row["model"], "columns": row["columns"]}


@pytest.fixture
def old(tmp_path: Path, matrix: ResponseMatrix, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of version 0, and the step that leads from it."""
    folder = tmp_path / "old"
    write_benchmark(matrix, folder)
    document = json.loads((folder / "benchmark.json").read_text())
    del document["digest"]
    document |= {"schema": 0, "title": document.pop("name")}
    (folder / "benchmark.json").write_text(json.dumps(document))
    for path in (folder / "responses").iterdir():
        rewrite_answers(path, as_version_0, "0")
    monkeypatch.setitem(STEPS, 0, OLD)
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_an_older_store_reads_as_todays_and_stays_as_it_is(old: Path, matrix: ResponseMatrix) -> None:
    before = files(old)
    assert_same(read_benchmark(old), matrix)
    assert files(old) == before
    assert read_header(response_file(old)).version == 0


def test_a_store_half_rewritten_reads_like_any_other_and_is_finished(old: Path, matrix: ResponseMatrix) -> None:
    path = response_file(old, "model001")
    one = files(old)[path.name]
    assert len(rewrite_store(old)) == 4
    assert not outdated_files(old)
    path.write_bytes(one)  # as a kill would have left it
    assert_same(read_benchmark(old), matrix)
    assert rewrite_store(old) == (path,)
    assert rewrite_store(old) == ()
    assert json.loads((old / "benchmark.json").read_text())["schema"] == 1


def test_a_rewritten_store_needs_no_step(old: Path, matrix: ResponseMatrix, monkeypatch: pytest.MonkeyPatch) -> None:
    rewrite_store(old)
    monkeypatch.delitem(STEPS, 0)
    assert_same(read_benchmark(old), matrix)


def test_models_are_added_to_an_older_store(old: Path) -> None:
    later = simulate(3, 10, options=2, seed=1)
    assert read_benchmark(old).n_models == later.n_models
    assert set(write_benchmark(later, old).replaced) == set(later.models.index), "their release dates are new"


@pytest.mark.parametrize("version", [2, 7, -1, "1", None, True, 1.5])
def test_an_unknown_version_is_refused_naming_both(tmp_path: Path, matrix: ResponseMatrix, version: Any) -> None:
    write_benchmark(matrix, tmp_path / "new")
    path = tmp_path / "new" / "benchmark.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "schema": version}))
    with pytest.raises(StoreError, match="is unknown; this anchoreval reads 1") as refused:
        read_benchmark(tmp_path / "new")
    assert f"benchmark.json: schema version {json.dumps(version)}" in str(refused.value)


def test_unknown_answers_are_refused_naming_both(tmp_path: Path, matrix: ResponseMatrix) -> None:
    write_benchmark(matrix, tmp_path / "new")
    rewrite_answers(response_file(tmp_path / "new"), dict, "2")
    with pytest.raises(StoreError, match=r"model000\.parquet: schema version '2' is unknown; this anchoreval reads 1"):
        read_benchmark(tmp_path / "new")


def test_what_is_not_of_the_version_that_it_says_is_damaged(old: Path) -> None:
    path = old / "benchmark.json"
    path.write_text(json.dumps({"schema": 0, "name": "x"}))
    with pytest.raises(StoreError, match=r"benchmark\.json: damaged: is not of schema version 0 .*KeyError: 'title'"):
        read_benchmark(old)
