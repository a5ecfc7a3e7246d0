"""Reading lm-eval's sample records: scores and option log-likelihoods, after every check that the records allow.

A record that carries the wrong label looks like any other. So the documents that came back must be those that were
asked, the document that was graded must be the one that the model was asked, and both must be the one that the anchor
set recorded. lm-eval's aggregates are never read: it weights a group by the anchors that were run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.errors import ConfigurationError, ScoringError

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """What a model made of one item.

    Attributes:
        score: in [0, 1].
        loglikelihoods: (options,) of the item's options; empty where the task has none.
    """

    score: float
    loglikelihoods: Float64Array


def read_records(
    records: Iterable[Record],
    asked: pd.DataFrame,
    *,
    task: str,
    metric: str,
    filter_name: str | None = None,
    options: bool = True,
) -> dict[str, Answer]:
    """The answers to the items of one task, by item id.

    Args:
        records: lm-eval's, one a document and filter.
        asked: one row an item, indexed by document id; columns `item` and, where known, `doc_hash`.
        task: name of the task, for messages.
        metric: which of the records' metrics is the score.
        filter_name: which filter's records count; None: the only one, else `none`.
        options: whether the task is multiple choice, with one log-likelihood an option.

    Raises:
        ConfigurationError: the filter or the metric is not among those there are.
        ScoringError: the records are not those of the items asked, or hold no valid score; names the item.
    """
    rows = list(records)
    wanted = chosen_filter(dict.fromkeys(str(row["filter"]) for row in rows), filter_name, task)
    by_document = _by_document([row for row in rows if row["filter"] == wanted], asked, task)
    answers: dict[str, Answer] = {}
    for doc_id, item in zip(asked.index, asked["item"], strict=True):
        row = by_document[doc_id]
        check_document(item, row["doc"], row["doc_hash"], "lm-eval graded another document than the model was asked")
        values = _loglikelihoods(row, item) if options else np.empty(0)
        answers[item] = Answer(_score(row, metric, item, task), values)
    check_hashes(asked, {doc_id: by_document[doc_id]["doc_hash"] for doc_id in by_document})
    return answers


def chosen_filter(names: Iterable[str], wanted: str | None, task: str) -> str:
    """The filter whose records count: the wanted one, or the only one, or `none` among several.

    Raises:
        ConfigurationError: listing the filters that the task has.
    """
    known = list(names)
    if wanted is None and (len(known) == 1 or "none" in known):
        return known[0] if len(known) == 1 else "none"
    if wanted in known:
        return str(wanted)
    problem = f"has no filter {wanted!r}" if wanted else "has several filters; choose one with filter_name="
    raise ConfigurationError(f"task {task!r} {problem} (there are: {', '.join(known)})")


def document_hash(document: Mapping[str, Any]) -> str:
    """lm-eval's `doc_hash` of a document: SHA-256 of its indented JSON."""
    from lm_eval.utils import handle_non_serializable

    text = json.dumps(document, indent=2, default=handle_non_serializable, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def check_document(item: str, document: Mapping[str, Any], expected: str, problem: str) -> None:
    """Raise ScoringError, naming the item and both hashes, unless the document has the expected hash."""
    if (found := document_hash(document)) != expected:
        raise ScoringError(f"item {item!r}: {problem} (doc_hash {found} instead of {expected})")


def check_hashes(asked: pd.DataFrame, found: Mapping[int, str]) -> None:
    """Raise ScoringError, naming the item and both hashes, where a document is not the one that was recorded."""
    if "doc_hash" not in asked:
        return
    for doc_id, item, known in zip(asked.index, asked["item"], asked["doc_hash"], strict=True):
        if isinstance(known, str) and known and known != found[doc_id]:
            raise ScoringError(
                f"item {item!r}: the task's data have changed (doc_hash {found[doc_id]} instead of {known})"
            )


def _by_document(rows: Iterable[Record], asked: pd.DataFrame, task: str) -> dict[int, Record]:
    by_document: dict[int, Record] = {}
    for row in rows:
        if row["doc_id"] in by_document:
            raise ScoringError(f"task {task!r}: lm-eval returned document {row['doc_id']} twice")
        by_document[row["doc_id"]] = row
    if other := sorted(set(by_document) - set(asked.index)):
        raise ScoringError(f"task {task!r}: lm-eval returned document {other[0]}, which was not asked")
    if lacking := asked["item"][~asked.index.isin(list(by_document))].tolist():
        raise ScoringError(f"item {lacking[0]!r}: lm-eval returned no answer ({len(lacking)} of {len(asked)} lack one)")
    return by_document


def _score(row: Record, metric: str, item: str, task: str) -> float:
    if metric not in row["metrics"]:
        there = ", ".join(row["metrics"])
        raise ConfigurationError(f"item {item!r}: task {task!r} gave no metric {metric!r} (there are: {there})")
    value = row[metric]
    if not isinstance(value, Real | np.bool_) or not _is_share(value):
        numbers = [name for name in row["metrics"] if isinstance(row[name], Real | np.bool_)]
        raise ScoringError(
            f"item {item!r}: metric {metric!r} is {value!r}, not a number in [0, 1]"
            f" (numbers there: {', '.join(numbers) or 'none'})"
        )
    return float(value)


def _is_share(value: Any) -> bool:
    return bool(0.0 <= value <= 1.0)  # of a whole number of any size, which no float may hold


def _loglikelihoods(row: Record, item: str) -> Float64Array:
    try:
        values = np.array([response[0][0] for response in row["resps"]], dtype=np.float64)
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise ScoringError(f"item {item!r}: its responses are not one log-likelihood an option") from error
    if "acc_mutual_info" in row["metrics"]:  # the second half is without the question
        values = values[: len(values) // 2]
    if np.isnan(values).any() or not values.max() > -np.inf:
        raise ScoringError(f"item {item!r}: the model gave the options log-likelihoods {values.tolist()}")
    return values
