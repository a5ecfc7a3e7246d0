"""Answers of models in one SQLite file, each on disk as soon as it is there.

One row an answer. The key is a digest of the model, the kind of request and its arguments; the occurrence number keeps
repeats of one request apart, so that sampled answers are never collapsed into one. Values are JSON and nothing else:
lm-eval's own caches hold pickles, which run code when they are read. Every answer is a transaction of its own, so a
kill loses only what was in flight, and several processes may read and write at once (write-ahead log).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Any, NoReturn, Self, TypeAlias

from anchoreval.errors import StoreError
from anchoreval.schema import one_line

VERSION = 1
PATIENCE = 60.0
"""Seconds to wait for another process that is writing."""
AT_ONCE = 400
"""Keys in one query: fewer than SQLite's smallest limit on parameters."""

Place: TypeAlias = tuple[str, int]
"""Key of a request, and how many times it was asked before in the same list of requests."""


class RequestMemory:
    """Answers by request; a context manager, open inside its `with` block only.

    Args:
        path: of the file, made (with its folder) where it is missing; None keeps the answers in this process.
    """

    def __init__(self, path: str | Path | None) -> None:
        self.path = None if path is None else Path(path)
        self._connection: sqlite3.Connection | None = None
        self._lock = RLock()

    def __enter__(self) -> Self:
        """Open the file.

        Raises:
            StoreError: it cannot be opened or written, is damaged, of an unknown version or somebody else's.
        """
        with self._named():
            if self.path is not None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            where = ":memory:" if self.path is None else str(self.path)
            # autocommit; one connection for all threads, behind the lock
            self._connection = sqlite3.connect(where, PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            with self._named():
                self._prepare(self._connection)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, story: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        """Number of answers kept."""
        return int(self._query("SELECT count(*) FROM answers")[0][0])

    def close(self) -> None:
        """Close the file; what was kept is on disk already."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def recall(self, places: Iterable[Place]) -> dict[Place, Any]:
        """The answers that are kept for these requests, as plain data.

        Raises:
            StoreError: the file cannot be read, or holds something else than JSON; names the file.
        """
        wanted = set(places)
        found: dict[Place, Any] = {}
        for keys in _chunks(sorted({key for key, _ in wanted})):
            marks = ",".join("?" * len(keys))
            rows = self._query(f"SELECT key, occurrence, value FROM answers WHERE key IN ({marks})", keys)
            found |= {(key, n): self._parsed(value) for key, n, value in rows if (key, n) in wanted}
        return found

    def keep(self, key: str, occurrence: int, answer: Any) -> None:
        """Put an answer on disk, unless there is one: the first stays, also where two processes asked the same.

        Args:
            key: of the request.
            occurrence: how many times the request was asked before.
            answer: plain data that strict JSON can hold.

        Raises:
            StoreError: the file cannot be written; names it.
            ValueError: the answer holds NaN or an infinity.
        """
        value = json.dumps(answer, allow_nan=False, separators=(",", ":"))
        self._query("INSERT OR IGNORE INTO answers VALUES (?, ?, ?)", (key, occurrence, value))

    def refuse(self, problem: str) -> NoReturn:
        """Raise the StoreError that says this of the file."""
        raise StoreError(f"{self.path or 'the memory of this process'}: {problem}")

    def _query(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._lock, self._named():
            if self._connection is None:
                self.refuse("is not open: use the memory in a with statement")
            return self._connection.execute(statement, values).fetchall()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # outlives a killed process, though not a power cut
        connection.execute("BEGIN IMMEDIATE")  # of several processes that find it new, one makes the table
        try:
            self._check_version(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _check_version(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if version == 0 and not tables:
            connection.execute(
                "CREATE TABLE answers (key TEXT NOT NULL, occurrence INTEGER NOT NULL, value TEXT NOT NULL,"
                " PRIMARY KEY (key, occurrence)) WITHOUT ROWID"
            )
            connection.execute(f"PRAGMA user_version = {VERSION}")
        elif version != VERSION or tables != {"answers"}:
            known = f"this anchoreval reads {VERSION}" if version != VERSION else "its tables are others"
            self.refuse(f"is no memory of answers of a known schema version (found {version}; {known})")

    def _parsed(self, value: Any) -> Any:
        if not isinstance(value, str):
            self.refuse(f"holds a value that is no text ({type(value).__name__}), and only JSON is read")
        try:
            return json.loads(value, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            self.refuse(f"holds a value that is no JSON: {one_line(error)}")

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except UnicodeDecodeError as error:  # of names in a damaged file, which messages would quote
            raise StoreError(f"{self.path}: is damaged: {one_line(error)}") from error
        except (sqlite3.Error, OSError) as error:
            damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
            problem = "is damaged, or no SQLite file" if damaged else "cannot be used"
            raise StoreError(f"{self.path or 'the memory of this process'}: {problem}: {one_line(error)}") from error


def _refuse_constant(token: str) -> NoReturn:
    raise ValueError(f"{token} is no JSON number")


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), AT_ONCE):
        yield keys[start : start + AT_ONCE]
