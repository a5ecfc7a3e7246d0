"""The file format of finished cells: records of a comparison as rows of one compact Parquet table.

Every file has the same columns, so that files are joined by putting their rows together; which of them are filled
depends on the kind of record. The order of the figures stands in the file's metadata: a file of other figures is not
read, and what it held is computed again.
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from anchoreval.errors import StoreError
from anchoreval.methods import Selection
from anchoreval.protocol.records import FIGURES, ReadingRecord, Record, SelectionRecord, TrialRecord

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = json.dumps({"version": 1, "figures": FIGURES})
METADATA = b"anchoreval cells"
TRIAL, SELECTION, READING = "trial", "selection", "reading"


def schema() -> pa.Schema:
    """Columns of a file of cells."""
    import pyarrow as pa

    text, number = pa.string(), pa.float64()
    columns = {
        "kind": text,  # trial, selection or reading
        "key": text,
        "of": text,  # key of a reading's selection
        "about": text,  # what the record is about, in words
        "status": text,
        "reason": text,
        "seconds": number,
        "details": text,  # of a selection, JSON
        "names": pa.list_(text),  # targets of a trial, anchors of a selection
        "groups": pa.list_(text),  # of the targets
        "weights": pa.list_(number),
        "inclusion": pa.list_(number),
        "figures": pa.list_(number),
        "errors": pa.list_(pa.int16()),  # hundredths of a percentage point by target, -32768: no estimate
    }
    return pa.schema(list(columns.items()), metadata={METADATA: FORMAT.encode()})


def table_of(records: Iterable[Record], about: Mapping[str, str]) -> pa.Table:
    """Records as a table; `about` says in words what each key is about."""
    import pyarrow as pa

    rows = [{**_row(record), "key": record.key, "about": about.get(record.key, "")} for record in records]
    return pa.Table.from_pylist(rows, schema=schema())


def file_bytes(table: pa.Table) -> bytes:
    """A table as the content of a file."""
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", compression_level=9)
    return sink.getvalue()


def read_table(path: Path) -> pa.Table | None:
    """The table in a file; None where its figures are others, or the file went away meanwhile.

    Raises:
        StoreError: the file is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read()
    except FileNotFoundError:
        return None
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{path}: not a readable file of cells; delete it to have them computed again") from error
    metadata = table.schema.metadata or {}
    return table if metadata.get(METADATA) == FORMAT.encode() else None


def records_in(table: pa.Table, keys: Collection[str]) -> dict[str, Record]:
    """The wanted records of a table by key."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = table.filter(pc.is_in(table["key"], pa.array(list(keys), type=pa.string()))).combine_chunks()
    plain = {name: found[name].to_pylist() for name in ("kind", "key", "of", "status", "reason", "seconds", "details")}
    lists = {name: _lists(found[name]) for name in ("names", "groups", "weights", "inclusion", "figures", "errors")}
    rows = ({name: column[n] for name, column in {**plain, **lists}.items()} for n in range(found.num_rows))
    return {row["key"]: _record(row) for row in rows}


def _lists(column: pa.ChunkedArray) -> list[np.ndarray[Any, Any] | None]:
    """One array a row, cut from the column as a whole: far quicker than Python lists."""
    values, valid = column.combine_chunks(), column.is_valid().to_pylist()
    if not len(valid):
        return []
    flat, ends = values.values, values.offsets.to_numpy()
    numbers = flat.to_numpy(zero_copy_only=False)
    return [numbers[ends[n] : ends[n + 1]].copy() if there else None for n, there in enumerate(valid)]


def _row(record: Record) -> dict[str, Any]:
    if isinstance(record, TrialRecord):
        return {"kind": TRIAL, "names": list(record.models), "groups": list(record.groups)}
    told = {"status": record.status, "reason": record.reason, "seconds": record.seconds}
    if isinstance(record, ReadingRecord):
        figures = [float(record.figures[name]) for name in FIGURES] if record.figures else None
        return {**told, "kind": READING, "of": record.selection, "figures": figures, "errors": record.errors}
    if record.selection is None:
        return {**told, "kind": SELECTION}
    chosen = record.selection
    return {
        **told,
        "kind": SELECTION,
        "names": list(chosen.items),
        "weights": chosen.weights,
        "inclusion": chosen.inclusion,
        "details": json.dumps(chosen.details),
    }


def _record(row: Mapping[str, Any]) -> Record:
    if row["kind"] == TRIAL:
        return TrialRecord(row["key"], tuple(row["names"]), tuple(row["groups"]))
    told = {name: row[name] for name in ("key", "status", "reason", "seconds")}
    if row["kind"] == READING:
        figures = {} if row["figures"] is None else dict(zip(FIGURES, row["figures"].tolist(), strict=True))
        return ReadingRecord(**told, selection=row["of"], figures=figures, errors=row["errors"])
    if row["names"] is None:
        return SelectionRecord(**told)
    items = pd.Index(row["names"], dtype=object, name="item")
    chosen = Selection(items, row["weights"], row["inclusion"], json.loads(row["details"]))
    return SelectionRecord(**told, selection=chosen)
