"""py-irt's lines: hand-written ones, and what breaks them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anchoreval.errors import ConfigurationError, ResponseDataError
from anchoreval.exporters.py_irt_lines import write_py_irt
from anchoreval.importers.imported import ReadOptions
from anchoreval.importers.py_irt import IMPORTER
from anchoreval.importers.recognising import units_of
from anchoreval.responses import ResponseMatrix

from .written import runs_of, scores_of, skipped_of, write_lines


def test_each_line_is_a_model_and_absent_items_stay_absent(tmp_path: Path) -> None:
    path = tmp_path / "mini.jsonlines"
    path.write_bytes(
        b'\xef\xbb\xbf{"subject_id": "pedro", "responses": {"q1": 1, "q2": 0, "q3": null, "q4": true}}\r\n\r\n'
        b'{"subject_id": 7,    "responses": {"q1": 0.25, "q9": 0}}'
    )
    first, second = runs_of(IMPORTER, tmp_path)
    assert (first.model, second.model, first.task, first.metric) == ("pedro", "7", "mini", "response")
    np.testing.assert_array_equal(first.scores, np.float32([1, 0, np.nan, 1]))
    assert list(first.items["key"]) == ["q1", "q2", "q3", "q4"]
    assert scores_of(second) == {"q1": 0.25, "q9": 0.0}


def test_models_with_the_same_items_share_their_table(tmp_path: Path) -> None:
    rows = [{"subject_id": name, "responses": {"a": 1, "b": 0}} for name in "xy"]
    first, second = runs_of(IMPORTER, write_lines(tmp_path / "r.jsonl", rows))
    assert first.items is second.items


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"subject_id": "m", "responses": {"a": "1"}}, "line 2: item 'a': '1' is not a number"),
        ({"subject_id": "m", "responses": {"a": 2}}, "line 2: item 'a': 2 is outside [0, 1]"),
        ({"subject_id": "m", "responses": {"a": float("-inf")}}, "line 2: item 'a': -inf is not a finite number"),
        ({"subject_id": "m", "responses": {" ": 1}}, "line 2: item: ' ' is not a text"),
        ({"subject_id": "m", "responses": [1, 0]}, "line 2: responses: a list of 2 is not an object"),
        ({"subject_id": None, "responses": {"a": 1}}, "line 2: subject_id: None is not a name"),
        ({"subject_id": True, "responses": {"a": 1}}, "line 2: subject_id: True is not a name"),
        ({"subject_id": "first", "responses": {"a": 1}}, "line 2: subject 'first' stands on line 1 already"),
        ([1], "line 2: a list of 1 is not an object"),
    ],
)
def test_faults_name_the_line(tmp_path: Path, row: Any, message: str) -> None:
    path = write_lines(tmp_path / "r.jsonl", [{"subject_id": "first", "responses": {"a": 1}}, row])
    with pytest.raises(ResponseDataError) as caught:
        runs_of(IMPORTER, path)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_an_item_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"subject_id": "m", "responses": {"a": 1, "a": 0}}\n')
    with pytest.raises(ResponseDataError, match=r"line 1: .*'a' stands twice"):
        runs_of(IMPORTER, path)


def test_what_is_left_out_has_a_reason(tmp_path: Path) -> None:
    rows = [{"subject_id": "m", "responses": {}}, {"subject_id": "n", "responses": {"a": 1}}]
    path = write_lines(tmp_path / "r.jsonl", rows)
    assert skipped_of(IMPORTER, path) == ["a subject without responses"]
    assert skipped_of(IMPORTER, path, ReadOptions(tasks=("other",))) == ["task r was not asked for"]
    with pytest.raises(ResponseDataError, match="has no metric 'acc'"):
        runs_of(IMPORTER, path, ReadOptions(metric="acc"))


def test_only_py_irts_lines_are_recognised(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", [{"subject_id": "m", "answers": {}}])
    write_lines(tmp_path / "b.jsonl", [{"text": '{"subject_id": 1, "responses": {}}'}])
    (tmp_path / "c.jsonl").write_bytes(b"\xff\xfe\x00")
    assert not list(units_of(IMPORTER, tmp_path))
    assert list(units_of(IMPORTER, write_lines(tmp_path / "d.jsonl", [{"subject_id": "m", "responses": {}}])))


def test_lines_are_written_as_py_irt_reads_them(tmp_path: Path) -> None:
    scores = [[1, 0, np.nan], [0.5, np.nan, np.nan], [np.nan, np.nan, np.nan]]
    matrix = ResponseMatrix.from_arrays(scores, models=["ü", "b", "c"], items=["x", "y\n", "z"])
    write_py_irt(matrix, tmp_path / "r.jsonl")
    write_py_irt(matrix, tmp_path / "r.jsonl")
    assert (tmp_path / "r.jsonl").read_text(encoding="utf-8").split("\n") == [
        '{"subject_id": "ü", "responses": {"x": 1, "y\\n": 0}}',
        '{"subject_id": "b", "responses": {"x": 0.5}}',
        '{"subject_id": "c", "responses": {}}',
        "",
    ]


def test_nothing_else_is_written_over(tmp_path: Path) -> None:
    matrix = ResponseMatrix.from_arrays([[1]], models=["\ud800"])
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ConfigurationError, match="no export of this kind"):
        write_py_irt(matrix, tmp_path / "notes.txt")
    with pytest.raises(ConfigurationError, match="not valid Unicode"):
        write_py_irt(matrix, tmp_path / "new.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
