"""Parquet files from strangers: rows as they are, and bounds on what they unfold to."""

from __future__ import annotations

import resource
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anchoreval.errors import ResponseDataError
from anchoreval.importers import parquet_rows as module
from anchoreval.importers.parquet_rows import describe, is_parquet_with, parquet_rows

ROWS = [
    {"doc": {"id": f"d{n}", "choices": ["a", "b"][: n % 3]}, "value": n / 2, "other": "x" * 50, "none": None}
    for n in range(150)
]


def put(folder: Path, rows: list[dict[str, object]] = ROWS, **options: object) -> Path:
    path = folder / "t.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path, **options)
    return path


@pytest.mark.parametrize("group", [7, 64, 1000])
@pytest.mark.parametrize("dictionary", [True, False])
def test_rows_are_those_that_were_written(tmp_path: Path, group: int, dictionary: bool) -> None:
    path = put(tmp_path, row_group_size=group, use_dictionary=dictionary)
    assert list(parquet_rows(path, ["doc", "value", "other", "none"])) == ROWS
    assert list(parquet_rows(path, ["value", "absent"])) == [{"value": row["value"]} for row in ROWS]
    parts = list(parquet_rows(path, ["doc.id"]))
    assert parts == [{"doc": {"id": row["doc"]["id"]}} for row in ROWS]  # type: ignore[index]
    assert describe(path).rows == 150
    assert describe(path).columns == ("doc", "value", "other", "none")


def test_recognising(tmp_path: Path) -> None:
    path = put(tmp_path)
    assert is_parquet_with(path, "doc", "value")
    assert not is_parquet_with(path, "doc", "absent")
    (tmp_path / "x.parquet").write_bytes(b"PAR1 no more")
    assert not is_parquet_with(tmp_path / "x.parquet", "doc")
    assert not is_parquet_with(tmp_path, "doc")


def test_files_that_are_none(tmp_path: Path) -> None:
    content = put(tmp_path).read_bytes()
    path = tmp_path / "x.parquet"
    for cut in (0, 3, 12, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:cut])
        with pytest.raises(ResponseDataError, match=r"x\.parquet"):
            list(parquet_rows(path, ["value"]))
    path.write_bytes(content[:-8] + b"\xff\xff\xff\x7fPAR1")
    with pytest.raises(ResponseDataError, match="says that its footer has"):
        describe(path)
    with pytest.raises(ResponseDataError, match="has none of the columns a, b"):
        list(parquet_rows(put(tmp_path), ["a", "b"]))


def test_every_byte_may_be_wrong(tmp_path: Path) -> None:
    """No other exception, wherever a byte is changed, and no crash of what pyarrow is made of."""
    content = put(tmp_path, ROWS[:20]).read_bytes()
    path = tmp_path / "x.parquet"
    for n in range(0, len(content), 23):
        path.write_bytes(content[:n] + bytes([content[n] ^ 0x55]) + content[n + 1 :])
        try:
            list(parquet_rows(path, ["doc", "value"]))
        except ResponseDataError as error:
            assert "\n" not in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("bound", "value", "message"),
    [
        ("LARGEST_GROUP", 100, "bytes of needed columns are more than 100"),
        ("MOST_VALUES", 100, "a column of more than 100 values"),
        ("MOST_ROWS", 100, "more than 100 rows"),
    ],
)
def test_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, value: int, message: str) -> None:
    monkeypatch.setattr(module, bound, value)
    with pytest.raises(ResponseDataError, match=f"row group 1: .*{message}"):
        list(parquet_rows(put(tmp_path), ["value", "doc.choices"]))


def test_one_long_text_many_times_takes_its_memory_once(tmp_path: Path) -> None:
    text = "x" * (4 << 20)
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 512, pa.int32()), pa.array([text]))
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"text": column}), path)
    assert path.stat().st_size < 1 << 20
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(len(row["text"]) for row in parquet_rows(path, ["text"])) == 512 * len(text)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
    assert grown < 512 * len(text) / 4
