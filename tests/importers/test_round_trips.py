"""Out and in again: stores, tidy tables, arrays, py-irt's lines and Every Eval Ever's rows lose nothing they hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchoreval.errors import ConfigurationError
from anchoreval.exporters.py_irt_lines import write_py_irt
from anchoreval.exporters.tidy_tables import FORMATS, write_tidy
from anchoreval.importers.every_eval_ever import IMPORTER as EVERY_EVAL_EVER
from anchoreval.importers.frames import read_frame
from anchoreval.importers.gathering import gather
from anchoreval.importers.merging import merged
from anchoreval.importers.py_irt import IMPORTER as PY_IRT
from anchoreval.importers.tidy import read_tidy
from anchoreval.responses import ResponseMatrix
from anchoreval.store import read_benchmark, write_benchmark

from ..conftest import simulate
from .written import runs_of, write_lines

HOSTILE = [
    *("../../up", "a/b", "<b>&amp;</b>", "\x1b[31mred", "NaN", "null", "007", "7", "1e5", "=cmd()", 'a,"b"', "a\nb"),
    *("a\r", " x ", "true", "CON", ".hidden", "ünï ⸘", "🙂", "_target_", "é", "e\u0301", "%2F", "a\tb", "a\u2028b"),
]
NAMES = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8).filter(
        lambda text: bool(text.strip())
    ),
)
SCORES = st.one_of(st.just(float("nan")), st.sampled_from([0.0, 1.0]), st.floats(0, 1, width=32))


@st.composite
def matrices(draw: st.DrawFn, *, options: bool = True, tables: bool = True) -> ResponseMatrix:
    """Small benchmarks with everything that they may have."""
    models = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    items = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    shape = (len(models), len(items))
    scores = draw(st.lists(SCORES, min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))
    item_table, model_table = pd.DataFrame(index=items), pd.DataFrame(index=models)
    macro = False
    if tables and draw(st.booleans()):
        subjects = draw(st.lists(st.sampled_from(["law", "ärzte", "a,b"]), min_size=shape[1], max_size=shape[1]))
        item_table = item_table.assign(
            subject=subjects, text=draw(st.lists(NAMES, min_size=shape[1], max_size=shape[1]))
        )
        item_table["options"] = [["yes", "no, \n"] for _ in items]
        item_table["doc_id"] = range(shape[1])
        model_table = model_table.assign(base_model=models[0], released=pd.Timestamp("2024-02-29"))
        macro = draw(st.booleans())
    return ResponseMatrix.from_arrays(
        np.array(scores).reshape(shape),
        models=model_table,
        items=item_table,
        probabilities=draw(probabilities(shape)) if options and draw(st.booleans()) else None,
        aggregation="macro" if macro else "micro",
        name=draw(NAMES),
    )


@st.composite
def probabilities(draw: st.DrawFn, shape: tuple[int, int]) -> Any:
    """Distributions over two or three options, the same number for all models; some cells without any."""
    made = np.full((*shape, 3), np.nan, dtype=np.float32)
    for item in range(shape[1]):
        count = draw(st.integers(2, 3))
        for model in range(shape[0]):
            if draw(st.booleans()):
                shares = np.array(draw(st.lists(st.integers(0, 9), min_size=count, max_size=count))) + 1
                made[model, item, :count] = shares / shares.sum()
    return made


def assert_same_answers(left: ResponseMatrix, right: ResponseMatrix) -> None:
    assert list(left.models.index) == list(right.models.index)
    assert list(left.items.index) == list(right.items.index)
    np.testing.assert_array_equal(left.scores, right.scores)


def assert_same(left: ResponseMatrix, right: ResponseMatrix) -> None:
    """Equal in all that a benchmark holds, but for where it came from."""
    assert_same_answers(left, right)
    pd.testing.assert_frame_equal(left.items, right.items, check_dtype=False, check_column_type=False)
    pd.testing.assert_frame_equal(left.models, right.models, check_dtype=False, check_column_type=False)
    np.testing.assert_array_equal(left.weights, right.weights)
    assert (left.probabilities is None) == (right.probabilities is None)
    if left.probabilities is not None and right.probabilities is not None:
        np.testing.assert_array_equal(left.probabilities, right.probabilities)
    assert (left.name, left.items_digest, dict(left.coverage)) == (right.name, right.items_digest, dict(right.coverage))


@settings(max_examples=30, deadline=None)
@given(matrix=matrices(), form=st.sampled_from(FORMATS))
def test_store_to_tidy_tables_to_store(
    tmp_path_factory: pytest.TempPathFactory, matrix: ResponseMatrix, form: str
) -> None:
    folder = tmp_path_factory.mktemp("trip")
    write_benchmark(matrix, folder / "one")
    stored = read_benchmark(folder / "one")
    read = read_tidy(**write_tidy(stored, folder / "tidy", form))
    assert_same(read, stored)
    write_benchmark(read, folder / "two")
    again = read_benchmark(folder / "two")
    assert_same(again, stored)
    files = [sorted(path.name for path in (folder / name / "responses").iterdir()) for name in ("one", "two")]
    assert files[0] == files[1]


@settings(max_examples=20, deadline=None)
@given(matrix=matrices(options=False))
def test_arrays_to_store_to_arrays(tmp_path_factory: pytest.TempPathFactory, matrix: ResponseMatrix) -> None:
    folder = tmp_path_factory.mktemp("trip") / "bench"
    aggregation = str(matrix.provenance["aggregation"])
    read = read_frame(np.array(matrix.scores), matrix.items, matrix.models, name=matrix.name, aggregation=aggregation)
    assert_same(read, matrix)
    write_benchmark(read, folder)
    stored = read_benchmark(folder, models=list(matrix.models.index))
    assert_same_answers(stored, matrix)
    wide = pd.DataFrame(stored.scores, index=stored.models.index, columns=stored.items.index)
    assert_same_answers(read_frame(wide), matrix)


@settings(max_examples=20, deadline=None)
@given(matrix=matrices(options=False, tables=False))
def test_py_irt_to_store_to_py_irt(tmp_path_factory: pytest.TempPathFactory, matrix: ResponseMatrix) -> None:
    folder = tmp_path_factory.mktemp("trip")
    answered = ~np.isnan(matrix.scores).all(axis=1)
    if not answered.any():
        return
    matrix = matrix.subset(models=matrix.models.index[answered])
    write_py_irt(matrix, folder / "bench.jsonl")
    runs = runs_of(PY_IRT, folder / "bench.jsonl")
    write_benchmark(gather(merged(runs)[0], "bench"), folder / "store")
    stored = read_benchmark(folder / "store", models=list(matrix.models.index))
    bare = stored.items.index.str.removeprefix("bench/")
    scores = pd.DataFrame(stored.scores, index=stored.models.index, columns=bare)
    kept = [item for item in matrix.items.index if item in bare]
    assert all(
        np.isnan(matrix.scores[:, list(matrix.items.index).index(item)]).all()
        for item in set(matrix.items.index) - set(kept)
    )
    again = read_frame(scores[kept])
    assert_same_answers(again, matrix.subset(items=kept))
    write_py_irt(again, folder / "again.jsonl")
    assert (folder / "again.jsonl").read_bytes() == (folder / "bench.jsonl").read_bytes()


def eval_rows(matrix: ResponseMatrix, task: str) -> list[dict[str, Any]]:
    """One line an answer, in the format's own words."""
    return [
        {
            "schema_version": "instance_level_eval_0.2.1",
            "evaluation_id": f"{task}/{model}",
            "model_id": model,
            "evaluation_name": task,
            "sample_id": item,
            "interaction_type": "single_turn",
            "input": {
                "raw": str(matrix.items["text"][item]),
                "reference": [],
                "choices": list(matrix.items["options"][item]),
            },
            "output": {"raw": ["?"]},
            "answer_attribution": [],
            "evaluation": {"score": None if np.isnan(score) else float(score), "is_correct": bool(score == 1.0)},
            "metadata": {"subject": str(matrix.items["subject"][item])},
        }
        for model, row in zip(matrix.models.index, matrix.scores, strict=True)
        for item, score in zip(matrix.items.index, row, strict=True)
    ]


