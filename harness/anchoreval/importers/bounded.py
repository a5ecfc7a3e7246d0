"""Files from strangers, read within bounds: JSON lines and JSON documents of whatever size, encoding and depth.

What is read is JSON in UTF-8, with or without a byte order mark. NaN and infinities, which some harnesses write, become
floats (1e400 is an infinity), and half of a surrogate pair, which a cut-off answer may end in, the replacement
character. Refused, by file and line, are what is too large, too deep, or would take more memory than any honest file of
its size; objects that hold one key twice, of which a reader would see only the last; other encodings; and what is no
plain file.
"""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from anchoreval.errors import ResponseDataError
from anchoreval.schema import one_line, single_keys

LONGEST_LINE = 1 << 25
"""Bytes of a line of JSON."""
LARGEST_DOCUMENT = 1 << 25
"""Bytes of a JSON document that is read as a whole."""
DEEPEST = 100
"""Objects and lists inside one another: far below what Python's own recursion bears, so that whoever walks through what
was read needs no care."""
HEAVIEST = 5 << 27
"""Bytes of memory that one line or document may come to."""
LIGHT = 1 << 22
"""Bytes of JSON that are never too heavy: at most some fifty times as much of memory."""
BOM = b"\xef\xbb\xbf"

_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SURROGATE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_STEP = np.zeros(256, dtype=np.int8)
_STEP[list(b"[{")], _STEP[list(b"]}")] = 1, -1


def json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Number and content of every line that is not blank.

    Raises:
        ResponseDataError: the file cannot be read, or a line is too long, not UTF-8 or not JSON.
    """
    try:
        with open_plain(path) as stream:
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
        with open_plain(path) as stream:
            content = stream.read(largest + 1)
    except OSError as error:
        raise ResponseDataError(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > largest:
        raise ResponseDataError(f"{path}: is larger than the {largest:,} bytes that are read of a document")
    return parsed(content.removeprefix(BOM), str(path))


def open_plain(path: Path) -> BinaryIO:
    """Open a file for reading; what is no plain file (a device, a pipe) could be endless.

    Raises:
        OSError: it cannot be opened.
        ResponseDataError: it is no plain file.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise ResponseDataError(f"{path}: is {'a folder' if path.is_dir() else 'no plain file'}")
    return path.open("rb")


def parsed(content: bytes, where: str) -> Any:
    """JSON from bytes.

    Args:
        content: a line or a document.
        where: what to call it in messages.

    Raises:
        ResponseDataError: it is no JSON in UTF-8, is too deep or too heavy, or an object holds a key twice.
    """
    if len(content) > LIGHT and _memory(content) > HEAVIEST:
        raise ResponseDataError(f"{where}: would take more than {HEAVIEST:,} bytes of memory")
    if content.count(b"[") + content.count(b"{") > DEEPEST and _depth(content) > DEEPEST:
        raise ResponseDataError(f"{where}: is nested too deeply, in more than {DEEPEST} levels")
    try:
        text = content.decode()
        return _DECODER.decode(_whole_characters(text) if "\\ud" in text or "\\uD" in text else text)
    except RecursionError:
        raise ResponseDataError(f"{where}: is nested too deeply") from None
    except UnicodeDecodeError as error:
        raise ResponseDataError(f"{where}: is not JSON in UTF-8: {_encoding(content, error)}") from error
    except json.JSONDecodeError as error:
        raise ResponseDataError(f"{where}: is not JSON: {_place(content, error)}") from error
    except ValueError as error:
        raise ResponseDataError(f"{where}: is not JSON that can be read: {one_line(error)}") from error


_DECODER = json.JSONDecoder(object_pairs_hook=single_keys)


def _memory(content: bytes) -> int:
    """Bytes that the text (four a character, twice) and its values take at most; commas inside texts count as well."""
    values = content.count(b",") + content.count(b":")
    containers = content.count(b"[") + content.count(b"{")
    return 9 * len(content) + 96 * values + 200 * containers


def _depth(content: bytes) -> int:
    steps = _STEP[np.frombuffer(_TEXT.sub(b"", content), dtype=np.uint8)]
    return int(np.cumsum(steps, dtype=np.int32).max(initial=0))


def _whole_characters(text: str) -> str:
    return _SURROGATE.sub(lambda found: "\\ufffd" if found[1] else found[0], text)


def _encoding(content: bytes, error: UnicodeDecodeError) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "it begins as UTF-16 does"
    return f"byte {error.start + 1} is {content[error.start]:#04x}"


def _place(content: bytes, error: json.JSONDecodeError) -> str:
    if b"\r" in content and b"\n" not in content and error.msg == "Extra data":
        return "its lines end in a carriage return alone"
    place = f"line {error.lineno} column {error.colno}" if error.lineno > 1 else f"column {error.colno}"
    return f"{error.msg} at {place}"
