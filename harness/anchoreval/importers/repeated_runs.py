"""One model's runs of one task, joined where they agree and settled by policy where they do not."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import BoolArray, IntArray
from anchoreval.errors import ResponseDataError
from anchoreval.importers.imported import ImportedRun

PROBABILITY_SLACK = 1e-6


def join_runs(runs: Sequence[ImportedRun], on_conflict: str, notes: list[str]) -> list[ImportedRun]:
    """At most one run a model, task and replicate, in the order in which these appear.

    Runs with equal answers are one. Runs of different parts of the items, or which agree where they overlap, are
    joined; an answer that one of them is missing comes from the other.

    Args:
        runs: with matched items.
        on_conflict: for runs that differ on an item: `refuse`, `first`, `last`, or `replicates`.
        notes: told to.

    Raises:
        ResponseDataError: runs differ, and the policy is to refuse; or they are scored by different metrics.
    """
    groups: dict[tuple[str, str, str], list[ImportedRun]] = {}
    taken: dict[tuple[str, str], set[str]] = {}
    for run in runs:
        groups.setdefault((run.model, run.task, run.replicate), []).append(run)
        taken.setdefault((run.model, run.task), set()).add(run.replicate)
    joined: list[ImportedRun] = []
    for (model, task, replicate), group in groups.items():
        kept = _joined(group, on_conflict, notes)
        labels = _labels(replicate, len(kept), taken[model, task])
        joined += [_called(run, label) for run, label in zip(kept, labels, strict=True)]
    return joined


def agree(left: ImportedRun, right: ImportedRun) -> bool:
    """Whether two runs have the same items, scores (missing ones alike) and probabilities."""
    places = _places(left, right)
    if len(left.items) != len(right.items) or (places < 0).any():
        return False
    if (left.probabilities is None) != (right.probabilities is None):
        return False
    same = np.array_equal(left.scores, right.scores[places], equal_nan=True)
    return same and _same_probabilities(left, right, np.arange(len(places)), places)


def _joined(group: Sequence[ImportedRun], on_conflict: str, notes: list[str]) -> list[ImportedRun]:
    """The runs of one model, task and replicate made one, or several that differ as replicates."""
    kept = [group[0]]
    for run in group[1:]:
        if run.metric != kept[-1].metric:
            raise ResponseDataError(
                f"{run.source}: model {run.model!r}, task {run.task!r}: scored by {run.metric}, in {kept[-1].source} "
                f"by {kept[-1].metric}"
            )
        if any(agree(run, other) for other in kept):
            notes.append(f"{run.source}: model {run.model!r}, task {run.task!r}: the same answers again, left out")
        elif len(kept) == 1 and _differing(kept[0], run).size == 0:
            notes.append(f"{run.source}: model {run.model!r}, task {run.task!r}: joined with {kept[0].source}")
            kept = [_union(kept[0], run)]
        elif on_conflict == "refuse":
            _refuse(kept[0], run, _differing(kept[0], run))
        else:
            kept = _settled(kept, run, on_conflict, notes)
    return kept


def _settled(kept: list[ImportedRun], run: ImportedRun, on_conflict: str, notes: list[str]) -> list[ImportedRun]:
    what = f"{run.source}: model {run.model!r}, task {run.task!r}: differs from {kept[0].source}"
    if on_conflict == "replicates":
        notes.append(f"{what}; both are kept as replicates")
        return [*kept, run]
    notes.append(f"{what}; the {on_conflict} is kept")
    return kept if on_conflict == "first" else [run]


def _called(run: ImportedRun, label: str) -> ImportedRun:
    return run if run.replicate == label else replace(run, replicate=label)


def _labels(replicate: str, count: int, taken: set[str]) -> list[str]:
    """What to call so many runs of one replicate: its own name where it is one, else numbers that are free."""
    if count == 1:
        return [replicate]
    numbered = (f"{replicate}.{n}" if replicate else str(n) for n in itertools.count(1))
    return list(itertools.islice((label for label in numbered if label not in taken), count))


def _places(left: ImportedRun, right: ImportedRun) -> IntArray:
    """(left's items,) where each item of one run stands in the other; -1 where it does not."""
    if left.items is right.items:
        return np.arange(len(left.items))
    found = pd.Index(right.items["key"].astype(str)).get_indexer(pd.Index(left.items["key"].astype(str)))
    return np.asarray(found, dtype=np.int64)


def _differing(left: ImportedRun, right: ImportedRun) -> IntArray:
    """Places in the first run of items that both answered, with other scores or probabilities."""
    places = _places(left, right)
    shared = np.flatnonzero(places >= 0)
    ours, theirs = left.scores[shared], right.scores[places[shared]]
    differs: BoolArray = (ours != theirs) & ~np.isnan(ours) & ~np.isnan(theirs)
    if not differs.any() and not _same_probabilities(left, right, shared, places[shared]):
        return shared
    return shared[differs]


def _same_probabilities(left: ImportedRun, right: ImportedRun, ours: IntArray, theirs: IntArray) -> bool:
    """Whether probabilities that both runs have are the same."""
    if left.probabilities is None or right.probabilities is None:
        return True
    width = min(left.probabilities.shape[1], right.probabilities.shape[1])
    one, other = left.probabilities[ours, :width], right.probabilities[theirs, :width]
    known = ~np.isnan(one).all(axis=1) & ~np.isnan(other).all(axis=1)
    return bool(np.allclose(one[known], other[known], rtol=0.0, atol=PROBABILITY_SLACK, equal_nan=True))


def _union(left: ImportedRun, right: ImportedRun) -> ImportedRun:
    """Both runs' answers: where both have an item, the first's unless it is missing."""
    places = _places(left, right)
    shared = places >= 0
    scores = left.scores.copy()
    fill = shared & np.isnan(left.scores)
    scores[fill] = right.scores[places[fill]]
    new = np.setdiff1d(np.arange(len(right.items)), places[shared])
    return replace(
        left,
        items=pd.concat([left.items, right.items.iloc[new]], ignore_index=True) if new.size else left.items,
        scores=np.concatenate([scores, right.scores[new]]),
        probabilities=_united_probabilities(left, right, places, new),
        stated=None,
        model_facts={**right.model_facts, **left.model_facts},
        provenance={**left.provenance, "joined_with": [*_earlier(left), str(right.source)]},
    )


def _earlier(run: ImportedRun) -> list[str]:
    joined = run.provenance.get("joined_with", [])
    return list(joined) if isinstance(joined, list) else []


def _united_probabilities(left: ImportedRun, right: ImportedRun, places: IntArray, new: IntArray) -> Any:
    if left.probabilities is None and right.probabilities is None:
        return None
    width = max(one.probabilities.shape[1] for one in (left, right) if one.probabilities is not None)
    first, second = _widened(left, width), _widened(right, width)
    fill = (places >= 0) & np.isnan(first).all(axis=1)
    first[fill] = second[places[fill]]
    return np.concatenate([first, second[new]])


def _widened(run: ImportedRun, width: int) -> Any:
    """(items, width) probabilities, NaN where there are none."""
    made = np.full((len(run.items), width), np.nan, dtype=np.float32)
    if run.probabilities is not None:
        made[:, : run.probabilities.shape[1]] = run.probabilities
    return made


def _refuse(first: ImportedRun, run: ImportedRun, differing: IntArray) -> None:
    key = first.items["key"].iloc[int(differing[0])]
    many = f"{len(differing):,} answers differ from those" if len(differing) > 1 else "1 answer differs from that"
    raise ResponseDataError(
        f"{run.source}: model {run.model!r}, task {run.task!r}: {many} in {first.source} (the first is item {key!r}); "
        "reading.on_conflict=first, last or replicates decides"
    )
