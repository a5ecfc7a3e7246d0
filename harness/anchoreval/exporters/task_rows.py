"""The rows of an exported task's JSONL: which anchor each is, then what is asked and how it is graded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from anchoreval.anchors import AnchorSet
from anchoreval.errors import AnchorSetError, ConfigurationError, ResponseDataError
from anchoreval.exporters.identity import COLUMNS
from anchoreval.exporters.rendering import Rendered
from anchoreval.importers.bounded import parsed
from anchoreval.schema import one_line
from anchoreval.scoring.plan import Plan
from anchoreval.scoring.records import document_hash

PLACE = "position"
"""Column of the anchor's place in the anchor set."""
IDENTITY = ("item", PLACE, *COLUMNS, "metric", "filter", "anchors")
"""Columns of every row, before those of the document; `anchors` is the digest of the anchor set."""


def task_rows(
    anchors: AnchorSet, plan: Plan, task: str, documents: Sequence[Rendered], graded: Mapping[str, str], digest: str
) -> str:
    """JSON Lines of a task's anchors by ascending document id.

    Args:
        anchors: the anchor set.
        plan: of the full run.
        task: the original's name.
        documents: what is asked, as `rendered` gives it.
        graded: `metric` and `filter` that make the score.
        digest: of the anchor set.

    Raises:
        ConfigurationError: a document cannot be written as JSON; names the item.
    """
    asked, places = plan.asked.of_task(task), {item: n for n, item in enumerate(anchors.items)}
    weights = anchors.weights
    lines = []
    for doc_id, document in zip(plan.request[task], documents, strict=True):
        item = asked["item"][doc_id]
        identity = (
            *(item, places[item], task, int(doc_id), document_hash(document.document), float(weights[places[item]])),
            *(graded["metric"], graded["filter"], digest),
        )
        lines.append(_line(dict(zip(IDENTITY, identity, strict=True)) | dict(document.columns)))
    return "".join(lines)


def read_rows(path: Path, digest: str) -> list[dict[str, Any]]:
    """The rows of a file, checked against its digest.

    Raises:
        AnchorSetError: naming the file: not there, edited, or not such rows.
    """
    try:
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != digest:
            raise AnchorSetError(f"{path}: damaged or edited: it does not match its digest")
        lines = enumerate(data.split(b"\n"), start=1)
        rows = [(number, parsed(line, f"{path}: line {number}")) for number, line in lines if line]
    except OSError as error:
        raise AnchorSetError(f"{path}: cannot be read: {error.strerror}") from error
    except ResponseDataError as error:
        raise AnchorSetError(str(error)) from error
    for number, row in rows:
        if not isinstance(row, dict) or not _is_identity(row):
            raise AnchorSetError(f"{path}: line {number} is not an exported anchor")
    return [row for _, row in rows]


def _is_identity(row: Mapping[str, Any]) -> bool:
    """Whether what names the anchor is there and of its kind."""
    whole = all(isinstance(row.get(name), int) and not isinstance(row[name], bool) for name in (PLACE, "doc_id"))
    texts = all(isinstance(row.get(name), str) for name in IDENTITY if name not in (PLACE, "doc_id", "weight"))
    return whole and texts and isinstance(row.get("weight"), float | int) and abs(row["weight"]) <= 1


def rows_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The anchors that rows are, in the anchor set's order; columns as `identity_table` has them."""
    table = pd.DataFrame([{name: row[name] for name in IDENTITY} for row in rows], columns=list(IDENTITY))
    table = table.sort_values(PLACE, kind="stable").set_index("item")[list(COLUMNS)]
    table.index = pd.Index(table.index, dtype=object, name="item")
    return table


def _line(row: Mapping[str, Any]) -> str:
    try:
        line = json.dumps(row, ensure_ascii=False, allow_nan=False)
        line.encode()
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"item {row['item']!r} cannot be written as JSON: {one_line(error)}") from error
    return line + "\n"
