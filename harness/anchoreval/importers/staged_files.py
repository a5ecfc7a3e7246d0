"""One unit's runs in one file: numbers as they are, then what they are, so that they can be written as they are read.

The file is blocks of float32, then a JSON document that names every block, its digest and its run, then that document's
length in 20 digits. An item table, which runs of many models share, is a Parquet file of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from anchoreval.errors import ResponseDataError, StoreError
from anchoreval.importers.imported import ImportedRun
from anchoreval.schema import one_line, plain

LENGTH = 20
"""Digits of the length with which a file ends."""


@dataclass(frozen=True)
class StagedRun:
    """Where a run stands.

    Attributes:
        file: that holds it.
        start: byte at which its numbers begin.
        facts: everything but the numbers and items.
    """

    file: Path
    start: int
    facts: Mapping[str, Any]

    @property
    def items(self) -> Path:
        """File of its item table."""
        return self.file.with_name(str(self.facts["items"]))


class StagedFile:
    """A file that is being written.

    Args:
        stream: open for writing, at its beginning.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._runs: list[dict[str, Any]] = []

    def add(self, run: ImportedRun, items: str) -> None:
        """Write a run, and remember what it is; `items` is the file of its item table.

        Raises:
            ResponseDataError: its provenance is no plain data.
            OSError: it cannot be written.
        """
        columns = [run.scores] if run.probabilities is None else [run.scores, *run.probabilities.T]
        data = np.ascontiguousarray(columns, dtype=np.float32).tobytes()
        place = {"start": self._stream.tell(), "columns": len(columns), "sha256": hashlib.sha256(data).hexdigest()}
        self._runs.append({**place, "items": items, **_facts(run)})
        self._stream.write(data)

    def begin_again(self) -> None:
        """Forget the runs that were written."""
        self._stream.seek(0)
        self._stream.truncate()
        self._runs.clear()

    def end(self, document: Mapping[str, Any]) -> None:
        """Write what the runs are, and `document` with it."""
        text = json.dumps({**document, "runs": self._runs}).encode()
        self._stream.write(text + f"{len(text):0{LENGTH}}".encode())


def read_ending(file: Path) -> tuple[dict[str, Any], list[StagedRun]]:
    """What a file's end says, and where its runs are.

    Raises:
        OSError, ValueError, KeyError, TypeError: it is damaged.
    """
    with file.open("rb") as stream:
        size = stream.seek(-LENGTH, 2)
        length = int(stream.read(LENGTH))
        stream.seek(size - length)
        document = json.loads(stream.read(length))
    return document, [StagedRun(file, int(facts.pop("start")), facts) for facts in document.pop("runs")]


def read_run(staged: StagedRun, items_of: Callable[[Path], pd.DataFrame]) -> ImportedRun:
    """A run that was set down; `items_of` reads a file of items.

    Raises:
        StoreError: the file is damaged.
    """
    facts = dict(staged.facts)
    try:
        items = items_of(staged.file.with_name(facts.pop("items")))
        columns, digest = int(facts.pop("columns")), facts.pop("sha256")
        data = _block(staged, 4 * len(items) * columns)
        if hashlib.sha256(data).hexdigest() != digest:
            raise ValueError("its numbers are not those that were written")
        values = np.frombuffer(data, dtype=np.float32).reshape(columns, len(items))
        probabilities = np.ascontiguousarray(values[1:].T) if columns > 1 else None
        source = Path(facts.pop("source"))
        return ImportedRun(items=items, scores=values[0], probabilities=probabilities, source=source, **facts)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{staged.file}: damaged: {one_line(error)}") from error


def _block(staged: StagedRun, size: int) -> bytes:
    with staged.file.open("rb") as stream:
        stream.seek(staged.start)
        return stream.read(size)


def _facts(run: ImportedRun) -> dict[str, Any]:
    names = ("model", "task", "metric", "replicate", "stated")
    kept: dict[str, Any] = {name: getattr(run, name) for name in names}
    try:
        given = {name: plain(dict(getattr(run, name)), name) for name in ("model_facts", "provenance")}
    except (TypeError, ValueError) as error:
        raise ResponseDataError(f"{run.source}: {error}") from error
    return {**kept, **given, "source": str(run.source)}
