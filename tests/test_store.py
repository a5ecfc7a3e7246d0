"""Stored benchmarks: exact round trips, nothing shared rewritten, one-line errors that name the file."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchoreval.errors import StoreError
from anchoreval.responses import ResponseMatrix
from anchoreval.store import answers, benchmark_digest, load_benchmark, read_benchmark, write_benchmark
from anchoreval.store.answers import file_name

from .conftest import simulate


def assert_same(left: ResponseMatrix, right: ResponseMatrix) -> None:
    """Equal to the last bit, in the same order."""
    pd.testing.assert_frame_equal(left.models, right.models)
    pd.testing.assert_frame_equal(left.items, right.items)
    np.testing.assert_array_equal(left.scores, right.scores)
    np.testing.assert_array_equal(left.weights, right.weights)
    assert (left.probabilities is None) == (right.probabilities is None)
    if left.probabilities is not None and right.probabilities is not None:
        assert left.probabilities.dtype == right.probabilities.dtype
        np.testing.assert_array_equal(left.probabilities, right.probabilities)
    assert (left.name, dict(left.coverage)) == (right.name, dict(right.coverage))
    assert dict(left.provenance) == dict(right.provenance)
    assert left.items_digest == right.items_digest


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Time of change and content of every file."""
    return {
        str(p.relative_to(folder)): (p.stat().st_mtime_ns, p.read_bytes()) for p in folder.rglob("*") if p.is_file()
    }


def response_file(folder: Path, model: str = "model000") -> Path:
    return folder / "responses" / file_name(model)


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    write_benchmark(simulate(6, 20, n_subjects=2, options=3, seed=1), tmp_path / "bench")
    return tmp_path / "bench"


# --- round trips -----------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(
    n_models=st.integers(1, 6),
    n_items=st.integers(1, 15),
    options=st.sampled_from([0, 2, 5]),
    half=st.booleans(),
    missing=st.sampled_from([0.0, 0.3]),
    continuous=st.booleans(),
    macro=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_any_matrix_comes_back_exactly(
    tmp_path_factory: pytest.TempPathFactory,
    n_models: int,
    n_items: int,
    options: int,
    half: bool,
    missing: float,
    continuous: bool,
    macro: bool,
    seed: int,
) -> None:
    matrix = simulate(
        n_models,
        n_items,
        n_subjects=2 if macro else 0,
        options=options,
        missing=missing,
        continuous=continuous,
        aggregation="macro" if macro else "micro",
        seed=seed,
    )
    if options and half and matrix.probabilities is not None:
        narrower = matrix.probabilities.astype(np.float16)
        matrix = ResponseMatrix.from_arrays(
            matrix.scores,
            models=matrix.models,
            items=matrix.items,
            probabilities=narrower,
            aggregation="macro" if macro else "micro",
            name="half",
        )
    folder = tmp_path_factory.mktemp("store") / "bench"
    write_benchmark(matrix, folder)
    assert_same(read_benchmark(folder), matrix)


def test_varying_option_counts_rich_tables_and_weights_come_back(tmp_path: Path) -> None:
    probabilities = np.full((2, 3, 4), np.nan, np.float32)
    probabilities[:, 0, :2] = [[0.25, 0.75], [1.0, 0.0]]
    probabilities[:, 1, :4] = 0.25
    probabilities[0, 2, :3] = [0.5, 0.25, 0.25]
    models = pd.DataFrame(
        {
            "released": [pd.Timestamp("2024-03-01"), pd.NaT],
            "tried": [pd.Timestamp("2024-03-01 12:30:05"), pd.Timestamp("2025-01-01")],
            "steps": [1000, 2000],
            "rate": [0.1, np.nan],
            "open": [True, False],
            "family": ["llama", None],
            "tags": [["a", "b"], []],
        },
        index=["B/x", "a"],
    )
    items = pd.DataFrame(
        {
            "subject": pd.Categorical(["s", "t", "s"]),
            "options": [["yes", "no"], ["1", "2", "3", "4"], ["p", "q", "r"]],
            "doc_id": [3, 1, 2],
            "cost": [1.5, np.nan, 2.0],
            "text": ["é\n", "", "中"],
            "checked": [True, False, True],
        },
        index=["z", "y", "x"],
    )
    matrix = ResponseMatrix.from_arrays(
        [[1.0, np.nan, 0.123], [0.0, 0.5, 1.0]],
        models=models,
        items=items,
        probabilities=probabilities,
        weights=[1, 2, 4],
        name="odd: ü",
        provenance={"source": {"url": "x", "rows": [1, 2]}, "metric": "acc_norm"},
    )
    write_benchmark(matrix, tmp_path / "bench")
    back = read_benchmark(tmp_path / "bench")
    assert_same(back, matrix)
    assert back.items["options"].tolist() == items["options"].tolist()
    assert json.loads((tmp_path / "bench" / "benchmark.json").read_text())["metric"] == "acc_norm"


