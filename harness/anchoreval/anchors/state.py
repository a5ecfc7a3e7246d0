"""An estimator's fitted arrays as a Parquet file: one row an array, numbers and texts only.

Columns `name`, `dtype` (NumPy's name of it, little endian), `shape` and `data` (the bytes, C order). Nothing in it can
be executed, and anything that is not an array of numbers or texts is refused both ways.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from anchoreval.errors import AnchorSetError
from anchoreval.schema import one_line
from anchoreval.store.parquet_files import DAMAGED, read_parquet

State = Mapping[str, np.ndarray[Any, Any]]

ALLOWED = re.compile(r"\|b1|\|[iu]1|<[iu][248]|<f[248]|<U[0-9]{1,6}")
"""NumPy's names of the dtypes that a file may hold."""

COLUMNS = ("name", "dtype", "shape", "data")


def state_bytes(state: State) -> bytes:
    """The Parquet file that holds these arrays.

    Raises:
        AnchorSetError: an array is neither of numbers nor of texts; names it.
    """
    rows = [(name, *_packed(name, np.asarray(array))) for name, array in state.items()]
    types = (pa.string(), pa.string(), pa.list_(pa.int64()), pa.large_binary())
    columns = zip(*rows, strict=True) if rows else ((),) * len(COLUMNS)
    arrays = [pa.array(list(column), kind) for column, kind in zip(columns, types, strict=True)]
    stream = io.BytesIO()
    pq.write_table(pa.table(arrays, names=list(COLUMNS)), stream, compression="zstd")
    return stream.getvalue()


def read_state(path: Path, data: bytes) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays in the file `data`, which came from `path`.

    Raises:
        AnchorSetError: naming the file and the array that is damaged or of a dtype that is not allowed.
    """
    table = read_parquet(data, path, AnchorSetError, COLUMNS)
    try:
        rows = table.to_pylist()
    except DAMAGED as error:
        raise AnchorSetError(f"{path}: not the state of an estimator: {one_line(error)}") from error
    return {str(row["name"]): _unpacked(path, row) for row in rows}


def _packed(name: str, array: np.ndarray[Any, Any]) -> tuple[str, list[int], bytes]:
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    if not ALLOWED.fullmatch(little.dtype.str):
        raise AnchorSetError(f"the estimator's array {name!r} has dtype {array.dtype}, not numbers or texts")
    return little.dtype.str, list(array.shape), np.ascontiguousarray(little).tobytes()


def _unpacked(path: Path, row: Mapping[str, Any]) -> np.ndarray[Any, Any]:
    name, kind, shape, data = (row[column] for column in COLUMNS)
    if not isinstance(kind, str) or not ALLOWED.fullmatch(kind):
        raise AnchorSetError(f"{path}: array {name!r} has dtype {str(kind)[:40]!r}, which is not allowed")
    if not isinstance(data, bytes | None):
        raise AnchorSetError(f"{path}: array {name!r} is damaged: its data are no bytes")
    dtype = np.dtype(kind)
    if (
        not isinstance(shape, list)
        or not all(isinstance(length, int) for length in shape)
        or min(shape, default=0) < 0
        or math.prod(shape) * dtype.itemsize != len(data or b"")
    ):
        raise AnchorSetError(f"{path}: array {name!r} is damaged: {len(data or b'')} bytes do not make shape {shape}")
    if not dtype.itemsize:  # an array of empty texts has no bytes
        return np.zeros(shape, dtype=dtype)
    return np.frombuffer(data or b"", dtype=dtype).reshape(shape).copy()
