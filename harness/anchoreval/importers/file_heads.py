"""What files are, told from how they begin, whatever they are called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from anchoreval.errors import ResponseDataError
from anchoreval.importers.bounded import BOM, open_plain

HEAD = 1 << 18
"""Bytes that are looked at: more than one record of any format here."""
_KEY = re.compile(rb'"([A-Za-z_][A-Za-z0-9_ ]{0,60})"\s*:')


@dataclass(frozen=True, eq=False)
class FoundFile:
    """A file whose format is asked for; its beginning is read when one first looks at it, and once.

    Attributes:
        path: of the file.
    """

    path: Path

    @cached_property
    def head(self) -> bytes:
        """As `head` gives it."""
        return head(self.path)

    @property
    def first_line(self) -> bytes:
        """The first line that is not blank, or as much of it as is looked at."""
        return self.head.split(b"\n", 1)[0]

    def ends(self, *suffixes: str) -> bool:
        """Whether the file's name has one of these endings, in whatever case."""
        return self.path.name.lower().endswith(suffixes)


def head(path: Path, size: int = HEAD) -> bytes:
    """The first bytes of a file without blanks before them; nothing where it cannot be read."""
    try:
        with open_plain(path) as stream:
            return stream.read(size).removeprefix(BOM).lstrip()
    except (OSError, ResponseDataError):
        return b""


def keys(beginning: bytes) -> set[str]:
    """The keys of all objects in a piece of JSON; a key that a text quotes is none, since its quotes are escaped."""
    return {found.decode() for found in _KEY.findall(beginning)}


def is_list_of_objects(beginning: bytes, with_keys: frozenset[str] | set[str] = frozenset()) -> bool:
    """Whether a piece of JSON begins a list of objects, and has all of these keys."""
    return beginning.startswith(b"[") and beginning[1:].lstrip().startswith(b"{") and keys(beginning) >= with_keys
