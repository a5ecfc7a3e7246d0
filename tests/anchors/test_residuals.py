"""Residuals on disk: what is written comes back, and what is odd is one line that names the file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.anchors.residuals import read_residuals, residual_bytes
from anchoreval.errors import AnchorSetError
from anchoreval.reconstruction import cross_residuals
from anchoreval.responses import ResponseMatrix

FILE = Path("set/residuals.parquet")


@pytest.fixture(scope="module")
def matrix(synthetic: Any) -> ResponseMatrix:
    return synthetic(20, 40, variants=2, seed=1)


@pytest.fixture(scope="module")
def table(matrix: ResponseMatrix) -> pd.DataFrame:
    return cross_residuals(matrix, "random", 10, "weighted")


def test_what_is_written_comes_back(matrix: ResponseMatrix, table: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(read_residuals(FILE, residual_bytes(table), matrix), table, check_exact=True)
    unknown = table.assign(distance=np.nan)
    assert read_residuals(FILE, residual_bytes(unknown), matrix)["distance"].isna().all()


def test_the_file_is_a_plain_table(table: pd.DataFrame) -> None:
    plain = pd.read_parquet(io.BytesIO(residual_bytes(table)))
    assert list(plain.columns) == ["model", "group", "residual", "estimate", "truth", "distance"]
    assert plain["model"].tolist() == table.index.tolist()


def edited(table: pd.DataFrame, **columns: Any) -> bytes:
    stream = io.BytesIO()
    plain = pd.read_parquet(io.BytesIO(residual_bytes(table))).assign(**columns)
    plain.drop(columns=[name for name, value in columns.items() if value is None]).to_parquet(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"residual": None}, "has no column 'residual'"),
        ({"estimate": "high"}, "not the residuals of these anchors"),
        ({"truth": np.nan}, "model 'model000' has a residual without truth"),
        ({"residual": np.inf}, "model 'model000' has a residual without residual"),
        ({"model": [f"m{n}" for n in range(20)]}, "model 'm0' has a residual and is not among"),
        ({"model": "model000"}, "model 'model000' has two residuals"),
    ],
)
def test_what_is_odd_is_named(matrix: ResponseMatrix, table: pd.DataFrame, columns: Any, message: str) -> None:
    with pytest.raises(AnchorSetError, match=message) as caught:
        read_residuals(FILE, edited(table, **columns), matrix)
    assert str(caught.value).startswith(f"{FILE}: ")
    assert "\n" not in str(caught.value)


def test_what_is_no_table_is_named(matrix: ResponseMatrix) -> None:
    with pytest.raises(AnchorSetError, match="not a complete Parquet file"):
        read_residuals(FILE, b"PAR1", matrix)