def test_scores_measured_elsewhere_survive(tmp_path: Path) -> None:
    models = pd.DataFrame({"full_score": [0.3, np.nan], "full_score/s": [0.1, 0.2]}, index=["a", "b"])
    items = pd.DataFrame({"subject": ["s", "s"]}, index=["x", "y"])
    matrix = ResponseMatrix.from_arrays([[1.0, 0.0], [1.0, 1.0]], models=models, items=items)
    write_benchmark(matrix, tmp_path / "whole")
    assert_same(read_benchmark(tmp_path / "whole"), matrix)
    part = simulate(4, 30, n_subjects=3).part(["item0003", "item0007"])
    write_benchmark(part, tmp_path / "part")
    back = read_benchmark(tmp_path / "part")
    assert_same(back, part)
    pd.testing.assert_frame_equal(back.shares, part.shares)


def test_without_our_code_a_response_file_is_a_table(stored: Path) -> None:
    matrix = read_benchmark(stored)
    assert matrix.probabilities is not None
    frame = pd.read_parquet(response_file(stored, "model002"))
    np.testing.assert_array_equal(frame["score"], matrix.scores[2])
    np.testing.assert_array_equal(frame.filter(like="probability"), matrix.probabilities[2])
    row = json.loads(pq.read_schema(response_file(stored, "model002")).metadata[b"anchoreval.model"])
    assert row["columns"]["released"] == "2024-01-15"


def test_models_come_sorted_by_id_or_as_asked(tmp_path: Path) -> None:
    matrix = simulate(4, 5)
    write_benchmark(matrix.subset(models=["model002", "model000", "model003"]), tmp_path / "b")
    assert list(read_benchmark(tmp_path / "b").models.index) == ["model000", "model002", "model003"]
    asked = read_benchmark(tmp_path / "b", models=iter(["model003", "model000"]))
    assert_same(asked, matrix.subset(models=["model003", "model000"]))


# --- adding ----------------------------------------------------------------------------------------------------------


def test_adding_a_model_touches_no_other_file(stored: Path) -> None:
    before = snapshot(stored)
    more = simulate(7, 20, n_subjects=2, options=3, seed=1)
    new = ResponseMatrix.from_arrays(
        more.scores[:1],
        models=["newcomer"],
        items=more.items,
        probabilities=more.probabilities[:1] if more.probabilities is not None else None,
        name="simulated",
    )
    assert write_benchmark(new, stored).added == ("newcomer",)
    after = snapshot(stored)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"responses/newcomer.parquet"}
    assert "newcomer" in read_benchmark(stored).models.index


def test_the_same_models_again_change_nothing(stored: Path) -> None:
    before = snapshot(stored)
    written = write_benchmark(read_benchmark(stored), stored)
    assert (len(written.unchanged), written.added, written.replaced) == (6, (), ())
    assert snapshot(stored) == before


def test_other_data_replace_a_model_or_are_refused(stored: Path) -> None:
    matrix = read_benchmark(stored)
    scores = np.array(matrix.scores)
    scores[1, 0] = 1 - scores[1, 0]
    other = ResponseMatrix.from_arrays(
        scores, models=matrix.models, items=matrix.items, probabilities=matrix.probabilities, name=matrix.name
    )
    before = snapshot(stored)
    with pytest.raises(StoreError, match="model 'model001' is there already, with other data"):
        write_benchmark(other, stored, on_conflict="refuse")
    assert snapshot(stored) == before
    assert write_benchmark(other, stored).replaced == ("model001",)
    changed = {name for name, state in snapshot(stored).items() if before[name] != state}
    assert changed == {"responses/model001.parquet"}
    np.testing.assert_array_equal(read_benchmark(stored).scores, scores)


def test_another_column_of_the_model_table_counts_as_other_data(stored: Path) -> None:
    matrix = read_benchmark(stored, models=["model000"])
    renamed = ResponseMatrix.from_arrays(
        matrix.scores,
        models=matrix.models.assign(family="another"),
        items=matrix.items,
        probabilities=matrix.probabilities,
        name=matrix.name,
    )
    assert write_benchmark(renamed, stored).replaced == ("model000",)
    assert read_benchmark(stored).models["family"].iloc[0] == "another"


