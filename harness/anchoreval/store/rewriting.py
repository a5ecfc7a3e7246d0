"""Putting a store of an older version on disk in today's form."""

from __future__ import annotations

from pathlib import Path

from anchoreval.atomic import write_json
from anchoreval.errors import StoreError
from anchoreval.schema import DIGEST, sealed
from anchoreval.store.answers import read_answers, read_header, write_answers
from anchoreval.store.items import DOCUMENT, read_benchmark_document
from anchoreval.store.migrations import VERSION
from anchoreval.store.reading import response_paths


def outdated_files(folder: Path) -> tuple[Path, ...]:
    """Response files of an older version, and benchmark.json where it is of one or carries no digest of itself.

    Raises:
        StoreError: naming a file that cannot be read.
    """
    responses = [path for path in response_paths(folder) if read_header(path).version != VERSION]
    return (*responses, *([folder / DOCUMENT] if DIGEST not in read_benchmark_document(folder) else []))


def rewrite_store(folder: Path) -> tuple[Path, ...]:
    """Rewrite what is of an older version, one file after the other, each atomically.

    Returns:
        The files that were rewritten.

    Raises:
        StoreError: naming a file that is damaged or cannot be written; those before it are rewritten.
    """
    found = outdated_files(folder)
    try:
        for path in found:
            if path.name == DOCUMENT:
                write_json(path, sealed(read_benchmark_document(folder)))
            else:
                write_answers(path, read_answers(path))
    except OSError as error:
        raise StoreError(f"{error.filename or folder}: cannot be written: {error.strerror}") from error
    return found
