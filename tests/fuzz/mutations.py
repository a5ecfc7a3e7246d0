"""Damage to files: of bits and bytes, of encodings, and of what JSON, ZIP, gzip and Parquet files hold."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

TOKENS = (b"NaN", b"1e400", b"-1", b"null", b"[]", b"{}", b'"', b"\\", b"\x00", b"\xff", b"\r", b"\n", b",", b"9" * 400,
          b"\xef\xbb\xbf", b"\\ud800", b"[" * 300, b"../", b"PAR1", b"PK\x03\x04")  # fmt: skip
RAW = "\x00RAW:"
"""What marks a text that stands for JSON which Python would not write."""
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 1.5, -0.0, 0.5, 1e308, 2**63, 10**400, f"{RAW}1e400", f"{RAW}-1e400"),
    *(f"{RAW}NaN", f"{RAW}-Infinity", "", "0.5", "NaN", "1e400", "true", "\x00", "\x1b[31m", "\ud800", "é", "a" * 5000),
    *("../../x", "a/b", "a\nb", "\u202e", [], {}, [[]], [None], ["x"], {"a": 1}, {"": {}}, {"_target_": "os.system"}),
    *([0.1] * 50, ["1", 2, None], [["-1.5", "False"]], "2024-13-45", "-inf", "[]", f"{RAW}{'[' * 60}{']' * 60}"),
)
COLUMN_VALUES: tuple[Any, ...] = (None, float("nan"), float("inf"), -1.0, 1e300, 2, "x", "", b"\xff\xfe", [], [1.0], {})


def mutated(data: bytes, name: str, rng: Random) -> bytes:
    """The content of a file called so, damaged once to three times."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        try:
            data = _mutation(name, rng)(data, rng)
        except Exception:  # it was damaged before, beyond what its own libraries read
            data = _flip(data, rng)
    return data


def _mutation(name: str, rng: Random) -> Callable[[bytes, Random], bytes]:
    structured = next((change for suffix, change in STRUCTURED.items() if name.endswith(suffix)), None)
    if structured is not None and rng.random() < 0.7:
        return structured
    return rng.choice(BYTES)


