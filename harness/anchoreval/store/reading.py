"""Reading stored benchmarks: all models or some, each file checked against the digest that it carries."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from anchoreval.errors import StoreError
from anchoreval.responses import ResponseMatrix
from anchoreval.schema import one_line
from anchoreval.store.answers import SUFFIX, Header, file_name, read_answers, read_header
from anchoreval.store.items import DOCUMENT, RESPONSES, SharedPart, read_shared
from anchoreval.store.rows import table_of

POCKET = "pocket"
THREADS = min(8, os.cpu_count() or 1)


def read_benchmark(folder: Path | str, *, models: Iterable[str] | None = None) -> ResponseMatrix:
    """Read a stored benchmark.

    Args:
        folder: of the stored benchmark.
        models: ids of the models wanted, in the order wanted; None reads all, sorted by id.

    Raises:
        StoreError: naming the file that is missing, damaged, of an unknown schema or of other items, or the model
            that is not there.
    """
    folder = Path(folder)
    shared = read_shared(folder)
    paths = response_paths(folder) if models is None else _named_paths(folder, models)
    if not paths:
        raise StoreError(f"{folder}: holds no responses{' yet' if models is None else ' of no models'}")
    headers = _parallel(read_header, paths)
    if models is None:
        order = sorted(range(len(paths)), key=lambda n: str(headers[n].row["model"]))
        paths, headers = [paths[n] for n in order], [headers[n] for n in order]
    _check_headers(paths, headers, shared)
    scores, probabilities = _arrays(paths, headers, len(shared.items))
    try:
        return shared.matrix(scores, table_of([header.row for header in headers]), probabilities)
    except (ValueError, TypeError, LookupError, OverflowError) as error:  # ResponseDataError is a ValueError
        raise StoreError(f"{folder}: its models' rows make no table: {one_line(error)}") from error


def load_benchmark(name_or_folder: str | Path) -> ResponseMatrix:
    """A benchmark by name (`pocket`, which is embedded in the package) or by the path of its folder.

    Raises:
        StoreError: there is none of that name or at that path; says what there is.
    """
    if name_or_folder == POCKET:
        from anchoreval import pocket

        return pocket.load()
    folder = Path(name_or_folder)
    if not (folder / DOCUMENT).is_file():
        reason = f"holds no {DOCUMENT}" if folder.is_dir() else "there is no such folder"
        raise StoreError(f"{folder}: not a stored benchmark: {reason} ({_what_there_is(folder)})")
    return read_benchmark(folder)


def benchmark_digest(folder: Path | str) -> str:
    """SHA-256 of the content of a stored benchmark: its shared part and the data digest of each response file.

    Reads only the files' own descriptions, so it is quick; the same models give the same digest in whatever order
    they were added.
    """
    folder = Path(folder)
    shared = read_shared(folder)
    digest = hashlib.sha256(f"{shared.document['items']}{sorted(shared.coverage.items())}".encode())
    for header in sorted(header.digest for header in _parallel(read_header, response_paths(folder))):
        digest.update(header.encode())
    return digest.hexdigest()


def response_paths(folder: Path) -> list[Path]:
    """Response files by name; hidden ones are temporary or the operating system's."""
    return sorted(p for p in (folder / RESPONSES).glob(f"*{SUFFIX}") if not p.name.startswith("."))


def _named_paths(folder: Path, models: Iterable[str]) -> list[Path]:
    ids = [str(model) for model in models]
    if len(set(ids)) < len(ids):
        raise StoreError(f"{folder}: model {next(m for m in ids if ids.count(m) > 1)!r} is named twice")
    paths = [folder / RESPONSES / file_name(model) for model in ids]
    for model, path in zip(ids, paths, strict=True):
        if not path.exists():
            raise StoreError(f"{folder}: holds no model {model!r} (there is no file {path.name})")
    return paths


def _check_headers(paths: Sequence[Path], headers: Sequence[Header], shared: SharedPart) -> None:
    for path, header in zip(paths, headers, strict=True):
        if header.items != shared.digest:
            raise StoreError(f"{path}: answers other items than those of benchmark {shared.document['name']!r}")
        if path.name != file_name(header.row["model"]):
            raise StoreError(
                f"{path}: holds model {header.row['model']!r}, which belongs in another file; was it copied?"
            )
        if bool(header.options) != shared.document["option_probabilities"]:
            raise StoreError(
                f"{path}: has {header.options} option columns, unlike benchmark {shared.document['name']!r}"
            )


def _arrays(paths: Sequence[Path], headers: Sequence[Header], n_items: int) -> tuple[Any, Any]:
    """Scores, and probabilities or None, filled in file by file so that nothing is held twice."""
    scores = np.empty((len(paths), n_items), dtype=np.float32)
    probabilities = None
    if options := max(header.options for header in headers):
        kind = np.float16 if all(header.half for header in headers) else np.float32
        probabilities = np.full((len(paths), n_items, options), np.nan, dtype=kind)

    def fill(n: int) -> None:
        answers = read_answers(paths[n])
        if len(answers.scores) != n_items:
            raise StoreError(f"{paths[n]}: has {len(answers.scores)} answers, the benchmark has {n_items} items")
        scores[n] = answers.scores
        if probabilities is not None and answers.probabilities is not None:
            probabilities[n, :, : headers[n].options] = answers.probabilities

    _parallel(fill, range(len(paths)))
    return scores, probabilities


def _parallel(function: Any, arguments: Any) -> list[Any]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(function, arguments))


def _what_there_is(folder: Path) -> str:
    parent = folder.parent if folder.parent.is_dir() else Path()
    near = sorted(p.parent.name for p in parent.glob(f"*/{DOCUMENT}"))[:10]
    listed = f"; in {parent}: {', '.join(near)}" if near else ""
    return f"by name: {POCKET}{listed}"
