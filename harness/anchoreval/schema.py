"""JSON documents on disk: plain data going out, strictly read and checked against a schema coming in.

The schemas are files of the package (`schemas/*.json`), so that others can read our documents without our code.
"""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from anchoreval.errors import AnchorEvalError

LONGEST = 200
"""Characters of a schema's complaint that are shown: it may quote a whole document."""


def plain(value: Any, where: str) -> Any:
    """The value as JSON can hold it: NumPy numbers and arrays unwrapped, dates in ISO form, NaN as null.

    Raises:
        TypeError: the value, or something inside it, is not plain data; names where.
        ValueError: it is infinite.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return _finite(value, where)
    if isinstance(value, np.generic):
        return plain(value.item(), where)
    if isinstance(value, Mapping):
        return {str(key): plain(entry, f"{where}.{key}") for key, entry in value.items()}
    if value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, datetime.date):
        return _iso(value)
    if isinstance(value, np.ndarray | pd.Index | pd.Series):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(entry, f"{where}[{n}]") for n, entry in enumerate(value)]
    if isinstance(value, set | frozenset):
        return plain(sorted(value, key=str), where)
    raise TypeError(f"{where} is a {type(value).__name__}, not plain data")


def read_document(path: Path, schema: str, error: type[AnchorEvalError]) -> dict[str, Any]:
    """The JSON document at `path`, valid by the named schema.

    Args:
        path: of the file.
        schema: name of a file in `schemas/`, without `.json`.
        error: what to raise.

    Raises:
        error: one line that names the file, and the place in it: not there, not JSON, of an unknown schema version,
            or against the schema.
    """
    document = _parsed(path, error)
    known = load_schema(schema)
    version, ours = document.get("schema"), known["properties"]["schema"]["const"]
    if version != ours or isinstance(version, bool):
        raise error(f"{path}: schema version {json.dumps(version)[:40]} is unknown; this anchoreval reads {ours}")
    if complaint := _complaint(document, known):
        raise error(f"{path}: {complaint}")
    return document


@cache
def load_schema(name: str) -> Mapping[str, Any]:
    """A JSON schema of the package by name."""
    text = resources.files("anchoreval").joinpath("schemas", f"{name}.json").read_text(encoding="utf-8")
    schema: Mapping[str, Any] = json.loads(text)
    return schema


def refuse_executable(document: Any, path: Path, error: type[AnchorEvalError], where: str = "$") -> None:
    """Refuse a document in which a key could make a configuration system call something (`_target_` and its kin).

    Raises:
        error: naming the file and the place of the key.
    """
    if isinstance(document, Mapping):
        for key, value in document.items():
            if key.startswith("_") and key.endswith("_"):
                raise error(f"{path}: {where}: key {key!r} is an executable reference, which no artifact may hold")
            refuse_executable(value, path, error, f"{where}.{key}")
    elif isinstance(document, list):
        for n, value in enumerate(document):
            refuse_executable(value, path, error, f"{where}[{n}]")


def one_line(error: BaseException) -> str:
    """The message of another library's exception in one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _parsed(path: Path, error: type[AnchorEvalError]) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except FileNotFoundError:
        raise error(f"{path}: there is no such file") from None
    except OSError as failure:
        raise error(f"{path}: cannot be read: {failure.strerror}") from failure
    except (ValueError, RecursionError) as failure:
        raise error(f"{path}: is not a JSON document: {one_line(failure)}") from failure
    if not isinstance(document, dict):
        raise error(f"{path}: is not a JSON object")
    return document


def _refuse_constant(token: str) -> NoReturn:
    raise ValueError(f"{token} is no JSON number")


def _complaint(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str | None:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    found: Iterable[Any] = Draft202012Validator(schema).iter_errors(document)
    worst = best_match(found)
    if worst is None:
        return None
    message = " ".join(worst.message.split())
    return f"{worst.json_path}: {message if len(message) <= LONGEST else '... ' + message[-LONGEST:]}"


def _finite(value: float, where: str) -> float | None:
    if math.isinf(value):
        raise ValueError(f"{where} is infinite, which JSON cannot hold")
    return None if math.isnan(value) else value


def _iso(value: datetime.date) -> str:
    """`2024-01-31`, with the time of day only where there is one."""
    text = value.isoformat()
    return text.removesuffix("T00:00:00")