def test_items_in_another_order_are_put_in_the_stored_one(tmp_path: Path) -> None:
    matrix = simulate(5, 12, options=3)
    write_benchmark(matrix.subset(models=["model000", "model001"]), tmp_path / "b")
    rest = matrix.subset(models=["model002", "model003", "model004"], items=matrix.items.index[::-1])
    write_benchmark(rest, tmp_path / "b")
    assert_same(read_benchmark(tmp_path / "b"), matrix)


def test_models_with_other_columns_share_a_table(tmp_path: Path) -> None:
    first = ResponseMatrix.from_arrays([[1.0]], models=pd.DataFrame({"size": [7]}, index=["a"]), items=["x"])
    second = ResponseMatrix.from_arrays([[0.0]], models=pd.DataFrame({"family": ["f"]}, index=["b"]), items=["x"])
    write_benchmark(first, tmp_path / "b")
    write_benchmark(second, tmp_path / "b")
    table = read_benchmark(tmp_path / "b").models
    assert table["size"].tolist()[0] == 7
    assert table["family"].isna().tolist() == [True, False]
    assert table["size"].isna().tolist() == [False, True]


def test_processes_that_write_at_once_do_not_clash(tmp_path: Path) -> None:
    matrix = simulate(24, 15)
    parts = [matrix.subset(models=matrix.models.index[n::4]) for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda part: write_benchmark(part, tmp_path / "b"), parts))
    assert_same(read_benchmark(tmp_path / "b"), matrix)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b"]


def test_a_benchmark_that_appears_while_we_look_is_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = simulate(6, 15)
    first, second = (matrix.subset(models=matrix.models.index[n::2]) for n in range(2))
    looked = Path.exists

    def another_process_is_quicker(path: Path) -> bool:
        monkeypatch.setattr(Path, "exists", looked)
        there = path.exists()
        write_benchmark(first, tmp_path / "b")
        return there

    monkeypatch.setattr(Path, "exists", another_process_is_quicker)
    write_benchmark(second, tmp_path / "b")
    assert_same(read_benchmark(tmp_path / "b"), matrix)


def test_a_kill_between_models_loses_only_the_model_in_flight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = simulate(6, 10)
    write, calls = answers.write_bytes, []

    def killed_at_the_fourth(path: Path, data: bytes) -> None:
        calls.append(path)
        if len(calls) == 4:
            raise KeyboardInterrupt
        write(path, data)

    monkeypatch.setattr(answers, "write_bytes", killed_at_the_fourth)
    with pytest.raises(KeyboardInterrupt):
        write_benchmark(matrix, tmp_path / "b")
    monkeypatch.undo()
    assert list(read_benchmark(tmp_path / "b").models.index) == ["model000", "model001", "model002"]
    assert len(write_benchmark(matrix, tmp_path / "b").added) == 3
    assert_same(read_benchmark(tmp_path / "b"), matrix)


def test_stray_files_are_left_out(stored: Path) -> None:
    before = read_benchmark(stored), benchmark_digest(stored)
    (stored / "responses" / ".model009.parquet.3f2a.tmp").write_bytes(b"half")
    (stored / "responses" / "._model000.parquet").write_bytes(b"finder")
    (stored / "responses" / "notes.txt").write_text("hello")
    assert_same(read_benchmark(stored), before[0])
    assert benchmark_digest(stored) == before[1]


# --- digests ---------------------------------------------------------------------------------------------------------


def test_the_digest_follows_content_and_nothing_else(tmp_path: Path) -> None:
    matrix = simulate(5, 8)
    write_benchmark(matrix, tmp_path / "a")
    for model in reversed(matrix.models.index):
        write_benchmark(matrix.subset(models=[model]), tmp_path / "b")
    assert benchmark_digest(tmp_path / "a") == benchmark_digest(tmp_path / "b")
    write_benchmark(matrix.subset(models=matrix.models.index[:4]), tmp_path / "c")
    assert benchmark_digest(tmp_path / "c") != benchmark_digest(tmp_path / "a")


# --- names of files --------------------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(st.text(min_size=1))
def test_file_names_are_legal_everywhere(model: str) -> None:
    name = file_name(model)
    assert re.fullmatch(r"[A-Za-z0-9_.%~-]+\.parquet", name)
    assert not name.startswith(".")
    assert name.split(".")[0].lower() not in {"con", "nul", "prn", "aux", "com1", "lpt9"}
    assert len(name) <= 140


