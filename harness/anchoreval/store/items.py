"""What all models of a stored benchmark share: `benchmark.json` and `items.parquet`, written once."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from anchoreval.arrays import Float64Array
from anchoreval.atomic import write_bytes, write_json
from anchoreval.errors import ResponseDataError, StoreError
from anchoreval.responses import ResponseMatrix
from anchoreval.schema import one_line, plain, read_document, sealed
from anchoreval.store.migrations import VERSION, updated_document
from anchoreval.store.parquet_files import DAMAGED, read_parquet
from anchoreval.tables import item_table

DOCUMENT, ITEMS, RESPONSES = "benchmark.json", "items.parquet", "responses"
ID, WEIGHT = "item", "weight"
"""Columns of items.parquet that are not columns of the item table."""


@dataclass(frozen=True, eq=False)
class SharedPart:
    """What all models of a stored benchmark share.

    Attributes:
        document: the contents of benchmark.json.
        items: the item table.
        weights: (items,).
    """

    document: Mapping[str, Any]
    items: pd.DataFrame
    weights: Float64Array

    @property
    def digest(self) -> str:
        """Digest of the item ids and document hashes in their order, which every response file repeats."""
        return str(self.document["items"]["digest"])

    @property
    def coverage(self) -> Mapping[str, float]:
        """Share of the whole benchmark that the items carry (see `ResponseMatrix.coverage`)."""
        coverage: Mapping[str, float] = self.document["coverage"]
        return coverage

    def matrix(self, scores: Any, models: pd.DataFrame, probabilities: Any) -> ResponseMatrix:
        """The response matrix of these models (see `ResponseMatrix` for shapes and errors)."""
        return ResponseMatrix(
            scores=scores,
            models=models,
            items=self.items,
            weights=self.weights,
            probabilities=probabilities,
            name=str(self.document["name"]),
            provenance=self.document["provenance"],
            coverage=dict(self.coverage),
        )


def ordered_digest(items: pd.DataFrame) -> str:
    """SHA-256 of item ids and document hashes in their order: what ties a response file to its columns."""
    hashes = items["doc_hash"].astype(str) if "doc_hash" in items else pd.Series("", items.index)
    rows = zip(items.index, hashes, strict=True)
    return hashlib.sha256("".join(f"{item}\x1f{doc_hash}\x1e" for item, doc_hash in rows).encode()).hexdigest()


def write_shared(matrix: ResponseMatrix, folder: Path) -> None:
    """Write benchmark.json and items.parquet of a new stored benchmark into `folder`.

    Raises:
        StoreError: an item column holds something that a Parquet file cannot; names the column. (Options are stored
            as lists of strings.)
    """
    data = _item_bytes(matrix)
    write_bytes(folder / ITEMS, data)
    provenance = _plain_provenance(matrix)
    items = {
        "count": matrix.n_items,
        "digest": ordered_digest(matrix.items),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    document = {
        "schema": VERSION,
        "name": matrix.name,
        "metric": None if provenance.get("metric") is None else str(provenance["metric"]),
        "aggregation": str(provenance.get("aggregation", "custom")),
        "items": items,
        "coverage": {str(name): float(share) for name, share in matrix.coverage.items()},
        "option_probabilities": matrix.probabilities is not None,
        "provenance": provenance,
    }
    write_json(folder / DOCUMENT, sealed(document))
    (folder / RESPONSES).mkdir(exist_ok=True)


def read_benchmark_document(folder: Path) -> dict[str, Any]:
    """benchmark.json in today's form.

    Raises:
        StoreError: naming the file that is missing, damaged, or of an unknown version.
    """
    path = folder / DOCUMENT
    return read_document(path, "benchmark", StoreError, update=lambda found: updated_document(path, found))


def read_shared(folder: Path) -> SharedPart:
    """Read and check what all models of a stored benchmark share.

    Raises:
        StoreError: naming the file that is missing, damaged, or of an unknown schema.
    """
    document = read_benchmark_document(folder)
    path = folder / ITEMS
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise StoreError(f"{path}: there is no such file") from None
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != document["items"]["sha256"]:
        raise StoreError(f"{path}: damaged or edited: it does not match the digest in {DOCUMENT}")
    items, weights = _item_rows(path, data)
    if len(items) != document["items"]["count"] or ordered_digest(items) != document["items"]["digest"]:
        raise StoreError(f"{folder / DOCUMENT}: the digest of the items is not that of {ITEMS}")
    return SharedPart(document, items, weights)


def _item_bytes(matrix: ResponseMatrix) -> bytes:
    columns: dict[str, Any] = {ID: pa.array(matrix.items.index.astype(str).to_list(), pa.string())}
    for name in matrix.items.columns:
        if str(name) in (ID, WEIGHT):
            raise StoreError(f"benchmark {matrix.name}: an item column cannot be called {name!r} in a stored benchmark")
        columns[str(name)] = _column(matrix, name)
    columns[WEIGHT] = pa.array(matrix.weights)
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream, compression="zstd")
    return stream.getvalue()


def _column(matrix: ResponseMatrix, name: Any) -> Any:
    values = matrix.items[name]
    try:
        if name == "options" and values.map(_is_list).all():
            return pa.array([None if v is None else [str(o) for o in v] for v in values], pa.list_(pa.string()))
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise StoreError(
            f"benchmark {matrix.name}: item column {str(name)!r} cannot be stored: {one_line(error)}"
        ) from error


def _is_list(value: Any) -> bool:
    return value is None or isinstance(value, list | tuple | np.ndarray)


def _item_rows(path: Path, data: bytes) -> tuple[pd.DataFrame, Float64Array]:
    table = read_parquet(data, path, StoreError)
    try:
        weights = np.array(table.column(WEIGHT).to_numpy(), dtype=np.float64)
        frame = table.drop_columns([WEIGHT]).to_pandas(ignore_metadata=True)
        for field in table.schema:
            if pa.types.is_list(field.type):  # pandas would make arrays of them
                frame[field.name] = pd.Series(table.column(field.name).to_pylist(), index=frame.index, dtype=object)
        return item_table(frame.set_index(ID), len(frame)), weights
    except (*DAMAGED, ResponseDataError) as error:
        raise StoreError(f"{path}: not the items of a stored benchmark: {one_line(error)}") from error


def _plain_provenance(matrix: ResponseMatrix) -> dict[str, Any]:
    try:
        provenance: dict[str, Any] = plain(matrix.provenance, "provenance")
    except (TypeError, ValueError) as error:
        raise StoreError(f"benchmark {matrix.name}: {error}") from error
    return provenance