def _flip(data: bytes, rng: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        if changed:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _truncate(data: bytes, rng: Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _splice(data: bytes, rng: Random) -> bytes:
    start, stop = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    place = rng.randrange(len(data) + 1)
    return data[:place] + data[start:stop] * rng.choice((1, 1, 3)) + data[place + rng.choice((0, stop - start)) :]


def _insert(data: bytes, rng: Random) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.choice(TOKENS) + data[place + rng.choice((0, 0, 1, 4)) :]


def _cut_out(data: bytes, rng: Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start + rng.choice((1, 4, 64, 1000)) :]


def _encode(data: bytes, rng: Random) -> bytes:
    text = data.decode("utf-8", "replace")
    return rng.choice(
        (
            lambda: text.encode("utf-16"),
            lambda: text.encode("latin-1", "replace"),
            lambda: b"\xef\xbb\xbf" + data,
            lambda: data.replace(b"\n", b"\r\n"),
            lambda: data.replace(b"\n", b"\r"),
            lambda: data + b"\x00" * 10,
            lambda: text.encode("utf-32"),
        )
    )()


BYTES = (_flip, _flip, _truncate, _splice, _insert, _cut_out, _encode)


def _json(data: bytes, rng: Random) -> bytes:
    try:
        return _dumped(changed_document(json.loads(data), rng))
    except (ValueError, RecursionError):
        return _flip(data, rng)


def _lines(data: bytes, rng: Random) -> bytes:
    lines = data.split(b"\n")
    n = rng.randrange(len(lines))
    what = rng.random()
    if what < 0.1:
        lines.insert(n, lines[rng.randrange(len(lines))])
    elif what < 0.2:
        del lines[n]
    else:
        lines[n] = _json(lines[n], rng)
    return b"\n".join(lines)


def _dumped(document: Any) -> bytes:
    text = json.dumps(document)
    text = re.sub(r'"\\u0000RAW:([^"]*)"', lambda found: found[1], text)
    return text.replace("\\u0000TWICE", "").encode()


def changed_document(document: Any, rng: Random) -> Any:
    """The same with one value or key changed."""
    places = list(_places(document))
    if not places:
        return rng.choice(VALUES)
    holder, key = rng.choice(places)
    what = rng.random()
    if what < 0.55:
        holder[key] = rng.choice(VALUES)
    elif what < 0.65:
        del holder[key]
    elif what < 0.75:
        other, place = rng.choice(places)
        if _can_take(other, place):
            other[place] = json.loads(json.dumps(holder[key]))
    elif what < 0.85 and isinstance(holder, dict):
        holder[f"{key}\x00TWICE"] = rng.choice(VALUES)
    elif what < 0.9 and isinstance(holder, dict):
        holder[rng.choice(("", "x", "\x1b", "_target_", str(key).upper()))] = holder.pop(key)
    elif isinstance(holder, list):
        holder.extend([holder[key]] * rng.choice((1, 3)))
    else:
        holder[key] = [holder[key]]
    return document


def _can_take(holder: Any, key: Any) -> bool:
    return key in holder if isinstance(holder, dict) else key < len(holder)


def _places(document: Any) -> Any:
    waiting = [document]
    while waiting:
        value = waiting.pop()
        keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        for key in keys:
            yield value, key
            waiting.append(value[key])


def _zip(data: bytes, rng: Random) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {one.filename: archive.read(one) for one in archive.infolist()}
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, RuntimeError):
        return _flip(data, rng)
    name = rng.choice(list(members) or [""])
    members[name] = mutated(members.get(name, b""), name, rng)
    if rng.random() < 0.1:
        members[rng.choice(("../x", "/x", "x" * 300, "header.json", "samples/1_epoch_1.json"))] = members.pop(name)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for called, content in members.items():
            archive.writestr(called, content)
    return stream.getvalue()


def _gzip(inner: Callable[[bytes, Random], bytes]) -> Callable[[bytes, Random], bytes]:
    def change(data: bytes, rng: Random) -> bytes:
        try:
            return gzip.compress(inner(gzip.decompress(data), rng))
        except (OSError, EOFError, ValueError, zlib.error):
            return _flip(data, rng)

    return change


def _csv(data: bytes, rng: Random) -> bytes:
    rows = [line.split(b",") for line in data.split(b"\n")]
    row = rng.choice(rows)
    row[rng.randrange(len(row))] = str(rng.choice(VALUES)).encode("utf-8", "replace").removeprefix(RAW.encode())
    if rng.random() < 0.2:
        rows.append(rng.choice(rows))
    return b"\n".join(b",".join(cells) for cells in rows)


def _parquet(data: bytes, rng: Random) -> bytes:
    try:
        table = pq.read_table(pa.BufferReader(data))
        stream = io.BytesIO()
        pq.write_table(_changed_table(table, rng), stream)
        return stream.getvalue()
    except (pa.ArrowException, ValueError, LookupError, TypeError, OSError, OverflowError):
        return _flip(data, rng)


def _changed_table(table: Any, rng: Random) -> Any:
    what = rng.random()
    if what < 0.15 and table.schema.metadata:
        metadata = dict(table.schema.metadata)
        key = rng.choice(list(metadata))
        metadata[key] = _json(metadata[key], rng)
        return table.replace_schema_metadata(metadata)
    if what < 0.2:
        return table.slice(rng.randrange(len(table) + 1), rng.randrange(len(table) + 1))
    if what < 0.25:
        return pa.concat_tables([table, table])
    n = rng.randrange(table.num_columns)
    name = table.column_names[n]
    if what < 0.3:
        return table.remove_column(n)
    if what < 0.35:
        return table.append_column(name, table.column(n))
    if what < 0.4:
        names = [*table.column_names[:n], rng.choice(("", "x", "model", "score", "\x1b")), *table.column_names[n + 1 :]]
        return table.rename_columns(names)
    return table.set_column(n, name, _changed_column(table.column(n), rng))


def _changed_column(column: Any, rng: Random) -> Any:
    what = rng.random()
    if what < 0.3:
        kinds = (pa.string(), pa.float64(), pa.int64(), pa.binary(), pa.bool_(), pa.float16(), pa.timestamp("us"))
        return column.cast(rng.choice(kinds), safe=False)
    if what < 0.4:
        return pa.nulls(len(column), rng.choice((pa.null(), column.type)))
    if what < 0.5:
        length = len(column)
        buffers = [None, pa.py_buffer(bytes(4 * (length + 1))), pa.py_buffer(b"")]
        return pa.Array.from_buffers(pa.string(), length, buffers)
    values = column.to_pylist()
    for _ in range(rng.choice((1, 1, len(values)))):
        if values:
            values[rng.randrange(len(values))] = _like(rng.choice(values), rng)
    return pa.array(values)


def _like(value: Any, rng: Random) -> Any:
    """A hostile value, of the same kind where columns have to be of one."""
    if isinstance(value, list | dict) and value and rng.random() < 0.8:
        changed = changed_document({"": value}, rng)[""]
        return changed if isinstance(changed, type(value)) else value
    if isinstance(value, str):
        return str(rng.choice(VALUES)).encode("utf-8", "replace").decode()
    same = [one for one in COLUMN_VALUES if isinstance(one, type(value))] if rng.random() < 0.8 else COLUMN_VALUES
    return rng.choice(same or COLUMN_VALUES)


STRUCTURED: dict[str, Callable[[bytes, Random], bytes]] = {
    ".jsonl.gz": _gzip(_lines),
    ".csv.gz": _gzip(_csv),
    ".jsonl": _lines,
    ".jsonlines": _lines,
    ".json": _json,
    ".yaml": _json,
    ".csv": _csv,
    ".eval": _zip,
    ".parquet": _parquet,
}
"""By the end of a file's name how its content is changed so that it stays a file of its kind."""
