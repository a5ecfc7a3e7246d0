"""Fields of records from strangers: each is what it should be, or an error says where it is not.

Numbers are numbers: a text that looks like one is refused, because nobody knows what else its writer did. What is
missing is NaN and never zero.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from anchoreval.errors import ResponseDataError
from anchoreval.importers.imported import ReadOptions

SHOWN = 60
"""Characters of a wrong value that messages show."""
ROUNDING = 1e-3
"""How far a score that a source states may be from the mean of its answers."""


def mapping(value: Any, where: str) -> Mapping[str, Any]:
    """The value as an object of JSON.

    Raises:
        ResponseDataError: it is something else.
    """
    if not isinstance(value, dict):
        raise ResponseDataError(f"{where}: {shown(value)} is not an object")
    return value


def identifier(value: Any, where: str) -> str:
    """An id as text: a text that is not blank, or a whole number.

    Raises:
        ResponseDataError: it is missing, blank or something else.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise ResponseDataError(f"{where}: {shown(value)} is neither a text nor a whole number")
    return value


def number(value: Any, where: str) -> float:
    """A number; NaN where it is null or NaN, 1 and 0 for true and false.

    Raises:
        ResponseDataError: it is infinite, too large, or no number.
    """
    if value is None:
        return math.nan
    if not isinstance(value, int | float):
        raise ResponseDataError(f"{where}: {shown(value)} is not a number")
    try:
        given = float(value)
    except OverflowError:
        given = math.inf
    if math.isinf(given):
        raise ResponseDataError(f"{where}: {shown(value)} is no finite number")
    return given


def share(value: Any, where: str) -> float:
    """A number in [0, 1], or NaN where it is missing (errors as for `number`)."""
    given = number(value, where)
    if given < 0.0 or given > 1.0:
        raise ResponseDataError(f"{where}: {given:g} is outside [0, 1]")
    return given


def texts(value: Any, where: str) -> list[str] | None:
    """A list of texts, numbers among them as text; None where it is missing.

    Raises:
        ResponseDataError: it is no list, or holds lists or objects.
    """
    if value is None:
        return None
    if not isinstance(value, list) or any(isinstance(one, list | dict) for one in value):
        raise ResponseDataError(f"{where}: {shown(value)} is not a list of texts")
    return [one if isinstance(one, str) else json.dumps(one) for one in value]


def document_hash(*parts: str | Sequence[str]) -> str:
    """SHA-256 of an item's texts, by which it is known whatever number it has."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def shown(value: Any) -> str:
    """A value from a stranger as messages show it: short, and in one line."""
    if isinstance(value, list | dict):
        return f"{'a list' if isinstance(value, list) else 'an object'} of {len(value)}"
    text = repr(value[: SHOWN + 1]) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


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
