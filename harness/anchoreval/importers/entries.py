"""Values taken out of what strangers wrote, each either right or refused by the place it stands in."""

from __future__ import annotations

import math
from typing import Any

from anchoreval.errors import ResponseDataError

LONGEST_LABEL = 2_000
"""Characters of a name or id."""


def mapping(value: Any, where: str) -> dict[str, Any]:
    """The value as an object.

    Raises:
        ResponseDataError: it is none.
    """
    if not isinstance(value, dict):
        raise ResponseDataError(f"{where}: {shown(value)} is not an object")
    return value


def sequence(value: Any, where: str) -> list[Any]:
    """The value as a list.

    Raises:
        ResponseDataError: it is none.
    """
    if not isinstance(value, list):
        raise ResponseDataError(f"{where}: {shown(value)} is not a list")
    return value


def label(value: Any, where: str) -> str:
    """A name or an id: a text that is not empty, or a whole number.

    Raises:
        ResponseDataError: it is something else, or too long.
    """
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63:
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise ResponseDataError(f"{where}: {shown(value)} is not a name")
    if len(value) > LONGEST_LABEL:
        raise ResponseDataError(f"{where}: a name of {len(value):,} characters")
    return value


def number(value: Any, where: str) -> float:
    """A finite number, or NaN where there is none.

    Raises:
        ResponseDataError: it is something else: a text, a truth value, an infinity.
    """
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ResponseDataError(f"{where}: {shown(value)} is not a number")
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if math.isinf(found):
        raise ResponseDataError(f"{where}: {shown(value)} is not a finite number")
    return found


def score(value: Any, where: str) -> float:
    """A score in [0, 1], truth values being 1 and 0, or NaN where there is none.

    Raises:
        ResponseDataError: it is something else.
    """
    found = float(value) if isinstance(value, bool) else number(value, where)
    if found < 0.0 or found > 1.0:
        raise ResponseDataError(f"{where}: {found:g} is outside [0, 1]")
    return found


def prose(value: Any) -> str | None:
    """A text that is not empty, or None."""
    return value if isinstance(value, str) and value else None


def texts(value: Any) -> list[str] | None:
    """A list of texts that is not empty, or None."""
    if isinstance(value, list) and value and all(isinstance(entry, str) for entry in value):
        return value
    return None


def shown(value: Any) -> str:
    """A value as messages show it: in short."""
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value):,}"
    if isinstance(value, int) and abs(value) > 1 << 128:
        return "a huge whole number"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
