"""From older versions of the stored form to today's: one step a version, applied when a file is read.

Nothing on disk changes by reading; `rewrite_store` (and `job=check check.repair=true`) puts a store of an older version
on disk in today's form. Every file says its own version, so one that was rewritten by halves is read like any other.
A new version adds its number and one step here; a step takes plain data and knows nothing of the code of its day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anchoreval.errors import StoreError
from anchoreval.schema import DIGEST

VERSION = 1

Change = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Step:
    """What changes from one version to the next.

    Attributes:
        document: of benchmark.json, without its digest; the new version's number is put in afterwards.
        row: of the model's row in a response file.
    """

    document: Change = dict
    row: Change = dict


STEPS: dict[int, Step] = {}
"""By the version that a step starts from. There has been one version so far."""


def updated_document(path: Path, document: dict[str, Any]) -> dict[str, Any]:
    """benchmark.json in today's form; one of a version that is not known is left as it is.

    Raises:
        StoreError: naming the file, where it is not of the version that it says.
    """
    version = document.get("schema")
    if not isinstance(version, int) or isinstance(version, bool) or version not in STEPS:
        return document
    current = {key: value for key, value in document.items() if key != DIGEST}
    for number in range(version, VERSION):
        current = {**_changed(path, number, STEPS[number].document, current), "schema": number + 1}
    return current


def updated_version(path: Path, text: str) -> int:
    """The version of a response file from the words that it carries.

    Raises:
        StoreError: naming the file and both versions, where there is no way from one to the other.
    """
    known = {str(number): number for number in (*STEPS, VERSION)}
    if text not in known:
        raise StoreError(f"{path}: schema version {text[:40]!r} is unknown; this anchoreval reads {_read()}")
    return known[text]


def updated_row(path: Path, version: int, row: Mapping[str, Any]) -> dict[str, Any]:
    """The model's row of a response file in today's form (errors as for `updated_document`)."""
    current = dict(row)
    for number in range(version, VERSION):
        current = _changed(path, number, STEPS[number].row, current)
    return current


def _changed(path: Path, number: int, change: Change, data: dict[str, Any]) -> dict[str, Any]:
    try:
        return change(data)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise StoreError(f"{path}: damaged: is not of schema version {number} as it says ({reason})") from error


def _read() -> str:
    return ", ".join(map(str, sorted((*STEPS, VERSION))))