@settings(max_examples=300, deadline=None)
@given(st.text("aAbB.~%/", min_size=1, max_size=6), st.text("aAbB.~%/", min_size=1, max_size=6))
def test_file_names_differ_even_where_case_does_not_count(one: str, other: str) -> None:
    assert (file_name(one).lower() == file_name(other).lower()) == (one == other)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gpt-4", "gpt-4.parquet"),
        ("org/model", "org%2Fmodel.parquet"),
        ("..", "%2E..parquet"),
        ("con", "%63on.parquet"),
        ("nul.v1", "%6Eul.v1.parquet"),
    ],
)
def test_file_names_stay_readable(model: str, name: str) -> None:
    assert file_name(model) == name


def test_awkward_ids_are_stored_and_found(tmp_path: Path) -> None:
    ids = ["A", "a", "../../etc/passwd", "x" * 300, "x" * 299 + "y", "CON", ".hidden", "模型", "a b\n", "%41"]
    matrix = ResponseMatrix.from_arrays(np.eye(len(ids)), models=ids)
    write_benchmark(matrix, tmp_path / "b")
    assert len(list((tmp_path / "b" / "responses").iterdir())) == len(ids)
    assert_same(read_benchmark(tmp_path / "b", models=ids), matrix)
    with pytest.raises(StoreError, match="not valid Unicode"):
        file_name("\ud800")


# --- errors ----------------------------------------------------------------------------------------------------------


def rewrite_metadata(path: Path, **changes: str) -> None:
    """Write the table at `path` again with other `anchoreval.*` metadata."""
    table = pq.read_table(path)
    metadata = dict(table.schema.metadata) | {
        f"anchoreval.{key}".encode(): value.encode() for key, value in changes.items()
    }
    pq.write_table(table.replace_schema_metadata(metadata), path)


def edit_json(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads(path.read_text())
    document.pop("digest")  # which would give any edit away first
    change(document)
    path.write_text(json.dumps(document))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def flip_a_score(path: Path) -> None:
    table = pq.read_table(path)
    scores = table.column("score").to_numpy().copy()
    scores[0] = 1 - scores[0]
    pq.write_table(table.set_column(0, "score", pa.array(scores)), path)


DAMAGE: list[tuple[str, Callable[[Path], object], str, str]] = [
    ("no document", lambda f: (f / "benchmark.json").unlink(), "benchmark.json", "there is no such file"),
    ("no items", lambda f: (f / "items.parquet").unlink(), "items.parquet", "there is no such file"),
    ("bad JSON", lambda f: (f / "benchmark.json").write_text("{"), "benchmark.json", "is not a JSON document"),
    ("a list", lambda f: (f / "benchmark.json").write_text("[]"), "benchmark.json", "is not a JSON object"),
    ("NaN", lambda f: (f / "benchmark.json").write_text('{"a": NaN}'), "benchmark.json", "NaN is no JSON number"),
    ("deep", lambda f: (f / "benchmark.json").write_text("[" * 10**5), "benchmark.json", "is not a JSON document"),
    ("bytes", lambda f: (f / "benchmark.json").write_bytes(b"\xff\xfe"), "benchmark.json", "is not a JSON document"),
    ("newer", lambda f: edit_json(f / "benchmark.json", lambda d: d.update(schema=2)), "benchmark.json",
     "schema version 2 is unknown; this anchoreval reads 1"),
    ("no schema", lambda f: edit_json(f / "benchmark.json", lambda d: d.pop("schema")), "benchmark.json",
     "schema version null is unknown"),
    ("wrong type", lambda f: edit_json(f / "benchmark.json", lambda d: d.update(name=3)), "benchmark.json",
     r"\$.name: 3 is not of type 'string'"),
    ("extra key", lambda f: edit_json(f / "benchmark.json", lambda d: d.update(_target_="os.system")),
     "benchmark.json", "'_target_' was unexpected"),
    ("other digest", lambda f: edit_json(f / "benchmark.json", lambda d: d["items"].update(digest="0" * 64)),
     "benchmark.json", "the digest of the items is not that of items.parquet"),
    ("renamed", lambda f: (f / "benchmark.json").write_text(
        (f / "benchmark.json").read_text().replace("simulated", "simvlated")), "benchmark.json",
     "damaged or edited: it does not match the digest that it carries"),
    ("items cut", lambda f: truncate(f / "items.parquet"), "items.parquet", "damaged or edited"),
    ("answers cut", lambda f: truncate(response_file(f)), "model000.parquet", "not a complete Parquet file"),
    ("answers empty", lambda f: response_file(f).write_bytes(b""), "model000.parquet", "not a complete Parquet file"),
    ("answers edited", lambda f: flip_a_score(response_file(f)), "model000.parquet", "do not match the digest"),
    ("row edited", lambda f: rewrite_metadata(response_file(f), model='{"model":"model000","columns":{},"dates":[]}'),
     "model000.parquet", "do not match the digest"),
    ("row unreadable", lambda f: rewrite_metadata(response_file(f), model="{"), "model000.parquet",
     "the model's row in its metadata cannot be read"),
    ("newer answers", lambda f: rewrite_metadata(response_file(f), schema="9"), "model000.parquet",
     "schema version '9' is unknown"),
    ("other items", lambda f: rewrite_metadata(response_file(f), items="0" * 64), "model000.parquet",
     "answers other items than those of benchmark 'simulated'"),
    ("some table", lambda f: pq.write_table(pa.table({"a": [1]}), response_file(f)), "model000.parquet",
     "not a response file of a stored benchmark"),
    ("copied", lambda f: response_file(f).rename(response_file(f, "copy")), "copy.parquet",
     "holds model 'model000', which belongs in another file"),
    ("no responses", lambda f: [p.unlink() for p in (f / "responses").iterdir()], "bench", "holds no responses yet"),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "file", "reason"), [case[1:] for case in DAMAGE], ids=[case[0] for case in DAMAGE])
