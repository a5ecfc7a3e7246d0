"""Every Eval Ever files of anchoreval, read back to the numbers that were written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.errors import StoreError
from anchoreval.exporters.eval_schema import complaint
from anchoreval.responses import SCORE
from anchoreval.schema import one_line


@dataclass(frozen=True, eq=False)
class EvalRecords:
    """What files of Every Eval Ever hold.

    Attributes:
        estimates: indexed by model; `score`, `lower`, `upper`, `standard_error` (NaN where not given), `level`, then a
            column a subject.
        answers: scores on the anchors, indexed by model, a column an item; without rows where no answers are given.
    """

    estimates: pd.DataFrame
    answers: pd.DataFrame


def read_every_eval_ever(path: Path | str) -> EvalRecords:
    """Read one model's file, or all of a folder.

    Raises:
        StoreError: naming the file and the place in it: not there, not of the format, or not matching its checksum.
    """
    given = Path(path)
    files = [given] if given.is_file() else sorted(p for p in given.glob("*.json") if not p.name.startswith("_"))
    if not files:
        raise StoreError(f"{path}: there is no such file, or no file of Every Eval Ever in it")
    estimates, answers = {}, {}
    for file in files:
        record = _valid(file, _bytes(file), "aggregate")
        model = record["model_info"]["id"]
        if model in estimates:
            raise StoreError(f"{file}: model {model!r} stands in another file already")
        estimates[model] = _estimate(record)
        if details := record.get("detailed_evaluation_results"):
            answers[model] = _answers(file.parent / details["file_path"], details, record)
    return EvalRecords(_frame(estimates), _frame(answers))


def _estimate(record: Mapping[str, Any]) -> dict[str, float]:
    whole, *subjects = record["evaluation_results"]
    score = whole["score_details"]
    uncertainty = score.get("uncertainty", {})
    interval = uncertainty.get("confidence_interval", {})
    return {
        SCORE: score["score"],
        "lower": interval.get("lower", np.nan),
        "upper": interval.get("upper", np.nan),
        "standard_error": uncertainty.get("standard_error", {}).get("value", np.nan),
        "level": interval.get("confidence_level", np.nan),
        **{
            part["score_details"]["details"].get("subject", part["evaluation_name"]): part["score_details"]["score"]
            for part in subjects
        },
    }


def _answers(path: Path, details: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, float]:
    data = _bytes(path)
    if hashlib.sha256(data).hexdigest() != details["checksum"]:
        raise StoreError(f"{path}: damaged or edited: it does not match its checksum")
    rows = [_valid(path, line, "instance") for line in data.split(b"\n") if line]
    if len(rows) != details["total_rows"]:
        raise StoreError(f"{path}: holds {len(rows)} rows, not {details['total_rows']}")
    if foreign := [row for row in rows if row["evaluation_id"] != record["evaluation_id"]]:
        raise StoreError(f"{path}: row {foreign[0]['sample_id']!r} is of another evaluation")
    return {row["sample_id"]: row["evaluation"]["score"] for row in rows}


def _valid(path: Path, data: bytes, part: str) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{path}: is not JSON: {one_line(error)}") from error
    if problem := complaint(document, part):
        raise StoreError(f"{path}: {problem}")
    found: dict[str, Any] = document
    return found


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from error


def _frame(rows: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    index = pd.Index(list(rows), dtype=object, name="model")
    return pd.DataFrame(list(rows.values()), index=index, dtype=np.float64)
