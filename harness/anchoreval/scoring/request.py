"""The request to lm-eval: which documents of which task, in the one form that lm-eval reads as it is meant.

lm-eval (0.4.13) takes `samples={task: [document ids]}` and trusts it. Ids out of order, repeated or negative label the
answers with the wrong ids; an empty list, a group's name or a misspelt task ask for every document; none of it is
reported. So the request is built here and nowhere else.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from numbers import Real
from typing import Any

import pandas as pd

from anchoreval.errors import AnchorSetError


def sample_request(table: pd.DataFrame, leaves: Mapping[str, int]) -> dict[str, list[int]]:
    """The document ids to ask of each task: sorted, unique, built-in integers, no task without any.

    Args:
        table: one row an item, indexed by item id; columns `task` and `doc_id`.
        leaves: number of documents of every task of the run, groups and tags taken apart.

    Returns:
        The tasks that have items, in the order of `leaves`; the others are left out and must not be run.

    Raises:
        AnchorSetError: naming an item whose task is not among the leaves, whose id is not that of a document, or that
            is the same document as another item.
    """
    asked: dict[str, dict[int, str]] = {}
    for item, task, doc_id in zip(table.index, table["task"], table["doc_id"], strict=True):
        if task not in leaves:
            raise AnchorSetError(f"item {item!r}: task {task!r} is not among those of this run{_listed(task, leaves)}")
        number = _document_number(item, doc_id, leaves[task])
        known = asked.setdefault(task, {})
        if number in known:
            raise AnchorSetError(f"items {known[number]!r} and {item!r} are the same document: {task}, doc_id {number}")
        known[number] = item
    return {str(task): sorted(asked[task]) for task in leaves if task in asked}


def _document_number(item: str, doc_id: Any, size: int) -> int:
    if isinstance(doc_id, bool) or not isinstance(doc_id, Real) or not float(doc_id).is_integer():
        raise AnchorSetError(f"item {item!r}: doc_id {doc_id!r} is not a whole number")
    number = int(float(doc_id))
    if not 0 <= number < size:
        raise AnchorSetError(f"item {item!r}: doc_id {number} is not between 0 and {size - 1}, the task's last")
    return number


def _listed(task: Any, leaves: Mapping[str, int]) -> str:
    close = difflib.get_close_matches(str(task), list(leaves), n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    names = sorted(leaves)
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return f" ({hint}there are: {', '.join(names[:10])}{more})"