def test_damage_is_one_line_that_names_the_file(
    stored: Path, damage: Callable[[Path], object], file: str, reason: str
) -> None:
    damage(stored)
    with pytest.raises(StoreError, match=reason) as caught:
        read_benchmark(stored)
    message = str(caught.value)
    assert message.startswith(str(stored))
    assert file in message.split(": ")[0]
    assert "\n" not in message


def test_a_damaged_file_is_healed_by_writing_the_model_again(stored: Path) -> None:
    matrix = read_benchmark(stored)
    truncate(response_file(stored, "model003"))
    assert write_benchmark(matrix, stored).replaced == ("model003",)
    assert_same(read_benchmark(stored), matrix)


def other(**changes: Any) -> ResponseMatrix:
    """The stored benchmark of the fixture with something changed."""
    matrix = simulate(1, 20, n_subjects=2, options=3, seed=1)
    arguments = {"models": ["new"], "items": matrix.items, "probabilities": matrix.probabilities, "name": "other"}
    return ResponseMatrix.from_arrays(matrix.scores, **{**arguments, **changes})


@pytest.mark.parametrize(
    ("matrix", "reason"),
    [
        (simulate(2, 21, n_subjects=2, options=3), "'simulated'.*: item 'item0020' is not among its items"),
        (simulate(2, 19, n_subjects=2, options=3), "item 'item0019' is among its items and not in the data to add"),
        (other(items=other().items.assign(doc_hash="f00")), "not 'other': its items have no doc_hash, unlike the data"),
        (other(weights=np.arange(1, 21)), "its items have other weights"),
        (other(items=other().items.assign(subject="s")), "item 'item0000' has another subject than 's'"),
        (other(probabilities=None), "with option probabilities; the models to add are not so"),
        (other(models=pd.DataFrame({"full_score": [0.01]}, index=["n"])), "whose full scores are those of its items"),
    ],
)
def test_another_benchmark_is_refused(stored: Path, matrix: ResponseMatrix, reason: str) -> None:
    before = snapshot(stored)
    with pytest.raises(StoreError, match=reason) as caught:
        write_benchmark(matrix, stored)
    assert str(caught.value).startswith(f"{stored}: holds benchmark 'simulated'")
    assert snapshot(stored) == before


def test_a_changed_document_is_refused(tmp_path: Path) -> None:
    items = pd.DataFrame({"doc_hash": ["a", "b"]}, index=["x", "y"])
    write_benchmark(ResponseMatrix.from_arrays([[1.0, 0.0]], models=["m"], items=items), tmp_path / "b")
    changed = ResponseMatrix.from_arrays([[1.0, 0.0]], models=["n"], items=items.assign(doc_hash=["a", "c"]))
    with pytest.raises(StoreError, match="item 'y' has another doc_hash"):
        write_benchmark(changed, tmp_path / "b")


