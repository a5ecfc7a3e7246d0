"""Items known by their documents: the same document under another key, another document under the same key.

Keys are a dataset's row numbers as often as not, and a new version of the dataset shifts them. Where runs carry hashes
of the documents, an item is its document: keys follow those of the first run that has it. Documents that stand several
times in a dataset keep their keys where these are known, else they are matched in their order. Runs without hashes are
matched by key.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.counts import counted
from anchoreval.errors import ResponseDataError
from anchoreval.importers.imported import ImportedRun

REFUSE = "refuse"
DIGITS = 8
"""Digits of the hash that tell apart items that had one key."""


@dataclass(frozen=True)
class _Settled:
    """Keys of a table's items, and how many are another item's or a new one."""

    keys: tuple[str, ...]
    renamed: int
    separated: int


@dataclass
class _Known:
    """What is known of a task's items so far."""

    keys: dict[str, list[str]] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    tables: dict[int, pd.DataFrame] = field(default_factory=dict)
    """By the identity of a table that was seen, what it became; tables that several runs share stay shared."""
    settled: dict[tuple[tuple[str, ...], tuple[str | None, ...]], _Settled] = field(default_factory=dict)
    """By the keys and hashes of a table that was seen, what became of the keys."""


def match_items(runs: Sequence[ImportedRun], changed: str, notes: list[str]) -> list[ImportedRun]:
    """The runs with keys that are the same for the same document.

    Args:
        runs: in the order of reading.
        changed: `refuse` one key with two documents, or make two items of it (`separate`).
        notes: told to.

    Raises:
        ResponseDataError: one key has two documents, and `changed` is `refuse`; names both sources.
    """
    known: dict[str, _Known] = {}
    matched = []
    for run in runs:
        task = known.setdefault(run.task, _Known())
        if id(run.items) not in task.tables:
            task.tables[id(run.items)] = _matched(run, task, changed, notes)
        items = task.tables[id(run.items)]
        matched.append(run if items is run.items else replace(run, items=items))
    return matched


def _matched(run: ImportedRun, task: _Known, changed: str, notes: list[str]) -> pd.DataFrame:
    """The run's item table with the task's keys, which learns the new ones."""
    if "doc_hash" not in run.items:
        return run.items
    keys = tuple(run.items["key"].astype(str))
    hashes = tuple(value if isinstance(value, str) and value else None for value in run.items["doc_hash"])
    if (keys, hashes) not in task.settled:
        task.settled[keys, hashes] = _settled(run, task, changed, keys, hashes)
    found = task.settled[keys, hashes]
    _tell(run, found, notes)
    return run.items if found.keys == keys else run.items.assign(key=np.array(found.keys, dtype=object))


def _settled(
    run: ImportedRun, task: _Known, changed: str, keys: Sequence[str], hashes: Sequence[str | None]
) -> _Settled:
    own = set(zip(keys, hashes, strict=True))
    taken: dict[str, None] = {}
    renamed = separated = 0
    for key, digest in zip(keys, hashes, strict=True):
        name = key if digest is None else _key_of(key, digest, task, own, taken)
        if digest is not None and task.hashes.get(name, digest) != digest:
            if changed == REFUSE:
                _refuse(run, key, task)
            name, separated = f"{key}#{digest[:DIGITS]}", separated + 1
        elif name != key:
            renamed += 1
        if name in taken:
            raise ResponseDataError(f"{run.source}: items of task {run.task!r} have the same document and key {name!r}")
        taken[name] = None
        if digest is not None and task.hashes.setdefault(name, digest) == digest:
            _learn(task, name, digest, run)
    return _Settled(tuple(taken), renamed, separated)


def _key_of(key: str, digest: str, task: _Known, own: set[tuple[str, Any]], taken: Container[str]) -> str:
    """The task's key of a document: its own where that is known, else the first that this run does not use for it."""
    known = task.keys.get(digest, ())
    if key in known or not known:
        return key
    free = [name for name in known if name not in taken and (name, digest) not in own]
    return free[0] if free else key


def _learn(task: _Known, name: str, digest: str, run: ImportedRun) -> None:
    names = task.keys.setdefault(digest, [])
    if name not in names:
        names.append(name)
        task.sources[name] = str(run.source)


def _refuse(run: ImportedRun, key: str, task: _Known) -> None:
    earlier = task.sources.get(key, "an earlier file")
    raise ResponseDataError(
        f"{run.source}: item {key!r} of task {run.task!r} is another document than in {earlier} "
        "(reading.changed_items=separate makes two items of it)"
    )


def _tell(run: ImportedRun, found: _Settled, notes: list[str]) -> None:
    if found.renamed:
        what = "has another key" if found.renamed == 1 else "have other keys"
        notes.append(f"{_items_of(run, found.renamed)} {what} than in earlier files; matched by document")
    if found.separated:
        what = "has the key" if found.separated == 1 else "have the keys"
        notes.append(f"{_items_of(run, found.separated)} {what} of another document; kept apart")


def _items_of(run: ImportedRun, count: int) -> str:
    return f"{run.source}: {counted(count, 'item')} of task {run.task!r}"
