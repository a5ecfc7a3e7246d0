"""What files are, told from how they begin, whatever they are called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from pathlib import Path

from anchoreval.errors import ResponseDataError
from anchoreval.importers.bounded import BOM, open_plain
from anchoreval.importers.walking import files_below

HEAD = 1 << 18
"""Bytes that are looked at: more than one record of any format here."""
_KEY = re.compile(rb'"([A-Za-z_][A-Za-z0-9_ ]{0,60})"\s*:')


def head(path: Path, size: int = HEAD) -> bytes:
    """The first bytes of a file without blanks before them; nothing where it cannot be read."""
    try:
        with open_plain(path) as stream:
            return stream.read(size).removeprefix(BOM).lstrip()
    except (OSError, ResponseDataError):
        return b""


def first_line(path: Path, size: int = HEAD) -> bytes:
    """The first line that is not blank, or as much of it as is looked at."""
    return head(path, size).split(b"\n", 1)[0]


def keys(beginning: bytes) -> set[str]:
    """The keys of all objects in a piece of JSON; a key that a text quotes is none, since its quotes are escaped."""
    return {found.decode() for found in _KEY.findall(beginning)}


def is_list_of_objects(beginning: bytes) -> bool:
    """Whether a piece of JSON begins a list of objects."""
    return beginning.startswith(b"[") and beginning[1:].lstrip().startswith(b"{")


def lists_of_objects(path: Path, with_keys: Set[str]) -> Iterator[Path]:
    """JSON files in a file or folder that begin a list of objects with these keys among theirs."""
    for file in files_below(path, ".json"):
        beginning = head(file)
        if is_list_of_objects(beginning) and keys(beginning) >= with_keys:
            yield file
