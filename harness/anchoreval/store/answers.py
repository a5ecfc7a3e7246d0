"""One model's answers in one Parquet file of a stored benchmark.

Columns `score` (float32) and, where the benchmark has option probabilities, `probability_0`, `probability_1` ...
(float16 or float32), in the items' order, NaN as in a response matrix. The file's own key-value metadata carry the
model's row of the model table, the digest of the items that it answers, and a digest of all of this, so that a file
can be checked, moved and shared by itself.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from anchoreval.arrays import Float32Array, Probabilities
from anchoreval.atomic import write_bytes
from anchoreval.errors import StoreError
from anchoreval.schema import one_line, single_keys
from anchoreval.store.migrations import VERSION, updated_row, updated_version
from anchoreval.store.parquet_files import DAMAGED, open_parquet, read_opened

SUFFIX = ".parquet"
LONGEST_NAME = 120
KEYS = ("schema", "model", "items", "data")
DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
"""Names that Windows keeps for devices, with any ending."""


@dataclass(frozen=True, eq=False)
class ModelAnswers:
    """One model's answers as they stand in a file.

    Attributes:
        row: the model's id (`model`), its columns (`columns`), and which of these are dates (`dates`).
        items: digest of the items, in order.
        scores: (items,).
        probabilities: (items, options), or None.
    """

    row: Mapping[str, Any]
    items: str
    scores: Float32Array
    probabilities: Probabilities | None

    @property
    def digest(self) -> str:
        """SHA-256 of the model's row, the items' digest and the arrays' bytes."""
        digest = hashlib.sha256(f"{self.items}\x1e{_row_text(self.row)}\x1e".encode())
        for array in (self.scores, self.probabilities):
            if array is not None:
                digest.update(f"{array.dtype.str}{array.shape}".encode())
                digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Header:
    """What a response file says of itself without its arrays being read.

    Attributes:
        version: of the format that the file is in.
        stored: the model's row as it stands in the file, of which the digest is one.
        row: the same in today's form.
        items: digest of the items.
        digest: of the data.
        options: how many columns of probabilities there are.
        half: whether these are of 16 bits.
    """

    version: int
    stored: Mapping[str, Any]
    row: Mapping[str, Any]
    items: str
    digest: str
    options: int
    half: bool


def canonical(array: Any) -> Any:
    """The array with one kind of NaN and one kind of zero, so that equal data have equal bytes."""
    return np.where(np.isnan(array), np.array(np.nan, dtype=array.dtype), array + np.array(0, dtype=array.dtype))


def file_name(model: str) -> str:
    """The file name for a model id: readable, legal and distinct on every file system.

    Percent-encoded; a name with capitals, or cut because it is long, gets digits of a hash, so that ids that differ
    only by case do not meet on file systems that do not tell them apart.

    Raises:
        StoreError: the id cannot be encoded.
    """
    try:
        encoded = quote(model, safe="").replace("~", "%7E")
        digits = hashlib.sha256(model.encode()).hexdigest()
    except UnicodeEncodeError:
        raise StoreError(f"model {model!r}: the id is not valid Unicode") from None
    if encoded.startswith(".") or encoded.split(".")[0].lower() in DEVICES:
        encoded = f"%{ord(encoded[0]):02X}{encoded[1:]}"
    if len(encoded) > LONGEST_NAME:
        return f"{encoded[: LONGEST_NAME - 20]}~{digits[:16]}{SUFFIX}"
    return f"{encoded}~{digits[:8]}{SUFFIX}" if model != model.lower() else f"{encoded}{SUFFIX}"


def write_answers(path: Path, answers: ModelAnswers) -> None:
    """Put one model's answers at `path`, atomically."""
    columns = {"score": answers.scores}
    if answers.probabilities is not None:
        for n in range(answers.probabilities.shape[1]):
            columns[f"probability_{n}"] = np.ascontiguousarray(answers.probabilities[:, n])
    values = (str(VERSION), _row_text(answers.row), answers.items, answers.digest)
    metadata = {f"anchoreval.{key}": value for key, value in zip(KEYS, values, strict=True)}
    stream = io.BytesIO()
    # few distinct scores shrink well as a dictionary, probabilities do not
    pq.write_table(pa.table(columns, metadata=metadata), stream, compression="zstd", use_dictionary=["score"])
    write_bytes(path, stream.getvalue())


def read_header(path: Path) -> Header:
    """What the file at `path` says of itself.

    Raises:
        StoreError: naming the file, if it is damaged, of an unknown version, or not a response file.
    """
    return _header(path, open_parquet(path, path, StoreError))


def read_answers(path: Path) -> ModelAnswers:
    """One model's answers, checked against the digest that the file carries (errors as for `read_header`)."""
    file = open_parquet(path, path, StoreError)
    header = _header(path, file)
    table = read_opened(file, path, StoreError)
    try:
        scores = table.column("score").to_numpy()
        columns = [table.column(f"probability_{n}").to_numpy() for n in range(header.options)]
    except DAMAGED as error:
        raise StoreError(f"{path}: damaged: {one_line(error)}") from error
    answers = ModelAnswers(header.stored, header.items, scores, np.stack(columns, axis=1) if columns else None)
    if answers.digest != header.digest:
        raise StoreError(f"{path}: damaged: its data do not match the digest that it carries")
    return dataclasses.replace(answers, row=header.row)


def _header(path: Path, file: Any) -> Header:
    try:
        schema = file.schema_arrow
        types = {field.name: field.type for field in schema}
    except DAMAGED as error:
        raise StoreError(f"{path}: damaged: {one_line(error)}") from error
    found = schema.metadata or {}
    missing = [key for key in KEYS if f"anchoreval.{key}".encode() not in found]
    if missing:
        raise StoreError(
            f"{path}: not a response file of a stored benchmark (no anchoreval.{missing[0]} in its metadata)"
        )
    version, row, items, digest = (found[f"anchoreval.{key}".encode()].decode(errors="replace") for key in KEYS)
    options = [name for name in types if name.startswith("probability_")]
    if types.get("score") != pa.float32() or any(types[name] not in (pa.float16(), pa.float32()) for name in options):
        raise StoreError(f"{path}: its columns are not those of a response file")
    half = bool(options) and all(types[name] == pa.float16() for name in options)
    number, stored = updated_version(path, version), _parsed(path, row)
    return Header(number, stored, _checked(path, updated_row(path, number, stored)), items, digest, len(options), half)


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        row = json.loads(text, object_pairs_hook=single_keys)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise StoreError(f"{path}: damaged: the model's row in its metadata cannot be read")
    return row


def _checked(path: Path, row: Mapping[str, Any]) -> Mapping[str, Any]:
    model, columns, dates = (row.get(key) for key in ("model", "columns", "dates"))
    if not (isinstance(model, str) and isinstance(columns, dict) and isinstance(dates, list)):
        raise StoreError(f"{path}: damaged: the model's row in its metadata is no row of a model table")
    if odd := [name for name in dates if not isinstance(name, str)]:
        raise StoreError(f"{path}: damaged: {str(odd[0])[:40]!r} in its metadata is no column of dates")
    return row


def _row_text(row: Mapping[str, Any]) -> str:
    return json.dumps(row, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
