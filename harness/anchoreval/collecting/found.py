"""Run folders below a path: those that are whole, and what is wrong with the others.

A folder counts as a run where it holds `done.json`, which is written last; a folder without it was killed on the way or
is none of ours, and is passed over. Of a whole run every listed file is there with its size, and the few files that are
read match their digests (`job=check` compares all of them).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from anchoreval.atomic import TEMPORARY
from anchoreval.errors import AnchorEvalError, StoreError
from anchoreval.runs import DONE
from anchoreval.schema import DIGEST, sealed

CONFIG = "config.yaml"
LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Safe, and ten times faster where it is compiled."""


@dataclass(frozen=True)
class FoundRun:
    """A whole run.

    Attributes:
        folder: where it is.
        done: its record: hash, identity, versions, timings, sizes and digests of its files.
        config: its resolved configuration.
    """

    folder: Path
    done: Mapping[str, Any]
    config: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Of the folder; other tables refer to the run by it."""
        return self.folder.name

    @property
    def job(self) -> str:
        """The job that wrote it."""
        return str(self.done["identity"]["job"])

    @property
    def benchmark(self) -> str:
        """The benchmark's name; empty where the job has none."""
        named = self.done["identity"].get("benchmark")
        return str(named.get("name", "")) if isinstance(named, Mapping) else str(named or "")

    def file(self, name: str) -> Path:
        """One of its files, as it was written.

        Raises:
            StoreError: it is not there, or not as it was written.
        """
        path, digest = self.folder / name, self.done.get("digests", {}).get(name)
        if digest is None or hashlib.sha256(_bytes(path)).hexdigest() != digest:
            raise StoreError(f"{path}: damaged or edited: it does not match its digest")
        return path


@dataclass(frozen=True)
class Damage:
    """A folder that holds a run that is not whole: where, and what is wrong in a clause."""

    folder: Path
    problem: str


def find_runs(path: Path) -> tuple[list[FoundRun], list[Damage]]:
    """Runs at a path or in the folders below it, in the order of their names.

    Raises:
        StoreError: there is no such folder.
    """
    if not path.is_dir():
        raise StoreError(f"{path}: there is no such folder")
    runs: list[FoundRun] = []
    damages: list[Damage] = []
    for folder in sorted(_folders(path), key=lambda one: (one.name, str(one))):
        try:
            runs.append(_read(folder))
        except AnchorEvalError as error:
            damages.append(Damage(folder, str(error).removeprefix(f"{folder}/")))
    return runs, damages


def _folders(path: Path) -> Iterator[Path]:
    """Folders with a record; what is inside of one is part of it."""
    if (path / DONE).is_file():
        yield path
        return
    for inner in path.iterdir():
        if inner.is_dir() and not inner.is_symlink() and not inner.name.endswith(TEMPORARY):
            yield from _folders(inner)


def _read(folder: Path) -> FoundRun:
    done = _record(folder / DONE)
    for name, size in done["files"].items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != size:
            raise StoreError(f"{path}: is not there, or not as long as it was written")
    found = FoundRun(folder, done, {})
    config = yaml.load(_bytes(found.file(CONFIG)), Loader=LOADER)
    if not isinstance(config, dict):
        raise StoreError(f"{folder / CONFIG}: is no configuration")
    return FoundRun(folder, done, config)


def _record(path: Path) -> Mapping[str, Any]:
    try:
        done = json.loads(_bytes(path))
        known = isinstance(done["files"], dict) and isinstance(done["identity"]["job"], str) and "hash" in done
    except (ValueError, LookupError, TypeError) as error:
        raise StoreError(f"{path}: is no list of a run's files") from error
    if not known or (DIGEST in done and sealed({k: v for k, v in done.items() if k != DIGEST}) != done):
        raise StoreError(f"{path}: damaged or edited: it does not match the digest that it carries")
    document: Mapping[str, Any] = done
    return document


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from error
