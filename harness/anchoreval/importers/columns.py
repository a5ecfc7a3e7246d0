"""Columns of imported tables as arrays, and complaints that name the row."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import BoolArray, Float64Array, IntArray
from anchoreval.errors import ResponseDataError
from anchoreval.importers.table_files import MISSING_TEXT, Table

BOOLEANS = {"true": 1.0, "false": 0.0}


def require(table: Table, *names: str) -> None:
    """Raise ResponseDataError that names the first of these columns which the table lacks."""
    for name in names:
        if name not in table.frame:
            there = ", ".join(map(repr, table.frame.columns[:12]))
            raise ResponseDataError(f"{table.label}: has no column {name!r} (it has {there})")


def refuse_unknown(table: Table, known: Sequence[str], prefixes: Sequence[str]) -> None:
    """Raise ResponseDataError that names a column which is neither known nor begins with one of the prefixes."""
    for name in table.frame.columns:
        if name not in known and not name.startswith(tuple(prefixes)):
            close = difflib.get_close_matches(name, [*known, *prefixes], n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            allowed = ", ".join([*known, *(f"{prefix}*" for prefix in prefixes)])
            raise ResponseDataError(f"{table.label}: unknown column {name!r} ({hint}known are {allowed})")


def refuse_near_misses(table: Table, known: Sequence[str]) -> None:
    """Raise ResponseDataError that names a column which is a known one misspelt; other columns are carried along."""
    for name in table.frame.columns:
        if name not in known and not name.startswith("full_score/"):
            for meant in known:
                if _is_misspelt(name, meant):
                    raise ResponseDataError(f"{table.label}: column {name!r}: did you mean {meant!r}?")


def identifiers(table: Table, name: str) -> tuple[IntArray, list[str]]:
    """A column of ids as codes and labels: (rows,) codes into the labels, which are in order of appearance.

    Whole numbers become their digits.

    Raises:
        ResponseDataError: naming a row without an id, or with a list or an object for one.
    """
    column = table.frame[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, order = pd.factorize(column.cat.codes.to_numpy())
        values = [None if code < 0 else column.cat.categories[int(code)] for code in order]
    else:
        if column.dtype == object:
            _refuse_containers(table, name)
        codes, unique = pd.factorize(column, use_na_sentinel=False)
        values = list(unique)
    texts = [_id_text(value) for value in values]
    if None in texts or "" in texts:
        lacking = [n for n, text in enumerate(texts) if not text]
        table.refuse(int(np.argmax(np.isin(codes, lacking))), f"no {name}")
    merged, labels = pd.factorize(np.array(texts, dtype=object))  # 1 and "1" are one id
    return np.asarray(merged[codes], dtype=np.int64), [str(label) for label in labels]


def numbers(table: Table, name: str) -> Float64Array:
    """A column of numbers: NaN where missing, 1 and 0 for true and false.

    Raises:
        ResponseDataError: naming the first row whose value is not a number.
    """
    column = table.frame[name]
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_complex_dtype(column.dtype):
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    values = column.astype(object)
    texts = values.map(lambda value: value.strip() if isinstance(value, str) else value)
    missing = texts.isna() | texts.isin(MISSING_TEXT)
    parsed = pd.to_numeric(texts.map(_boolean).where(texts.map(_is_scalar)), errors="coerce").astype(np.float64)
    wrong: BoolArray = (parsed.isna() & ~missing).to_numpy(dtype=np.bool_)
    if wrong.any():
        row = int(np.argmax(wrong))
        table.refuse(row, f"{name} {_short(values.iloc[row])} is not a number")
    return np.asarray(parsed, dtype=np.float64)


def _refuse_containers(table: Table, name: str) -> None:
    odd = table.frame[name].map(lambda value: isinstance(value, list | dict | np.ndarray)).to_numpy(dtype=np.bool_)
    if odd.any():
        row = int(np.argmax(odd))
        table.refuse(row, f"{name} {_short(table.frame[name].iloc[row])} is no id")


def _id_text(value: Any) -> str | None:
    if value is None or value is pd.NA or value != value:
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _boolean(value: Any) -> Any:
    return BOOLEANS.get(value.lower(), value) if isinstance(value, str) else value


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | bool | int | float | np.number | np.bool_)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _is_misspelt(name: str, meant: str) -> bool:
    """Whether two names differ by case, separators or a plural, or by one slip of the finger in a word of five or more.

    Words that are shorter have too many honest neighbours (text and test).
    """
    plain = ["".join(c for c in word.lower() if c.isalnum()).removesuffix("s") for word in (name, meant)]
    if plain[0] == plain[1]:
        return True
    if len(meant) < 5:
        return sorted(name) == sorted(meant)
    return _one_slip(name.lower(), meant)


def _one_slip(name: str, meant: str) -> bool:
    """Whether one letter is missing, too many or another, or two neighbours have changed places."""
    if abs(len(name) - len(meant)) > 1:
        return False
    start = next((n for n, (a, b) in enumerate(zip(name, meant, strict=False)) if a != b), min(len(name), len(meant)))
    left, right = name[start:], meant[start:]
    swapped = right[1:2] + right[:1] + right[2:]
    return left in (right[1:], swapped) or left[1:] in (right, right[1:])
