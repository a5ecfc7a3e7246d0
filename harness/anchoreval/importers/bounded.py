"""Files from strangers, read within bounds: JSON lines and JSON documents of whatever size, encoding and depth.

A line or a document that is too large or too deep is refused before it fills the memory; complaints name file and line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from anchoreval.errors import ResponseDataError
from anchoreval.schema import one_line

LONGEST_LINE = 1 << 25
"""Bytes of a line of JSON; Python objects take up to some thirty times as much."""
LARGEST_DOCUMENT = 1 << 25
"""Bytes of a JSON document that is read as a whole."""
BOM = b"\xef\xbb\xbf"


def json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Number and content of every line that is not blank.

    Raises:
        ResponseDataError: the file cannot be read, or a line is too long, not UTF-8 or not JSON.
    """
    try:
        with path.open("rb") as stream:
            number = 0
            while line := stream.readline(LONGEST_LINE + 1):
                number += 1
                if len(line) > LONGEST_LINE:
                    raise ResponseDataError(f"{path}: line {number} is longer than {LONGEST_LINE:,} bytes")
                if content := line.removeprefix(BOM if number == 1 else b"").strip():
                    yield number, parsed(content, f"{path}: line {number}")
    except OSError as error:
        raise ResponseDataError(f"{path}: cannot be read: {error.strerror}") from error


def json_document(path: Path, largest: int = LARGEST_DOCUMENT) -> Any:
    """The content of a JSON file.

    Raises:
        ResponseDataError: the file cannot be read, is too large, not UTF-8 or not JSON.
    """
    try:
        if (size := path.stat().st_size) > largest:
            raise ResponseDataError(f"{path}: {size:,} bytes are more than the {largest:,} that are read of a document")
        return parsed(path.read_bytes().removeprefix(BOM), str(path))
    except OSError as error:
        raise ResponseDataError(f"{path}: cannot be read: {error.strerror}") from error


def parsed(content: bytes, where: str) -> Any:
    """JSON from bytes; NaN and infinities, which some harnesses write, become floats.

    Raises:
        ResponseDataError: it is no JSON in UTF-8, or too deep.
    """
    try:
        return json.loads(content)
    except RecursionError:
        raise ResponseDataError(f"{where}: is nested too deeply") from None
    except ValueError as error:  # UnicodeDecodeError is one
        raise ResponseDataError(f"{where}: is not JSON: {one_line(error)}") from error
