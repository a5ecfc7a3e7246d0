"""Making a stored benchmark, and adding models to one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from anchoreval.atomic import replacing_folder
from anchoreval.errors import StoreError
from anchoreval.responses import ResponseMatrix
from anchoreval.store.answers import ModelAnswers, canonical, file_name, read_answers, read_header, write_answers
from anchoreval.store.items import DOCUMENT, RESPONSES, SharedPart, ordered_digest, read_shared, write_shared
from anchoreval.store.rows import model_rows
from anchoreval.tables import model_table

ON_CONFLICT = ("replace", "refuse")


@dataclass(frozen=True)
class Written:
    """What `write_benchmark` did: ids of models whose file is new, was replaced, or was there already."""

    added: tuple[str, ...]
    replaced: tuple[str, ...]
    unchanged: tuple[str, ...]


def write_benchmark(matrix: ResponseMatrix, folder: Path | str, *, on_conflict: str = "replace") -> Written:
    """Make a stored benchmark of a matrix, or add its models to one that is there.

    Models come in one by one, each atomically. A model that is there with the same data is left alone, its file
    untouched; one that is there with other data is replaced. The items may come in another order than the stored
    ones; the item table itself, the name and the provenance stay as they were written first. Where writing
    was cut short it can be repeated.

    Args:
        matrix: models and their answers; all items of the benchmark.
        folder: of the stored benchmark; made where it is missing.
        on_conflict: `replace` a model that is there with other data, or `refuse` it before anything is written.

    Returns:
        Which models were added, replaced, unchanged.

    Raises:
        StoreError: the folder holds another benchmark or something else; the data cannot be stored.
    """
    if on_conflict not in ON_CONFLICT:
        raise StoreError(f"on_conflict={on_conflict!r} is not one of {', '.join(ON_CONFLICT)}")
    folder = Path(folder)
    try:
        shared = _shared_part(matrix, folder)
        return _write_models(_in_order(matrix, shared, folder), shared.digest, folder, on_conflict)
    except OSError as error:
        raise StoreError(f"{error.filename or folder}: cannot be written: {error.strerror}") from error


def _shared_part(matrix: ResponseMatrix, folder: Path) -> SharedPart:
    """The shared part of the folder, made from the matrix where there is nothing yet."""
    if not (folder / DOCUMENT).exists():
        occupied = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
        if occupied and not (folder / DOCUMENT).exists():  # asked again: another process may have just put it there
            raise StoreError(f"{folder}: is not empty and holds no {DOCUMENT}; name a new folder")
        with suppress(FileExistsError), replacing_folder(folder, replace=False) as new:
            write_shared(matrix, new)  # another process may be first; then the checks below compare with its benchmark
    shared = read_shared(folder)
    _check_same(matrix, shared, folder)
    return shared


def _check_same(matrix: ResponseMatrix, shared: SharedPart, folder: Path) -> None:
    nothing = np.full((1, len(shared.items)), np.nan, np.float32)
    stored = shared.matrix(nothing, model_table(None, 1), None)
    where = f"{folder}: holds benchmark {shared.document['name']!r}"
    if matrix.items_digest != stored.items_digest:
        raise StoreError(f"{where}, not {matrix.name!r}: {_first_difference(matrix, stored)}")
    if "subject" in matrix.items and "subject" in shared.items:
        ours = matrix.items["subject"].reindex(shared.items.index)
        if (other := shared.items.index[(ours != shared.items["subject"]).to_numpy()]).size:
            raise StoreError(f"{where}, in which item {other[0]!r} has another subject than {ours[other[0]]!r}")
    if matrix.coverage and not _close(matrix.coverage, shared.coverage):
        raise StoreError(f"{where}, whose full scores are those of its items; the models to add have others")
    if (matrix.probabilities is not None) != shared.document["option_probabilities"]:
        has = "with" if shared.document["option_probabilities"] else "without"
        raise StoreError(f"{where} {has} option probabilities; the models to add are not so")


def _first_difference(matrix: ResponseMatrix, stored: ResponseMatrix) -> str:
    for ids, other, where in (
        (matrix.items.index, stored.items.index, "is not among its items"),
        (stored.items.index, matrix.items.index, "is among its items and not in the data to add"),
    ):
        if (alone := ids.difference(other, sort=False)).size:
            return f"item {alone[0]!r} {where}"
    hashed = ["doc_hash" in m.items for m in (matrix, stored)]
    if hashed[0] != hashed[1]:
        return f"its items have {'' if hashed[1] else 'no '}doc_hash, unlike the data to add"
    if all(hashed):
        ours = matrix.items["doc_hash"].reindex(stored.items.index).astype(str)
        differs = (ours != stored.items["doc_hash"].astype(str)).to_numpy()
        if differs.any():
            return f"item {stored.items.index[int(np.argmax(differs))]!r} has another doc_hash"
    return "its items have other weights (is the aggregation the same?)"


def _close(left: Any, right: Any) -> bool:
    return set(left) == set(right) and all(abs(left[name] - right[name]) < 1e-9 for name in left)


def _in_order(matrix: ResponseMatrix, shared: SharedPart, folder: Path) -> ResponseMatrix:
    """The matrix with its items in the stored order."""
    if ordered_digest(matrix.items) == shared.digest:
        return matrix
    if matrix.items.index.equals(shared.items.index):
        raise StoreError(f"{folder}: the digest of its items is not that of the same items in {matrix.name!r}")
    return matrix.subset(items=shared.items.index)


def _write_models(matrix: ResponseMatrix, digest: str, folder: Path, on_conflict: str) -> Written:
    rows = model_rows(matrix.models)
    paths = [folder / RESPONSES / file_name(row["model"]) for row in rows]
    if on_conflict == "refuse":
        for n, path in enumerate(paths):
            if path.exists() and read_header(path).digest != _answers(matrix, rows[n], digest, n).digest:
                raise StoreError(f"{path}: model {rows[n]['model']!r} is there already, with other data")
    done: dict[str, list[str]] = {"added": [], "replaced": [], "unchanged": []}
    for n, path in enumerate(paths):
        done[_write_one(path, _answers(matrix, rows[n], digest, n))].append(rows[n]["model"])
    return Written(**{what: tuple(ids) for what, ids in done.items()})


def _answers(matrix: ResponseMatrix, row: dict[str, Any], digest: str, n: int) -> ModelAnswers:
    probabilities = None if matrix.probabilities is None else canonical(matrix.probabilities[n])
    return ModelAnswers(row, digest, canonical(matrix.scores[n]), probabilities)


def _write_one(path: Path, answers: ModelAnswers) -> str:
    there = path.exists()
    with suppress(StoreError):  # a damaged file is replaced
        if there and read_answers(path).digest == answers.digest:
            return "unchanged"
    write_answers(path, answers)
    return "replaced" if there else "added"
