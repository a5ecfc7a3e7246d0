"""What is wrong with a stored benchmark, an anchor set, a run, a leaderboard, an export or a memory of requests.

An artifact is known by the document that its folder holds. Every file at fault is found, not only the first one that a
reader would stop at.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from anchoreval.anchors import load_anchors
from anchoreval.errors import AnchorEvalError, StoreError
from anchoreval.exporters.every_eval_ever import MARK as RECORDS
from anchoreval.exporters.every_eval_ever_reading import read_every_eval_ever
from anchoreval.exporters.task_folder import MARK as TASKS
from anchoreval.exporters.task_folder import read_task_folder
from anchoreval.importers.bounded import json_document
from anchoreval.jobs.check_memory import memory_faults
from anchoreval.jobs.check_stores import store_faults
from anchoreval.leaderboard.board import ANSWERS, REQUESTS
from anchoreval.leaderboard.record import DOCUMENT as BOARD
from anchoreval.leaderboard.record import SCHEMA as BOARD_SCHEMA
from anchoreval.runs import DONE
from anchoreval.schema import DIGEST, read_document, sealed
from anchoreval.store.items import DOCUMENT as BENCHMARK

ANCHORS = "anchors.json"
MEMORY = ".sqlite"


@dataclass(frozen=True)
class Fault:
    """Something that is wrong.

    Attributes:
        path: of the file at fault.
        problem: in a clause.
    """

    path: Path
    problem: str

    @classmethod
    def of(cls, error: AnchorEvalError, path: Path) -> Fault:
        """The fault that an error tells of; the file is named once."""
        return cls(path, str(error).removeprefix(f"{path}: "))


@dataclass(frozen=True)
class Artifact:
    """Something that anchoreval wrote, checked.

    Attributes:
        path: folder or file.
        kind: what it is.
        faults: what is wrong with it; empty where it is whole.
    """

    path: Path
    kind: str
    faults: tuple[Fault, ...]


def check_artifacts(path: Path) -> tuple[Artifact, ...]:
    """Every artifact at a path or, where there is none, in the folders below it.

    Raises:
        StoreError: there is nothing at the path, or nothing that anchoreval writes.
    """
    if not path.exists():
        raise StoreError(f"{path}: there is no such file or folder")
    found = tuple(_artifacts(path))
    if not found:
        raise StoreError(f"{path}: holds nothing that anchoreval writes ({', '.join(sorted(KINDS))} or *{MEMORY})")
    return found


def _artifacts(path: Path) -> Iterator[Artifact]:
    if path.is_file():
        if path.name in KINDS:
            yield from _artifacts(path.absolute().parent)
        elif path.suffix == MEMORY:
            yield Artifact(path, "memory of requests", _said(memory_faults(path)))
        return
    marks = [mark for mark in KINDS if (path / mark).is_file()]
    for mark in marks:
        kind, faults = KINDS[mark]
        yield Artifact(path, kind, tuple(faults(path)))
    if not marks:
        for inner in sorted(path.iterdir()):
            if not inner.name.startswith(".") and not inner.is_symlink():
                yield from _artifacts(inner)


def _benchmark(folder: Path) -> Iterator[Fault]:
    yield from _said(store_faults(folder))


def _anchors(folder: Path) -> Iterator[Fault]:
    return _documented(folder, ANCHORS, "anchors", load_anchors)


def _run(folder: Path) -> Iterator[Fault]:
    path = folder / DONE
    try:
        document = json_document(path)
        sizes = {str(name): int(size) for name, size in document["files"].items()}
        digests = {str(name): str(digest) for name, digest in document.get("digests", {}).items()}
        broken = DIGEST in document and sealed({k: v for k, v in document.items() if k != DIGEST}) != document
    except (AnchorEvalError, LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        yield Fault(path, "is no list of a run's files" if not isinstance(error, AnchorEvalError) else _clause(error))
        return
    if broken:
        yield Fault(path, "damaged or edited: it does not match the digest that it carries")
    for name, size in sizes.items():
        yield from _sized(folder, name, size)
    whole = {name: digest for name, digest in digests.items() if _size(folder / name) == sizes.get(name)}
    yield from _digests(folder, whole)


def _leaderboard(folder: Path) -> Iterator[Fault]:
    try:
        document = read_document(folder / BOARD, BOARD_SCHEMA, StoreError)
    except StoreError as error:
        yield Fault.of(error, folder / BOARD)
    else:
        yield from _digests(folder, document["files"])
    if (folder / ANSWERS / BENCHMARK).exists():
        yield from _said(store_faults(folder / ANSWERS))
    else:
        yield Fault(folder / ANSWERS, "holds no answers")
    if (folder / REQUESTS).exists():
        yield from _said(memory_faults(folder / REQUESTS))


def _tasks(folder: Path) -> Iterator[Fault]:
    return _documented(folder, TASKS, "task_folder", read_task_folder)


def _documented(folder: Path, name: str, schema: str, read: Callable[[Path], object]) -> Iterator[Fault]:
    """Of a folder whose document lists the digests of the other files, and which has a reader of its own."""
    try:
        document = read_document(folder / name, schema, StoreError)
    except StoreError as error:
        yield Fault.of(error, folder / name)
        return
    faults = list(_digests(folder, document["files"]))
    yield from faults
    try:
        read(folder)
    except AnchorEvalError as error:
        if not faults:
            yield Fault.of(error, folder)


def _records(folder: Path) -> Iterator[Fault]:
    try:
        listed = json_document(folder / RECORDS)["files"].values()
        digests = {str(one["file"]): str(one["sha256"]) for one in listed}
    except (AnchorEvalError, LookupError, TypeError, AttributeError) as error:
        clause = _clause(error) if isinstance(error, AnchorEvalError) else "is no list of records"
        yield Fault(folder / RECORDS, clause)
        return
    faults = list(_digests(folder, digests))
    yield from faults
    try:
        read_every_eval_ever(folder)
    except AnchorEvalError as error:
        if not faults:
            yield Fault.of(error, folder)


KINDS: Mapping[str, tuple[str, Callable[[Path], Iterator[Fault]]]] = {
    BENCHMARK: ("stored benchmark", _benchmark),
    ANCHORS: ("anchor set", _anchors),
    DONE: ("run", _run),
    BOARD: ("leaderboard", _leaderboard),
    TASKS: ("exported tasks", _tasks),
    RECORDS: ("Every Eval Ever records", _records),
}
"""By the document that a folder is known by: what the folder is, and how it is checked."""


def _digests(folder: Path, digests: Mapping[str, str]) -> Iterator[Fault]:
    """Files that are not there, or not those of which these are the digests."""
    for name, digest in digests.items():
        path = folder / name
        if not _is_inside(name):
            yield Fault(folder, f"lists a file outside of it: {name[:80]!r}")
        elif _size(path) is None:
            yield Fault(path, "there is no such file")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            yield Fault(path, "damaged or edited: it does not match its digest")


def _sized(folder: Path, name: str, size: int) -> Iterator[Fault]:
    if not _is_inside(name):
        yield Fault(folder, f"lists a file outside of it: {name[:80]!r}")
    elif (found := _size(folder / name)) is None:
        yield Fault(folder / name, "there is no such file")
    elif found != size:
        yield Fault(folder / name, f"has {found:,} bytes, was written with {size:,}")


def _is_inside(name: str) -> bool:
    return bool(name) and "\0" not in name and not os.path.isabs(name) and ".." not in Path(name).parts


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _said(faults: Iterator[tuple[Path, str]]) -> tuple[Fault, ...]:
    return tuple(Fault(path, problem) for path, problem in faults)


def _clause(error: AnchorEvalError) -> str:
    return str(error).partition(": ")[2] or str(error)
