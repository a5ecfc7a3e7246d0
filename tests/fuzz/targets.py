"""What is fuzzed, and one trial: damage a file, read, and see that nothing but our own errors comes out, soon."""

from __future__ import annotations

import shutil
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

from anchoreval.errors import AnchorEvalError
from anchoreval.importers.imported import ReadOptions
from anchoreval.importers.merging import Policies
from anchoreval.importers.recognising import Unit, find_units
from anchoreval.jobs.import_formats import read_units

from .artifacts import ARTIFACTS, nothing
from .formats import FORMATS, ORIGINALS, copy_originals
from .mutations import mutated

SLOWEST = 10.0
"""Seconds of processor time that reading one input may take: a busy machine is no finding."""


class TooSlowError(BaseException):
    """Reading took longer than is allowed; no `except Exception` swallows it."""


@dataclass(frozen=True)
class Target:
    """Something that reads files.

    Attributes:
        name: of the format or artifact.
        make: fills a folder with small valid files.
        read: reads them.
        forge: puts digests right after a file was changed.
    """

    name: str
    make: Callable[[Path], object]
    read: Callable[[Path], object]
    forge: Callable[[Path], object] = nothing


@dataclass(frozen=True)
class Finding:
    """An input that does what none may do.

    Attributes:
        target: that read it.
        file: that was damaged, in the target's folder.
        content: of the damaged file.
        problem: what happened.
    """

    target: str
    file: str
    content: bytes
    problem: str


class Workspace:
    """A target's files in a folder of their own, put back before each trial."""

    def __init__(self, target: Target, folder: Path) -> None:
        self.target, self.folder = target, folder
        target.make(folder)
        self.seeds = {
            p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
        }
        self.names = sorted(self.seeds)

    def damaged(self, rng: Random) -> tuple[str, bytes]:
        """One of the files, and a damaged content for it."""
        name = rng.choice(self.names)
        return name, mutated(self.seeds[name], name, rng)

    def trial(self, name: str, content: bytes) -> Finding | None:
        """Read with one file damaged; None where all is well."""
        self.restore()
        (self.folder / name).write_bytes(content)
        self.target.forge(self.folder)
        try:
            with _limited(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.target.read(self.folder)
        except AnchorEvalError as error:
            lines = str(error).splitlines()
            return None if len(lines) == 1 else Finding(self.target.name, name, content, f"not one line: {lines[:3]}")
        except TooSlowError:
            return Finding(self.target.name, name, content, f"took more than {SLOWEST:g} seconds")
        except Exception as error:
            return Finding(self.target.name, name, content, f"{type(error).__name__}: {str(error)[:200]}")
        return None

    def restore(self) -> None:
        """Put every file back."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for name, content in self.seeds.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


@contextmanager
def _limited() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SLOWEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def import_folder(name: str, folder: Path) -> Any:
    """What `job=import` makes of a folder, up to the matrix; where nothing is recognised, each file is read all the
    same, as one that was recognised by its beginning might be."""
    units, left = find_units(folder, name)
    if not units:
        units = [Unit(name, path, path.stat().st_size) for path in sorted(folder.rglob("*")) if path.is_file()]
    into = folder.with_name(f"{folder.name}-into")
    staging = into.with_name(f".{into.name}.import.tmp")
    try:
        return read_units(units, left, into, "fuzz", "micro", ReadOptions(), Policies(), 1, "skip")
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def targets(raw: Path | None = None) -> dict[str, Target]:
    """All targets by name; with the folder of real originals, these as well."""
    found = {name: Target(name, make, partial(import_folder, name)) for name, make in FORMATS.items()}
    found |= {name: Target(name, make, read, forge) for name, (make, read, forge) in ARTIFACTS.items()}
    if raw is not None and raw.is_dir():
        for name in ORIGINALS:
            copy = partial(copy_originals, name, raw)
            found[f"{name}_original"] = Target(f"{name}_original", partial(_filled, copy), partial(import_folder, name))
    return found


def _filled(copy: Callable[[Path], None], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    copy(folder)
