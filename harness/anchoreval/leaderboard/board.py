"""A leaderboard's folder: the answers of every model, kept one by one, so that a refresh asks only for what is missing.

```
<folder>/answers/           a stored benchmark of the anchors: one file a model (`anchoreval.store`)
         requests.sqlite    answers to single requests, from which a killed run goes on
         locks/             one file a model: two refreshes at once never score the same one
         leaderboard.*      what readers want, written by the job
```

A model's file carries the identity that it was scored under. Another identity (other weights, another prompt) makes the
answers outdated, and the model is scored again. Locks are the operating system's and end with the process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from anchoreval.anchors import AnchorSet
from anchoreval.errors import AnchorSetError, StoreError
from anchoreval.responses import ResponseMatrix
from anchoreval.store import read_benchmark, write_benchmark
from anchoreval.store.answers import file_name, read_answers
from anchoreval.store.items import DOCUMENT, RESPONSES, read_shared
from anchoreval.tables import model_table

ANSWERS, LOCKS, REQUESTS = "answers", "locks", "requests.sqlite"
IDENTITY = "identity"
"""Column of a stored model: digest of what its answers depend on."""


@dataclass(frozen=True, eq=False)
class Board:
    """The folder of a leaderboard on one anchor set. Make it with `Board.at`.

    Attributes:
        folder: of the leaderboard.
        sources: what the anchor set keeps of its source models: the anchors as a part of the benchmark.
    """

    folder: Path
    sources: ResponseMatrix

    @classmethod
    def at(cls, folder: Path, anchors: AnchorSet) -> Board:
        """The board of these anchors in this folder; nothing is written yet.

        Raises:
            AnchorSetError: the anchors hold no source models to reconstruct from, or the folder's answers are to
                other anchors.
            StoreError: the folder holds something that is no leaderboard.
        """
        if anchors.sources is None:
            raise AnchorSetError(f"the anchors of {anchors.benchmark!r} hold no source models: nothing can be ranked")
        _refuse_foreign(folder)
        board = cls(folder, anchors.sources)
        if (folder / ANSWERS / DOCUMENT).exists():
            stored = set(read_shared(folder / ANSWERS).items.index)
            if other := [item for item in anchors.items if item not in stored] or len(stored) != len(anchors.items):
                which = f": item {other[0]!r} is not among them" if isinstance(other, list) else ""
                raise AnchorSetError(f"{folder / ANSWERS}: holds answers to other anchors{which}; name a new folder")
        return board

    def has(self, model: str, identity: str) -> bool:
        """Whether the model's answers are here, whole, and were given under this identity."""
        with suppress(StoreError):
            return bool(read_answers(self._path(model)).row["columns"].get(IDENTITY) == identity)
        return False

    def keep(self, answers: ResponseMatrix, identity: str, facts: Mapping[str, Any]) -> None:
        """Put the answers of one model here, atomically, with what is known of the model.

        Raises:
            StoreError: they cannot be written, or are not answers to these anchors.
        """
        row = pd.DataFrame({**facts, IDENTITY: identity}, index=answers.models.index)
        write_benchmark(self._stored(answers, row), self.folder / ANSWERS)

    def read(self, models: Sequence[str]) -> ResponseMatrix:
        """The answers of these models, in this order.

        Raises:
            StoreError: naming a file that is missing or damaged.
        """
        return read_benchmark(self.folder / ANSWERS, models=models)

    def digest(self, models: Iterable[str]) -> str:
        """SHA-256 of all answers of these models."""
        digest = hashlib.sha256()
        for model in sorted(models):
            digest.update(read_answers(self._path(model)).digest.encode())
        return digest.hexdigest()

    @contextmanager
    def locked(self, what: str, *, wait: bool) -> Iterator[bool]:
        """Hold the lock of a model, or of something else; gives False at once where another process has it.

        Raises:
            StoreError: the folder cannot be written.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / LOCKS / f"{file_name(what)}.lock")
        try:
            (self.folder / LOCKS).mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=-1 if wait else 0)
        except Timeout:
            yield False
            return
        except OSError as error:
            raise StoreError(f"{error.filename or self.folder}: cannot be written: {error.strerror}") from error
        try:
            yield True
        finally:
            lock.release()

    def _path(self, model: str) -> Path:
        return self.folder / ANSWERS / RESPONSES / file_name(model)

    def _stored(self, answers: ResponseMatrix, row: pd.DataFrame) -> ResponseMatrix:
        """The answers as a part of the anchors' benchmark; probabilities are kept where the sources have them."""
        part = answers.subset(items=self.sources.items.index)
        probabilities = None
        if self.sources.probabilities is not None:
            probabilities = _options(part, self.sources.probabilities)
        return ResponseMatrix(
            scores=part.scores,
            models=model_table(row, 1),
            items=self.sources.items,
            weights=self.sources.weights,
            probabilities=probabilities,
            name=self.sources.name,
            coverage=self.sources.coverage,
        )


def _refuse_foreign(folder: Path) -> None:
    """Leave a folder alone that holds something and was never a leaderboard's."""
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder}: is no folder")
    ours = {ANSWERS, LOCKS, REQUESTS, "leaderboard.json"}
    if folder.is_dir() and (names := {path.name for path in folder.iterdir()}) and not names & ours:
        raise StoreError(f"{folder}: is not empty and holds no leaderboard; name a new folder")


def _options(part: ResponseMatrix, like: Any) -> Any:
    """(1, anchors, options) probabilities, NaN where the model has none."""
    import numpy as np

    found = np.full((1, *like.shape[1:]), np.nan, dtype=np.float32)
    if part.probabilities is not None:
        count = min(found.shape[2], part.probabilities.shape[2])
        found[:, :, :count] = part.probabilities[:, :, :count]
    return found
