"""Which log answers which task of an anchor set, and whether its rows are of the anchors and asked as exported.

A row of an exported task carries the identity of its anchor and the metric that counts. A row of an original task is
known by the file's name, the document's id and its hash.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from anchoreval.errors import ScoringError
from anchoreval.exporters.task_rows import IDENTITY
from anchoreval.importers.exported_task_logs import SampleLog, read_sample_log
from anchoreval.schema import one_line
from anchoreval.scoring.asked import AskedItems
from anchoreval.scoring.records import check_document, check_hashes

Row = dict[str, Any]
EXPORTED = frozenset(IDENTITY)


@dataclass(frozen=True)
class TaskLog:
    """The rows that answer one original task.

    Attributes:
        rows: with the original's document ids.
        exported: whether they come from an exported task.
        metric: that makes the score, where the rows tell.
        filter_name: the same of the filter.
    """

    rows: Sequence[Row]
    exported: bool = False
    metric: str | None = None
    filter_name: str | None = None


def newest_logs(logs: Sequence[SampleLog], asked: AskedItems, digest: str) -> dict[str, TaskLog]:
    """The newest log of each original task; logs of other tasks and other anchor sets are passed over.

    Args:
        logs: of one model, oldest first.
        asked: the anchors.
        digest: of the anchor set.

    Raises:
        StoreError: a file that is no sample log.
        ScoringError: a row that is not of the anchor that it names, or was asked otherwise than it was exported.
    """
    found: dict[str, TaskLog] = {}
    for log in logs:
        rows = read_sample_log(log.path)
        if rows and all(set(row["doc"]) >= EXPORTED for row in rows):
            if rows[0]["doc"]["anchors"] == digest:
                task = str(rows[0]["doc"]["task"])
                found[task] = _exported(rows, asked.of_task(task), log)
        elif (original := _task_of(log, asked)) is not None:
            ids = set(asked.of_task(original).index)
            found[original] = TaskLog([row for row in rows if row["doc_id"] in ids])
    return found


def _task_of(log: SampleLog, asked: AskedItems) -> str | None:
    """The original task that a file's name means; lm-eval's own versions differ in how they write it."""
    names = [task for task in asked.table["task"].unique() if log.task in (task, re.sub(r"\W", "_", task))]
    if len(names) > 1:
        raise ScoringError(f"{log.path}: may be of task {names[0]!r} or {names[1]!r}")
    return names[0] if names else None


def _exported(rows: Sequence[Row], asked: pd.DataFrame, log: SampleLog) -> TaskLog:
    for row in rows:
        try:
            _check(row, asked)
        except (KeyError, TypeError, IndexError) as error:
            raise ScoringError(f"{log.path}: a row is not of an exported task: {one_line(error)}") from error
    first = rows[0]["doc"]
    check_hashes(asked, _hashes(rows, asked))
    originals = [{**row, "doc_id": row["doc"]["doc_id"]} for row in rows]
    return TaskLog(originals, True, str(first["metric"]), str(first["filter"]))


def _check(row: Row, asked: pd.DataFrame) -> None:
    document = row["doc"]
    item = str(document["item"])
    check_document(item, document, row["doc_hash"], "the log shows another document than the model was asked")
    known = asked["item"].to_dict()
    if known.get(document["doc_id"]) != item:
        raise ScoringError(f"item {item!r}: is not document {document['doc_id']!r} of an anchor's task")
    if isinstance(row["resps"][0][0], tuple) and not _complete(row["resps"], document):
        raise ScoringError(f"item {item!r}: {len(row['resps'])} responses are not those to its options")
    if _prompts(row) != _exported_prompts(document):
        raise ScoringError(
            f"item {item!r}: was asked otherwise than it was exported"
            " (with a chat template, a system instruction, or from an edited folder)"
        )


def _complete(responses: Sequence[Any], document: Row) -> bool:
    """Whether there is a response to each option; mutual information takes another one without the question."""
    options = len(document.get("choices", " "))
    return len(responses) in (options, 2 * options)


def _hashes(rows: Sequence[Row], asked: pd.DataFrame) -> dict[int, str]:
    """Hashes of the original documents; where an anchor lacks a row, the record, so that its absence is what shows."""
    recorded = asked["doc_hash"].to_dict() if "doc_hash" in asked else {}
    return {**recorded, **{row["doc"]["doc_id"]: str(row["doc"]["doc_hash"]) for row in rows}}


def _prompts(row: Row) -> set[str]:
    """The prompts that a log shows, without the empty ones that mutual information is measured against."""
    arguments = row.get("arguments")
    shown = arguments.values() if isinstance(arguments, dict) else ()
    return {str(argument.get("arg_0")) for argument in shown if isinstance(argument, dict)} - {""}


def _exported_prompts(document: Row) -> set[str]:
    if "prefix" in document:
        return {f"{document['prefix']}{choice}" for choice in document["choices"]}
    return {str(document.get("context"))} - {""}
