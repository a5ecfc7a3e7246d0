"""The page's data as JSON that can stand inside HTML: columns rather than rows, rounded, nothing to execute.

Every `<`, `>` and `&` is written as an escape of JSON, so that no text can end the element it stands in, and NaN and
infinities, which JSON does not know, are null.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.power.report.pair_rule import PairRule
from anchoreval.reporting.board_page.content import BoardPage
from anchoreval.reporting.board_page.labels import labels, readable
from anchoreval.reporting.board_page.packing import packed

FIGURES = (
    *("score", "lower", "upper", "truth"),
    *("rank", "rank_lower", "rank_upper"),
    *("answered", "requests", "tokens", "seconds"),
)
"""Columns of the table of models that hold numbers."""
ANCHOR_FIGURES = ("weight", "difficulty", "discrimination")
DIGITS = 9
"""Decimals of scores: well below what an estimate can carry, and enough for a comparison to come out as in Python."""
SUBJECT_DIGITS = 4
ESCAPES = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"}


def embedded(data: object) -> str:
    """JSON that can stand inside a `<script type="application/json">`.

    Raises:
        ValueError: the data hold NaN or an infinity.
    """
    text = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return text.translate(ESCAPES)


def board_data(page: BoardPage) -> dict[str, Any]:
    """Plain data of the parts that the page's script shows."""
    models = page.models.index
    return {
        "level": page.level,
        "models": _models(page.models),
        "subjects": None if page.subjects is None else _subjects(page.subjects.reindex(models)),
        "pairs": None if page.pairs is None else _pairs(page.pairs, models),
        "anchors": _anchors(page.anchors),
        "answers": None if page.answers is None else packed(page.answers),
    }


def numbers(values: Iterable[Any], digits: int = DIGITS) -> list[float | None]:
    """Rounded figures, None where there is none; whole ones as integers, which are shorter."""
    column = pd.to_numeric(pd.Series(list(values), dtype=object), errors="coerce").to_numpy(dtype=np.float64)
    return [_shortest(value, digits) for value in column.tolist()]


def texts(values: Iterable[Any]) -> list[str | None]:
    """Readable texts, None where there is none."""
    return [readable(str(value)) if _known(value) else None for value in values]


def _shortest(value: float, digits: int) -> float | None:
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() else round(value, digits)


def _known(value: Any) -> bool:
    return value is not None and not (pd.api.types.is_scalar(value) and pd.isna(value))


def _models(models: pd.DataFrame) -> dict[str, Any]:
    columns: dict[str, Any] = {"name": labels(models.index)}
    columns |= {name: numbers(models[name]) for name in FIGURES if name in models}
    columns["extrapolating"] = [int(_known(value) and bool(value)) for value in models["extrapolating"]]
    columns |= {name: texts(models[name]) for name in ("family", "scored") if name in models}
    return columns


def _subjects(subjects: pd.DataFrame) -> dict[str, Any]:
    return {
        "name": labels(subjects.columns),
        "scores": [numbers(subjects.iloc[:, n], SUBJECT_DIGITS) for n in range(subjects.shape[1])],
    }


def _pairs(pairs: PairRule, models: pd.Index[Any]) -> dict[str, Any]:
    return {
        "half_width": numbers([pairs.half_width])[0],
        "precision": numbers([pairs.precision])[0],
        "kin_precision": numbers([pairs.kin_precision])[0],
        "levels": numbers(pairs.levels),
        "critical": [numbers(row) for row in np.asarray(pairs.critical, dtype=np.float64)],
        "expected": numbers(pairs.expected.reindex(models)),
        "alpha": numbers([pairs.alpha])[0],
    }


def _anchors(anchors: pd.DataFrame) -> dict[str, Any]:
    columns: dict[str, Any] = {"name": labels(anchors.index)}
    columns |= {name: numbers(anchors[name], 6) for name in ANCHOR_FIGURES if name in anchors}
    columns |= {name: texts(anchors[name]) for name in ("subject", "task", "doc_id") if name in anchors}
    if "text" in anchors:
        columns["text"] = [str(value) if _known(value) else None for value in anchors["text"]]
    if "options" in anchors:
        columns["options"] = [_options(value) for value in anchors["options"]]
    return columns


def _options(value: Any) -> list[str] | None:
    """An item's options; None where they are no list."""
    return [str(option) for option in value] if isinstance(value, list | tuple | np.ndarray) else None
