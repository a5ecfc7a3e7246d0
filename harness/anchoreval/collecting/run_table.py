"""One row a run: what was asked, how long it took, and with which versions.

The resolved configuration is flattened: `config.k`, `config.selector.name`, `config.compare.k` ... A column holds one
type: numbers or truth values where every run has one, else text, in which lists and mappings are JSON. Columns in which
no run says anything are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from anchoreval.collecting.found import FoundRun

FIRST = ("run", "job", "benchmark", "hash", "seconds")
"""Columns that every table of runs has."""


def run_table(runs: Sequence[FoundRun]) -> pd.DataFrame:
    """A row for each run in the given order, columns in alphabetical order after the first ones."""
    rows = [_row(run) for run in runs]
    names = sorted({name for row in rows for name in row} - set(FIRST))
    columns = {name: _column([row.get(name) for row in rows]) for name in (*FIRST, *names)}
    said = {name: column for name, column in columns.items() if name in FIRST or column.notna().any()}
    return pd.DataFrame(said).astype(dict.fromkeys(FIRST[:-1], "string") | {"seconds": "float64"})


def flattened(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The leaves of nested mappings by their dotted names; a list is a leaf, and an empty mapping says nothing."""
    if not isinstance(value, Mapping):
        yield name, value
        return
    for key, entry in value.items():
        yield from flattened(entry, f"{name}.{key}")


def _row(run: FoundRun) -> dict[str, Any]:
    timings = {str(part): float(taken) for part, taken in run.done.get("timings", {}).items()}
    return {
        "run": run.name,
        "job": run.job,
        "benchmark": run.benchmark,
        "hash": run.done["hash"],
        "seconds": round(sum(timings.values()), 3),
        **dict(flattened(timings, "seconds")),
        **dict(flattened(run.done.get("versions", {}), "version")),
        **dict(flattened(run.config, "config")),
    }


def _column(values: Sequence[Any]) -> pd.Series[Any]:
    """The values in the narrowest type that holds all of them."""
    known = [value for value in values if value is not None]
    if all(isinstance(value, bool) for value in known):
        return pd.Series(values, dtype="boolean")
    if all(isinstance(value, int) and not isinstance(value, bool) for value in known):
        return pd.Series(values, dtype="Int64")
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        return pd.Series(values, dtype="Float64")
    return pd.Series([_text(value) for value in values], dtype="string")


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
