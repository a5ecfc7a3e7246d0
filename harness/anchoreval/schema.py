"""JSON documents on disk: plain data going out, strictly read and checked against a schema coming in.

The schemas are files of the package (`schemas/*.json`), so that others can read our documents without our code. A
document may carry a digest of itself (`digest`: SHA-256 of the rest, with sorted keys, no blanks, ASCII only): one that
does is checked against it, whatever else is written in the same way and without one is read all the same.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from anchoreval.errors import AnchorEvalError

LONGEST = 200
"""Characters of a schema's complaint that are shown: it may quote a whole document."""
LARGEST = 1 << 26
"""Bytes of a document."""
DEEPEST = 100
"""Objects and lists inside one another: less than what Python's own recursion bears."""
DIGEST = "digest"


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


def sealed(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with the digest of itself.

    Raises:
        ValueError: it holds NaN or an infinity.
        TypeError: it holds something that is not plain data.
    """
    return {**document, DIGEST: _digest(document)}


def read_document(
    path: Path,
    schema: str,
    error: type[AnchorEvalError],
    *,
    update: Callable[[dict[str, Any]], dict[str, Any]] = dict,
) -> dict[str, Any]:
    """The JSON document at `path`, valid by the named schema.

    Args:
        path: of the file.
        schema: name of a file in `schemas/`, without `.json`.
        error: what to raise.
        update: brings a document of an older version up to date, before it is compared with the schema.

    Raises:
        error: one line that names the file, and the place in it: not there, not JSON, damaged, of an unknown schema
            version, or against the schema.
    """
    document = _parsed(path, error)
    edited = DIGEST in document and document[DIGEST] != _digest(document)
    document = update(document)
    known = load_schema(schema)
    version, ours = document.get("schema"), known["properties"]["schema"]["const"]
    if version != ours or isinstance(version, bool):
        raise error(f"{path}: schema version {json.dumps(version)[:40]} is unknown; this anchoreval reads {ours}")
    if complaint := _complaint(document, known):
        raise error(f"{path}: {complaint}")
    if edited:
        raise error(f"{path}: damaged or edited: it does not match the digest that it carries")
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


def single_keys(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """The object that JSON's keys and values make (an `object_pairs_hook`).

    Raises:
        ValueError: a key stands twice; the parser would keep its last value without a word.
    """
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for n, key in enumerate(keys) if key in keys[:n])
        raise ValueError(f"key {twice[:80]!r} stands twice in one object")
    return made


def one_line(error: BaseException) -> str:
    """The message of another library's exception in one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _parsed(path: Path, error: type[AnchorEvalError]) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise error(f"{path}: is larger than the {LARGEST:,} bytes that are read of a document")
        document = json.loads(
            data.decode(), parse_constant=_refuse_constant, parse_float=_number, object_pairs_hook=single_keys
        )
        if rb"\u" in data:
            json.dumps(document, ensure_ascii=False).encode()  # fails on half a surrogate pair, which is no text
    except FileNotFoundError:
        raise error(f"{path}: there is no such file") from None
    except OSError as failure:
        raise error(f"{path}: cannot be read: {failure.strerror}") from failure
    except (ValueError, RecursionError) as failure:
        raise error(f"{path}: is not a JSON document: {one_line(failure)}") from failure
    if not isinstance(document, dict):
        raise error(f"{path}: is not a JSON object")
    if _is_deep(document):
        raise error(f"{path}: is nested too deeply, in more than {DEEPEST} levels")
    return document


def _is_deep(document: Any) -> bool:
    level = [document]
    for _ in range(DEEPEST):
        containers = [value.values() if isinstance(value, dict) else value for value in level]
        level = [inner for values in containers for inner in values if isinstance(inner, dict | list)]
        if not level:
            return False
    return True


def _digest(document: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in document.items() if key != DIGEST}
    text = json.dumps(rest, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _number(token: str) -> float:
    value = float(token)
    if math.isinf(value):
        _refuse_constant(token[:40])
    return value


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
