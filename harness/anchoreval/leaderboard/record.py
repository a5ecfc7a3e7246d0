"""`leaderboard.json`: the standings as plain data, and what they were made from (`schemas/leaderboard.json`).

Scores are in [0, 1]; what is not known is null. `inputs` is a digest of everything that the standings follow from: a
refresh that finds it unchanged, and the files whole, has nothing to write.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.anchors import AnchorSet
from anchoreval.errors import AnchorEvalError, StoreError
from anchoreval.leaderboard.standings import Standings
from anchoreval.schema import plain, read_document, sealed

DOCUMENT = "leaderboard.json"
SCHEMA = "leaderboard"


def board_record(
    anchors: AnchorSet,
    standings: Standings,
    failures: Mapping[str, str],
    *,
    inputs: str,
    updated: str,
    files: Mapping[str, str],
) -> dict[str, Any]:
    """The document.

    Args:
        anchors: that were asked.
        standings: of the models that have answers.
        failures: why others have none, by model.
        inputs: digest of what all of this follows from.
        updated: ISO time of the change.
        files: SHA-256 of the files beside it, by name.
    """
    document = {
        "schema": 1,
        "benchmark": {"name": anchors.benchmark, "items_digest": anchors.items_digest, "items": anchors.n_items},
        "anchors": {
            "items": len(anchors.items),
            "selector": anchors.selector,
            "estimator": anchors.estimator or "auto",
            "expected_error": standings.expected_error,
        },
        "updated": updated,
        "inputs": inputs,
        "level": standings.level,
        "smallest_gap": {"gap": standings.smallest, "power": standings.power},
        "models": _models(standings),
        "failures": dict(failures),
        "staleness": _staleness(standings),
        "caveats": list(standings.caveats),
        "files": dict(files),
    }
    found: dict[str, Any] = plain(_finite(document), SCHEMA)
    return sealed(found)


def is_current(folder: Path, inputs: str) -> bool:
    """Whether the folder holds the standings of these inputs, every file as it was written."""
    try:
        document = read_document(folder / DOCUMENT, SCHEMA, StoreError)
    except AnchorEvalError:
        return False
    if document["inputs"] != inputs:
        return False
    return all(_digest(folder / name) == digest for name, digest in document["files"].items())


def file_digests(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """SHA-256 of files by name."""
    return {name: _digest(folder / name) or "" for name in names}


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _models(standings: Standings) -> list[dict[str, Any]]:
    table = standings.table.astype(object).where(standings.table.notna(), None)
    rows = _rows(table.rename_axis("name").reset_index())
    if standings.subjects.columns.empty:
        return rows
    return [{**row, "subjects": own} for row, own in zip(rows, _rows(standings.subjects), strict=True)]


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict(orient="records")]


def _staleness(standings: Standings) -> dict[str, Any] | None:
    found = standings.staleness
    if found is None:
        return None
    return {"verdict": found.verdict, "reasons": list(found.reasons)}


def _finite(value: Any) -> Any:
    """The same with None for infinity, which JSON does not know."""
    if isinstance(value, Mapping):
        return {str(name): _finite(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    if value is pd.NA or (isinstance(value, float | np.floating) and not np.isfinite(value)):
        return None
    return value
