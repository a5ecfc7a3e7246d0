"""The optional tables of items and models beside tidy responses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import IntArray
from anchoreval.errors import ResponseDataError
from anchoreval.importers.columns import identifiers, numbers, refuse_near_misses, require
from anchoreval.importers.table_files import Table, TableSource, read_table
from anchoreval.tables import ITEM_COLUMNS, MODEL_COLUMNS, item_table, model_table

ITEM_TEXTS = ("item", "task", "subject", "text", "options", "doc_hash", "label_status")
MODEL_TEXTS = ("model", "base_model", "family", "released", "prompt", "run")
ITEM_NUMBERS = ("position", "doc_id", "cost")
WHOLE = ("position", "doc_id")


def models_listed(source: TableSource, answering: Sequence[str]) -> tuple[pd.DataFrame, str]:
    """The model table without models that gave no answers, and what to call it.

    Raises:
        ResponseDataError: naming the row: an id that is missing or stands twice, a number that is none or outside its
            range; or the column that is a known one misspelt.
    """
    table = read_table(source, "models", ("model",), MODEL_TEXTS)
    scores = [name for name in table.frame if str(name).startswith("full_score")]
    frame = _identified(table, "model", MODEL_COLUMNS, [str(name) for name in scores])
    with naming(table):
        frame = model_table(frame, len(frame))
    return frame[frame.index.isin(answering)], table.label


def items_listed(source: TableSource, answers: Table) -> tuple[pd.DataFrame, str]:
    """The item table with the responses' subjects, and what to call it (errors as for `models_listed`)."""
    table = read_table(source, "items", ("item",), ITEM_TEXTS)
    frame = _identified(table, "item", ITEM_COLUMNS, ITEM_NUMBERS)
    if "options" in frame:
        options = [_options(table, row, value) for row, value in enumerate(frame["options"])]
        frame["options"] = pd.Series(options, index=frame.index, dtype=object)
    if "subject" in answers.frame:
        _add_subjects(frame, table, answers)
    with naming(table):
        return item_table(frame, len(frame)), table.label


def items_in_responses(answers: Table) -> pd.DataFrame:
    """The item table that the responses themselves make: ids in order of appearance, and subjects where given."""
    codes, ids = identifiers(answers, "item")
    index = pd.Index(ids, dtype=object)
    subjects = {"subject": _subjects(answers, codes, ids)} if "subject" in answers.frame else {}
    with naming(answers):
        return item_table(pd.DataFrame(subjects, index=index), len(ids))


@contextmanager
def naming(table: Table) -> Iterator[None]:
    """Put the table's name before complaints that already name the model or the item."""
    try:
        yield
    except ResponseDataError as error:
        text = str(error)
        raise ResponseDataError(text if table.label in text else f"{table.label}: {text}") from error


def _identified(table: Table, key: str, known: Sequence[str], numeric: Sequence[str]) -> pd.DataFrame:
    """The table indexed by unique ids, its numbers checked row by row."""
    require(table, key)
    refuse_near_misses(table, (key, *known))
    codes, ids = identifiers(table, key)
    if len(ids) < len(codes):
        row = int(np.argmax(pd.Series(codes).duplicated()))
        table.refuse(row, f"{key} {ids[codes[row]]!r} stands twice")
    frame = table.frame.drop(columns=key)
    for name in numeric:
        if name in frame:
            values = numbers(table, name)
            whole = name in WHOLE and bool(np.all(values == np.round(values)))
            frame[name] = values.astype(np.int64) if whole else values
    frame.index = pd.Index(ids, dtype=object, name=key)
    return frame


def _subjects(answers: Table, codes: IntArray, ids: Sequence[str]) -> list[str]:
    """By item, the subject that the responses give it; a row that gives another is refused."""
    subject_codes, subjects = identifiers(answers, "subject")
    first = np.empty(len(ids), dtype=np.int64)
    first[codes[::-1]] = subject_codes[::-1]  # the last assignment to an item is its first row
    differs = subject_codes != first[codes]
    if differs.any():
        row = int(np.argmax(differs))
        given, before = subjects[subject_codes[row]], subjects[first[codes[row]]]
        answers.refuse(row, f"item {ids[codes[row]]!r} has subject {given!r}, in an earlier row {before!r}")
    return [subjects[code] for code in first]


def _add_subjects(frame: pd.DataFrame, table: Table, answers: Table) -> None:
    """Take the responses' subjects where the item table has none, and refuse those that it contradicts."""
    codes, ids = identifiers(answers, "item")
    given = pd.Series(_subjects(answers, codes, ids), index=ids, dtype=object)
    if "subject" not in frame:
        frame["subject"] = given.reindex(frame.index)
        return
    known = frame["subject"].reindex(given.index)
    differs = (known.notna() & (known.astype(str) != given)).to_numpy()
    if differs.any():
        row = int(np.argmax(differs[codes]))
        item = ids[codes[row]]
        answers.refuse(row, f"item {item!r} has subject {given[item]!r}, in {table.label} {str(known[item])!r}")


def _options(table: Table, row: int, value: Any) -> list[str] | None:
    """An item's options as a list of texts; a text is read as a JSON list."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = False
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    if not isinstance(value, list | tuple | np.ndarray):
        table.refuse(row, "options are neither a list nor a JSON list")
    return [str(option) for option in value]
