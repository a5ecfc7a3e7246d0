"""What readers of records ask of several fields together: an item's texts and hash, the metric, the stated score."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from anchoreval.errors import ResponseDataError
from anchoreval.importers.entries import prose, sequence, shown
from anchoreval.importers.imported import ReadOptions

ROUNDING = 1e-3
"""How far a score that a source states may be from the mean of its answers."""


def wording(value: Any, where: str) -> str:
    """A text by which an item is known.

    Raises:
        ResponseDataError: it is blank or no text.
    """
    text = prose(value)
    if text is None or not text.strip():
        raise ResponseDataError(f"{where}: {shown(value)} is not a text")
    return text


def listed_texts(value: Any, where: str) -> list[str] | None:
    """A list of texts, numbers among them as text; None where it is missing.

    Raises:
        ResponseDataError: it is no list, or holds lists or objects.
    """
    if value is None:
        return None
    for entry in sequence(value, where):
        if isinstance(entry, list | dict):
            raise ResponseDataError(f"{where}: {shown(entry)} is not a text")
    return [entry if isinstance(entry, str) else json.dumps(entry) for entry in value]


def document_hash(*parts: str | Sequence[str]) -> str:
    """SHA-256 of an item's texts, by which it is known whatever number it has."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def refuse_other_metric(options: ReadOptions, task: str, metric: str, where: Path) -> None:
    """Raise ResponseDataError where the user asked for a metric of a source that has one only."""
    if (asked := options.metric_of(task)) not in (None, metric):
        raise ResponseDataError(f"{where}: task {task!r} has no metric {asked!r} (it has {metric!r})")


def agreed(stated: float | None, mean: float, where: str) -> float | None:
    """The stated score.

    Raises:
        ResponseDataError: the mean of the answers is another; names both.
    """
    if stated is not None and not abs(stated - mean) <= ROUNDING:
        raise ResponseDataError(f"{where}: states a score of {stated:.4f}, its answers have a mean of {mean:.4f}")
    return stated
