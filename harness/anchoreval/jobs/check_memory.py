"""What is wrong with a memory of requests (`anchoreval.scoring.memory.request_memory`), found without writing to it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from anchoreval.schema import one_line
from anchoreval.scoring.memory.request_memory import VERSION

MOST = 20
"""Faults of one file that are told one by one."""


def memory_faults(path: Path) -> Iterator[tuple[Path, str]]:
    """The file and each thing that is wrong with it; every answer is read."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)) as memory:
            for n, problem in enumerate(_problems(memory)):
                if n == MOST:
                    yield path, "and more of the kind"
                    return
                yield path, problem
    except (sqlite3.Error, UnicodeDecodeError) as error:
        yield path, f"is damaged, or no SQLite file: {one_line(error)}"


def _problems(memory: sqlite3.Connection) -> Iterator[str]:
    for (told,) in memory.execute("PRAGMA integrity_check"):
        if told != "ok":
            yield f"is damaged: {' '.join(str(told).split())}"
    version = memory.execute("PRAGMA user_version").fetchone()[0]
    if version != VERSION:
        yield f"schema version {version} is unknown; this anchoreval reads {VERSION}"
        return
    for key, occurrence, value in memory.execute("SELECT key, occurrence, value FROM answers"):
        if not _is_json(value):
            yield f"the answer to request {str(key)[:16]!r} ({occurrence}) is no JSON"


def _is_json(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return False
    return True
