"""Digests: what a result depends on, in a few characters that are the same on every machine.

Runs and the cells of a comparison are named by them, so that whatever is kept is found again if, and only if, it would
come out the same.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.path_digests import content_of
from anchoreval.registry import method_name, method_options, provider
from anchoreval.responses import ResponseMatrix


def content_digest(matrix: ResponseMatrix) -> str:
    """SHA-256 of everything in a matrix that a result can depend on."""
    digest = hashlib.sha256(f"{matrix.items_digest}{sorted(matrix.coverage.items())}".encode())
    for table in (matrix.models, matrix.items):
        digest.update(table.to_json(orient="split", date_format="iso", double_precision=15).encode())
    for array in (matrix.scores, matrix.weights, matrix.probabilities):
        if array is not None:
            digest.update(f"{array.dtype}{array.shape}".encode())
            digest.update(array.tobytes())
    return digest.hexdigest()


def method_identity(kind: str, method: object) -> dict[str, Any]:
    """What decides the results of a method: name, options, and the package that provides it with its version.

    An option that names a file counts by the file's content. A method that is not registered is known by its class.

    Args:
        kind: selector, estimator or policy.
        method: the method.
    """
    name = method_name(method)
    options = method_options(method) if dataclasses.is_dataclass(method) else vars(method)
    made_by = provider(kind, name) or f"{type(method).__module__}:{type(method).__qualname__}"
    return {"name": name, "by": made_by, "options": {option: content_of(value) for option, value in options.items()}}


def canonical(value: Any) -> str:
    """The value as JSON with sorted keys; what JSON does not know counts by its content where it has one."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"))


def digest_of(*parts: Any) -> str:
    """24 hexadecimal digits of the SHA-256 of the parts in canonical form."""
    return hashlib.sha256(canonical(parts).encode()).hexdigest()[:24]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, set | frozenset):
        return sorted(canonical(entry) for entry in value)
    if isinstance(value, np.ndarray | pd.Index | pd.Series | pd.DataFrame):
        return [type(value).__name__, _plain(np.asarray(value).tolist())]
    if isinstance(value, Path):
        return content_of(str(value))
    if isinstance(value, ResponseMatrix):
        return content_digest(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [type(value).__name__, _plain(method_options(value))]
    return repr(value)
