"""Errors that no calibration model measured: `residuals.parquet`, one row a source model.

Where all source models selected the anchors, the attached estimator's errors come from repetitions of selection and fit
without a fold of models (`anchoreval.reconstruction.cross_residuals`). They take the whole benchmark, so the anchor set
keeps them. Columns `model`; `residual` (estimate minus truth), `estimate` and `truth` in score units; `group`, equal
for variants of one model; `distance` to the nearest source (root mean squared difference of answers). Families are in
`source.parquet`.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from anchoreval.errors import AnchorSetError, ResponseDataError
from anchoreval.reconstruction.calibration import given_residuals
from anchoreval.responses import ResponseMatrix
from anchoreval.schema import one_line
from anchoreval.store.parquet_files import DAMAGED, read_parquet

NUMBERS = ("residual", "estimate", "truth", "distance")


def residual_bytes(residuals: pd.DataFrame) -> bytes:
    """The Parquet file that holds a table of residuals."""
    columns = {"model": pa.array(residuals.index.astype(str).to_list(), pa.string())}
    columns["group"] = pa.array(residuals["group"].astype(str).to_list(), pa.string())
    for name in NUMBERS:
        columns[name] = pa.array(residuals[name].to_numpy(dtype=np.float64), pa.float64())
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream, compression="zstd")
    return stream.getvalue()


def read_residuals(path: Path, data: bytes, sources: ResponseMatrix) -> pd.DataFrame:
    """The residuals in the file `data`, which came from `path`.

    Raises:
        AnchorSetError: naming the file and what is wrong with it.
    """
    table = read_parquet(data, path, AnchorSetError, ("model", "group", *NUMBERS))
    try:
        frame = table.to_pandas(ignore_metadata=True)
        frame = frame.set_index("model").astype({"group": object, **dict.fromkeys(NUMBERS, np.float64)})
        frame.index = pd.Index(frame.index, dtype=object, name="model")
        return given_residuals(frame, sources)
    except (*DAMAGED, ResponseDataError) as error:
        raise AnchorSetError(f"{path}: not the residuals of these anchors: {one_line(error)}") from error
