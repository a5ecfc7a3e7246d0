"""Which of a row's metrics is the score, and its value: lm-eval writes all that a task has beside one another.

Rows name their metrics in `metrics`; older ones hold them beside their known keys and nowhere else. A score must be one
number in [0, 1] a document. Left out are therefore pairs and lists (`f1`, `mcc`, `brier_score`, perplexities, the
instruction-level accuracies of IFEval), texts and numbers outside [0, 1].
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from anchoreval.errors import ResponseDataError

ROW_KEYS = frozenset(
    (
        *("doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics"),
        *("doc_hash", "prompt_hash", "target_hash"),
    )
)
"""Keys of a row that are no metrics."""
USUAL = ("acc", "exact_match")
"""The metrics that are the score, in this order, where the user names none."""
LISTED = 12
_WORDS = {"true": 1.0, "false": 0.0}


def chosen_metric(row: Mapping[str, Any], wanted: str | None, where: str) -> str | None:
    """The metric that is the score: the one that is wanted, else the first of `USUAL`, else the only one there is.

    Args:
        row: the first row of a filter.
        wanted: by the user.
        where: of the row, for messages.

    Returns:
        Its name; None where the user wants none in particular and no metric can be a score.

    Raises:
        ResponseDataError: the wanted one is not there, or there are several and none is usual; lists them.
    """
    names = metric_names(row)
    if wanted is not None:
        if wanted not in names:
            raise ResponseDataError(f"{where}: has no metric {wanted!r} (it has {listed(names) or 'none'})")
        return wanted
    possible = [name for name in names if _can_be_score(row[name])]
    if usual := next((name for name in USUAL if name in possible), None):
        return usual
    if len(possible) > 1:
        raise ResponseDataError(f"{where}: has several metrics, name the one that is the score: {listed(possible)}")
    return possible[0] if possible else None


def metric_names(row: Mapping[str, Any]) -> list[str]:
    """Names of the metrics that a row holds."""
    named = row.get("metrics")
    if isinstance(named, list):
        return [name for name in named if isinstance(name, str) and name in row and name not in ROW_KEYS]
    return [name for name in row if name not in ROW_KEYS]


def score(value: Any) -> float:
    """A metric's value as a score in [0, 1]; NaN where it is null or NaN: the document was not judged.

    True and false are 1 and 0, and texts of numbers and of truth values, which some versions write, are what they say.

    Raises:
        ValueError: it is no number in [0, 1].
    """
    found = _number(value)
    if not (0.0 <= found <= 1.0 or math.isnan(found)):
        raise ValueError(f"{shortened(value)} is outside [0, 1]")
    return found


def listed(names: list[str]) -> str:
    """Names in quotes, the first dozen of them."""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(shortened(name) for name in names[:LISTED]) + more


def shortened(value: Any) -> str:
    """A value from a file as messages quote it."""
    text = repr(value[:60] if isinstance(value, str) else value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _can_be_score(value: Any) -> bool:
    try:
        score(value)
    except ValueError:
        return False
    return True


def _number(value: Any) -> float:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None:
        return math.nan
    if isinstance(value, str) and (word := _WORDS.get(value.lower())) is not None:
        return word
    if isinstance(value, int | float | str):  # a bool is an int
        try:
            return float(value)
        except (ValueError, OverflowError):
            pass
    raise ValueError(f"{shortened(value)} is not a number in [0, 1]")
