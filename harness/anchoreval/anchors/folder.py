"""An anchor set's folder: one JSON document and at most three Parquet files, which need no code of ours to be read.

```
<folder>/anchors.json     the anchors and how they were made; SHA-256 of the files below and of itself
         source.parquet   what the source models answered on the anchors, their roles and full scores
         state.parquet    what the attached estimator learnt
         residuals.parquet  what it got wrong on sources, where none was set aside to measure that
```

The folder is written as a whole. Nothing in it is or names code: reading one from a stranger runs nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from anchoreval.anchors.document import document_of, source_items
from anchoreval.anchors.residuals import read_residuals, residual_bytes
from anchoreval.anchors.sources import read_sources, source_bytes
from anchoreval.anchors.state import State, read_state, state_bytes
from anchoreval.atomic import replacing_folder, write_bytes, write_json
from anchoreval.errors import AnchorSetError, ResponseDataError
from anchoreval.responses import ResponseMatrix
from anchoreval.schema import one_line, read_document, refuse_executable, sealed
from anchoreval.tables import item_table

if TYPE_CHECKING:
    from anchoreval.anchors.anchor_set import AnchorSet

DOCUMENT, SOURCE, STATE, RESIDUALS = "anchors.json", "source.parquet", "state.parquet", "residuals.parquet"


@dataclass(frozen=True, eq=False)
class FolderParts:
    """What a folder holds, checked."""

    document: Mapping[str, Any]
    sources: ResponseMatrix | None = None
    roles: pd.Series[Any] | None = None
    groups: pd.Series[Any] | None = None
    state: State | None = None
    residuals: pd.DataFrame | None = None


def write_folder(anchors: AnchorSet, folder: Path) -> None:
    """Write an anchor set into `folder`, replacing the one that is there.

    Raises:
        AnchorSetError: the folder holds something that is no anchor set, or something cannot be written.
    """
    if folder.exists() and not (folder / DOCUMENT).is_file() and not (folder.is_dir() and not any(folder.iterdir())):
        raise AnchorSetError(f"{folder}: is there already and is no anchor set; name a new folder")
    files = {}
    if anchors.sources is not None:
        files[SOURCE] = source_bytes(anchors.sources, anchors.roles, anchors.groups)
    if anchors.state is not None:
        files[STATE] = state_bytes(anchors.state)
    if anchors.residuals is not None:
        files[RESIDUALS] = residual_bytes(anchors.residuals)
    try:
        document = document_of(anchors, {name: hashlib.sha256(data).hexdigest() for name, data in files.items()})
        refuse_executable(document, folder / DOCUMENT, AnchorSetError)
        with replacing_folder(folder) as new:
            for name, data in files.items():
                write_bytes(new / name, data)
            write_json(new / DOCUMENT, sealed(document))
    except OSError as error:
        raise AnchorSetError(f"{error.filename or folder}: cannot be written: {error.strerror}") from error
    except (TypeError, ValueError) as error:
        raise AnchorSetError(f"{folder / DOCUMENT}: cannot be written: {one_line(error)}") from error


def read_folder(folder: Path) -> FolderParts:
    """Read and check the parts of an anchor set.

    Raises:
        AnchorSetError: one line that names the file at fault.
    """
    path = folder / DOCUMENT
    document = read_document(path, "anchors", AnchorSetError)
    refuse_executable(document, path, AnchorSetError)
    _check_anchors(path, document)
    data = {name: _checked_bytes(folder / name, digest) for name, digest in document["files"].items()}
    if (SOURCE in data) != (document["sources"] is not None):
        raise AnchorSetError(f"{path}: says of {SOURCE} both that it is there and that it is not")
    state = read_state(folder / STATE, data[STATE]) if STATE in data else None
    if SOURCE not in data:
        return FolderParts(document, state=state)
    sources, roles, groups = _sources(folder, document, data[SOURCE])
    residuals = read_residuals(folder / RESIDUALS, data[RESIDUALS], sources) if RESIDUALS in data else None
    return FolderParts(document, sources, roles, groups, state, residuals)


def _check_anchors(path: Path, document: Mapping[str, Any]) -> None:
    anchors = document["anchors"]
    seen: set[str] = set()
    for anchor in anchors:
        if anchor["item"] in seen:
            raise AnchorSetError(f"{path}: item {anchor['item']!r} stands twice")
        seen.add(anchor["item"])
        if ("inclusion" in anchor) != ("inclusion" in anchors[0]):
            raise AnchorSetError(f"{path}: item {anchor['item']!r} and the first one differ in having an inclusion")
    total = float(np.sum([anchor["weight"] for anchor in anchors]))
    if abs(total - 1.0) > 1e-6:
        raise AnchorSetError(f"{path}: the anchors' weights sum to {total:.6g}, not 1")
    if document["unit"] == "item" and document["k"] != len(anchors):
        raise AnchorSetError(f"{path}: k is {document['k']}, there are {len(anchors)} anchors")


def _checked_bytes(path: Path, digest: str) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise AnchorSetError(f"{path}: there is no such file") from None
    except OSError as error:
        raise AnchorSetError(f"{path}: cannot be read: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise AnchorSetError(f"{path}: damaged or edited: it does not match the digest in {DOCUMENT}")
    return data


def _sources(
    folder: Path, document: Mapping[str, Any], data: bytes
) -> tuple[ResponseMatrix, pd.Series[Any] | None, pd.Series[Any] | None]:
    try:
        items, weights = source_items(document)
        items = item_table(items, len(items))
    except (KeyError, ValueError, ResponseDataError) as error:
        raise AnchorSetError(f"{folder / DOCUMENT}: its anchors are not items: {one_line(error)}") from error
    attributes = {"name": document["benchmark"]["name"], **document["sources"]}
    sources, roles, groups = read_sources(folder / SOURCE, data, items, weights, attributes)
    if sources.n_models != document["sources"]["models"] or (roles is not None) != document["sources"]["roles"]:
        raise AnchorSetError(f"{folder / SOURCE}: its models or roles are not those that {DOCUMENT} tells of")
    return sources, roles, groups