def test_what_cannot_be_stored_is_named(tmp_path: Path) -> None:
    models = pd.DataFrame({"thing": [object()]}, index=["a"])
    with pytest.raises(StoreError, match="model 'a': column thing is a object, not plain data"):
        write_benchmark(ResponseMatrix.from_arrays([[1.0]], models=models), tmp_path / "b")
    items = pd.DataFrame({"mixed": ["x", 1]}, index=["i", "j"])
    with pytest.raises(StoreError, match="item column 'mixed' cannot be stored"):
        write_benchmark(ResponseMatrix.from_arrays([[1.0, 0.0]], items=items), tmp_path / "c")
    assert not (tmp_path / "c").exists()
    items = pd.DataFrame({"weight": [1.0]}, index=["i"])
    with pytest.raises(StoreError, match="an item column cannot be called 'weight'"):
        write_benchmark(ResponseMatrix.from_arrays([[1.0]], items=items), tmp_path / "d")


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").write_bytes(b"cat")
    with pytest.raises(StoreError, match=r"photos: is not empty and holds no benchmark\.json"):
        write_benchmark(simulate(2, 3), tmp_path / "photos")
    assert [p.name for p in (tmp_path / "photos").iterdir()] == ["cat.png"]
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="file: is not empty"):
        write_benchmark(simulate(2, 3), tmp_path / "file")


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    write_benchmark(simulate(2, 3), tmp_path / "b")
    assert read_benchmark(tmp_path / "b").n_models == 2


def test_a_full_disk_is_one_line(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(answers, "write_bytes", full)
    with pytest.raises(StoreError, match=r"new\.parquet: cannot be written: No space left on device"):
        write_benchmark(other(), stored)


def test_wrong_requests(stored: Path) -> None:
    with pytest.raises(StoreError, match="holds no model 'nobody'"):
        read_benchmark(stored, models=["nobody"])
    with pytest.raises(StoreError, match="model 'model001' is named twice"):
        read_benchmark(stored, models=["model001", "model001"])
    with pytest.raises(StoreError, match="on_conflict='merge' is not one of replace, refuse"):
        write_benchmark(other(), stored, on_conflict="merge")


def test_load_benchmark_says_what_there_is(stored: Path) -> None:
    assert load_benchmark(stored).n_models == 6
    with pytest.raises(StoreError, match=r"there is no such folder \(by name: pocket; in .*: bench\)"):
        load_benchmark(stored.parent / "bensh")
    with pytest.raises(
        StoreError, match=r"responses: not a stored benchmark: holds no benchmark.json \(by name: pocket\)"
    ):
        load_benchmark(stored / "responses")


def test_pocket_is_loaded_by_name_and_can_be_stored(tmp_path: Path) -> None:
    pocket = load_benchmark("pocket")
    few = pocket.subset(models=pocket.models.index[:5])
    write_benchmark(few, tmp_path / "pocket")
    assert_same(read_benchmark(tmp_path / "pocket", models=few.models.index), few)


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["livebench", "openllm_large_winogrande", "mmlu_pro_cot", "cosmosqa_options"])
def test_real_benchmarks_come_back_exactly(real: Callable[[str], ResponseMatrix], tmp_path: Path, name: str) -> None:
    matrix = real(name)
    matrix = matrix.subset(models=matrix.models.index[:60])
    write_benchmark(matrix, tmp_path / name)
    assert_same(read_benchmark(tmp_path / name, models=matrix.models.index), matrix)


@pytest.mark.perf
def test_reading_costs_little_more_than_parquet_itself(tmp_path: Path) -> None:
    """5,000 models x 14,000 items in seconds: at most 200 ns a cell, and a few times bare Parquet, on any machine."""
    rng = np.random.default_rng(0)
    matrix = ResponseMatrix.from_arrays((rng.random((300, 14_000)) < 0.6).astype(np.float32))
    write_benchmark(matrix, tmp_path / "b")
    paths = sorted((tmp_path / "b" / "responses").iterdir())

    def bare() -> None:
        for path in paths:
            pq.ParquetFile(path).read(use_threads=False).column("score").to_numpy()

    def seconds(work: Callable[[], object]) -> float:
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    ours = min(seconds(lambda: read_benchmark(tmp_path / "b")) for _ in range(3))
    parquet = min(seconds(bare) for _ in range(3))
    print(f"\n{ours / matrix.scores.size * 1e9:.0f} ns a cell, {ours / parquet:.1f} times bare Parquet")  # noqa: T201
    assert ours < 8 * parquet
    assert ours / matrix.scores.size < 200e-9
