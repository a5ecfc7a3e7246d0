"""SWE-bench's lists of instance ids, turned into what became of each instance that was submitted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anchoreval.errors import ResponseDataError
from anchoreval.importers.bounded import json_document, json_lines
from anchoreval.importers.entries import label, mapping, shown
from anchoreval.importers.imported import Skipped

RESOLVED = ("resolved_ids", "resolved")
SUBMITTED = "submitted_ids"
MISSING = ("incomplete_ids", "not_submitted_ids")
FAILED = ("unresolved_ids", "unresolved", "error_ids", "empty_patch_ids", "no_generation", "no_logs")
"""Lists of what was submitted and cannot have been resolved."""
OTHERS = (
    *("completed_ids", "generated", "with_logs", "applied", "install_fail", "reset_failed", "no_apply"),
    *("test_errored", "test_timeout"),
)
"""Lists of what was submitted, resolved or not; those of the first reports name troubles on the way."""
WHOLE = (frozenset({"unresolved_ids"}), frozenset({"unresolved"}), frozenset({"generated"}))
"""A file that has the lists of one of these leaves out no ordinary failure."""
PREDICTIONS = ("all_preds.jsonl", "preds.json", "all_preds.json")


@dataclass(frozen=True)
class Outcome:
    """What became of the instances of one run.

    Attributes:
        scores: by instance: 1 resolved, 0 not, NaN where it was not submitted.
        stated: share of the submitted instances that the file says were resolved; None where it counts none.
        counts: number of instances by list, and the counts that the file gives.
    """

    scores: Mapping[str, float]
    stated: float | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


def listed_outcome(unit: Path, document: Mapping[str, Any]) -> Outcome | Skipped:
    """What lists of ids say.

    Raises:
        ResponseDataError: a list is none, holds something that is no id, contradicts another one or its count.
    """
    lists = {name: _ids(unit, name, document[name]) for name in document if _is_list(name, document)}
    resolved = next((lists[name] for name in RESOLVED if name in lists), None)
    counts = {name: _count(unit, name, document[name]) for name in document if name.endswith("_instances")}
    if resolved is None:
        return Skipped(str(unit), "counts instances and does not name them")
    submitted = _submitted(unit, lists)
    if submitted is None:
        reason = (
            "lists what was resolved, and neither what was submitted nor what failed (no predictions are beside it)"
        )
        return Skipped(str(unit), reason)
    missing = set().union(*(lists[name] for name in MISSING if name in lists)) - submitted
    _refuse_contradictions(unit, lists, resolved, submitted)
    _refuse_other_counts(unit, counts, {"resolved": resolved, "submitted": submitted})
    scores = {name: float(name in resolved) for name in submitted} | dict.fromkeys(missing, math.nan)
    stated = counts["resolved_instances"] / len(submitted) if "resolved_instances" in counts and submitted else None
    if not scores:
        return Skipped(str(unit), "no instance was submitted")
    return Outcome(scores, stated, {**{name: len(ids) for name, ids in lists.items()}, **counts})


def _is_list(name: str, document: Mapping[str, Any]) -> bool:
    return name in (*RESOLVED, SUBMITTED, *MISSING, *FAILED, *OTHERS) and not isinstance(document[name], int)


def _ids(unit: Path, name: str, value: Any) -> set[str]:
    if not isinstance(value, list):
        raise ResponseDataError(f"{unit}: {name}: {shown(value)} is not a list of ids")
    return {label(one, f"{unit}: {name}") for one in value}


def _count(unit: Path, name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ResponseDataError(f"{unit}: {name}: {shown(value)} is not a count")
    return value


def _submitted(unit: Path, lists: Mapping[str, set[str]]) -> set[str] | None:
    """What was submitted, by the file or by the predictions beside it; None where nothing tells."""
    if SUBMITTED in lists:
        return lists[SUBMITTED]
    named = set().union(*(ids for name, ids in lists.items() if name not in MISSING))
    if any(whole <= lists.keys() for whole in WHOLE):
        return named
    folder = unit.absolute().parent
    for path in (place / name for place in (folder, folder.parent) for name in PREDICTIONS):
        if path.is_file():
            return named | set(_predicted(path))
    return None


def _predicted(path: Path) -> Iterator[str]:
    """Ids of the instances that a submission has predictions for."""
    if path.suffix == ".jsonl":
        for number, line in json_lines(path):
            where = f"{path}: line {number}"
            yield label(mapping(line, where).get("instance_id"), f"{where}: instance_id")
        return
    document = json_document(path)
    entries = document if isinstance(document, list) else list(mapping(document, str(path)))
    for n, entry in enumerate(entries, start=1):
        where = f"{path}: prediction {n}"
        yield label(entry.get("instance_id") if isinstance(entry, dict) else entry, where)


def _refuse_contradictions(unit: Path, lists: Mapping[str, set[str]], resolved: set[str], submitted: set[str]) -> None:
    for name in FAILED:
        if both := lists.get(name, set()) & resolved:
            raise ResponseDataError(f"{unit}: instance {min(both)!r} is both resolved and in {name}")
    for name in (*RESOLVED, *FAILED, *OTHERS):
        if alone := lists.get(name, set()) - submitted:
            raise ResponseDataError(f"{unit}: instance {min(alone)!r} is in {name} and was not submitted")


def _refuse_other_counts(unit: Path, counts: Mapping[str, int], lists: Mapping[str, set[str]]) -> None:
    for name, ids in lists.items():
        stated = counts.get(f"{name}_instances", len(ids))
        if stated != len(ids):
            raise ResponseDataError(f"{unit}: counts {stated} {name} instances and lists {len(ids)}")