@settings(max_examples=20, deadline=None)
@given(matrix=matrices(options=False).filter(lambda matrix: "text" in matrix.items))
def test_every_eval_ever_rows_to_matrix_to_rows(
    tmp_path_factory: pytest.TempPathFactory, matrix: ResponseMatrix
) -> None:
    rows = eval_rows(matrix, "bench")
    runs = runs_of(EVERY_EVAL_EVER, write_lines(tmp_path_factory.mktemp("trip") / "rows.jsonl", rows))
    read = gather(merged(runs)[0], "bench").subset(items=[f"bench/{item}" for item in matrix.items.index])
    bare = read.items.set_axis(matrix.items.index)
    back = ResponseMatrix.from_arrays(read.scores, models=read.models, items=bare)
    assert eval_rows(back, "bench") == rows


# --- what tidy tables cannot hold ------------------------------------------------------------------------------------


def test_half_precision_comes_back_from_parquet_and_is_refused_as_text(tmp_path: Path) -> None:
    matrix = simulate(3, 5, options=4, missing=0.2)
    assert matrix.probabilities is not None
    half = ResponseMatrix.from_arrays(
        matrix.scores, models=matrix.models, items=matrix.items, probabilities=matrix.probabilities.astype(np.float16)
    )
    assert_same(read_tidy(**write_tidy(half, tmp_path)), half)
    with pytest.raises(ConfigurationError, match="half-precision probabilities lose theirs in csv"):
        write_tidy(half, tmp_path, "csv")


def test_weights_of_ones_own_and_parts_are_refused(tmp_path: Path) -> None:
    weighted = ResponseMatrix.from_arrays([[1, 0]], weights=[1, 3])
    with pytest.raises(ConfigurationError, match="has weights of its own"):
        write_tidy(weighted, tmp_path)
    matrix = simulate(4, 6)
    with pytest.raises(ConfigurationError, match="is a part of a benchmark"):
        write_tidy(matrix.part(matrix.items.index[:2]), tmp_path)
    with pytest.raises(ConfigurationError, match="form=pickle is not one of parquet, csv, jsonl"):
        write_tidy(matrix, tmp_path, "pickle")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("form", FORMATS)
def test_known_full_scores_come_back(tmp_path: Path, form: str) -> None:
    models = pd.DataFrame({"full_score": [0.5, np.nan], "full_score/law": [0.25, 0.75]}, index=["a", "b"])
    matrix = ResponseMatrix.from_arrays([[1, 0], [1, np.nan]], models=models)
    assert_same(read_tidy(**write_tidy(matrix, tmp_path, form)), matrix)


@pytest.mark.parametrize("form", FORMATS)
def test_what_cannot_be_encoded_is_refused_by_name(tmp_path: Path, form: str) -> None:
    matrix = ResponseMatrix.from_arrays([[1]], models=["\ud800"], name="odd")
    with pytest.raises(ConfigurationError, match=f"benchmark odd: cannot be written as {form}"):
        write_tidy(matrix, tmp_path, form)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_tidy(simulate(2, 2), tmp_path / "file")
    assert json.dumps((tmp_path / "file").read_text()) == '"mine"'
