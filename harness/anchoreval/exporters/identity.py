"""What identifies anchors outside anchoreval: their rows in plain columns, and one digest of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import numpy as np
import pandas as pd

from anchoreval.anchors import AnchorSet
from anchoreval.errors import AnchorSetError

COLUMNS = ("task", "doc_id", "doc_hash", "weight")
"""What an export keeps of an anchor, beside the item's id; `doc_hash` is empty where it is not known."""


def identity_table(anchors: AnchorSet) -> pd.DataFrame:
    """One row an anchor, indexed by item id, with `COLUMNS`.

    Raises:
        AnchorSetError: the anchors do not say which documents of which lm-eval tasks they are.
    """
    table = anchors.table
    if missing := [name for name in ("task", "doc_id") if name not in table]:
        raise AnchorSetError(
            f"the anchors of {anchors.benchmark!r} have no {missing[0]}: only items of lm-eval tasks can be exported"
        )
    hashes = table["doc_hash"] if "doc_hash" in table else pd.Series(None, index=table.index, dtype=object)
    return pd.DataFrame(
        {
            "task": table["task"].astype(str).astype(object),
            "doc_id": table["doc_id"].astype(np.int64),
            "doc_hash": [value if isinstance(value, str) else "" for value in hashes],
            "weight": anchors.weights,
        },
        index=table.index,
    )


def has_tasks(anchors: AnchorSet) -> bool:
    """Whether the anchors say which documents of which lm-eval tasks they are."""
    return {"task", "doc_id"} <= set(anchors.table)


def anchors_digest(anchors: AnchorSet) -> str:
    """SHA-256 of the benchmark's items and of which of them are anchors with what weight."""
    table = identity_table(anchors) if has_tasks(anchors) else anchors.table[["weight"]]
    rows = [[str(item), *row] for item, row in zip(table.index, table.to_numpy(dtype=object).tolist(), strict=True)]
    text = json.dumps([anchors.items_digest, rows], separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def first_difference(found: pd.DataFrame, anchors: AnchorSet) -> str | None:
    """Where rows that were read back are not those of an anchor set; None: they are.

    Args:
        found: as `identity_table` gives it.
        anchors: the anchor set.
    """
    known = identity_table(anchors)
    if difference := _difference_of_items(list(found.index), list(known.index)):
        return difference
    for column in COLUMNS:
        for item, mine, theirs in zip(known.index, known[column], found[column], strict=True):
            if mine != theirs and not (column == "doc_hash" and mine == ""):
                return f"item {item!r} has {column} {theirs!r}, not {mine!r}"
    return None


def _difference_of_items(found: Sequence[str], known: Sequence[str]) -> str | None:
    here, there = set(found), set(known)
    if lacking := [item for item in known if item not in here]:
        return f"item {lacking[0]!r} is missing ({len(lacking)} of {len(known)} are)"
    if foreign := [item for item in found if item not in there]:
        return f"item {foreign[0]!r} is no anchor"
    if found != known:
        return "the items are in another order"
    return None
