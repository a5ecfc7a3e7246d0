"""Large JSON documents read a piece at a time: the elements of an array, or the members of an object.

A document of many gigabytes takes no more memory than its largest element. Where an element ends is found by its
brackets alone, without building anything; only then is it read, by the rules of `anchoreval.importers.bounded`. What
lies between the elements is checked as well, so that a file that was cut off or damaged ends in an error that names the
byte.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from anchoreval.errors import ResponseDataError
from anchoreval.importers.bounded import BOM, DEEPEST, LONGEST_LINE, open_plain, parsed

CHUNK = 1 << 20
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_FLAT = rb'(?:[^"\[\]{}]++|' + _STRING + rb")*+"
_TEXT = re.compile(_STRING, re.DOTALL)
_TO_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|' + _STRING + rb"|[\[{]" + _FLAT + rb"[\]}])*+([\[\]{}]?)", re.DOTALL)
"""Texts, numbers and what holds nothing but these, and the bracket behind."""
_SCALAR = re.compile(rb'[^\s,:"\[\]{}]+')
_SPACE = re.compile(rb"[ \t\r\n]*")


@dataclass(frozen=True)
class Member:
    """A member of the outermost object, or one part of a member that is an array or an object itself.

    Attributes:
        key: of the member.
        part: number of the element, or key of the inner member; None for a member as a whole.
        value: what was read.
        byte: where the value begins in the file, from 1.
    """

    key: str
    part: int | str | None
    value: Any
    byte: int


def elements(path: Path) -> Iterator[tuple[int, Any]]:
    """Byte and content of each element of the array that a file holds.

    Raises:
        ResponseDataError: the file cannot be read, holds no array, or is damaged; names the byte.
    """
    try:
        with open_plain(path) as stream:
            reader = _Reader(stream, path)
            yield from reader.elements()
            reader.finish()
    except OSError as error:
        raise ResponseDataError(f"{path}: cannot be read: {error.strerror}") from error


def members(path: Path, only: Collection[str] | None = None, unfold: Collection[str] = ()) -> Iterator[Member]:
    """The members of the object that a file holds.

    Args:
        path: of the file.
        only: keys of the members to read; others are passed over, of whatever size. None: all.
        unfold: keys of members of which, where they are arrays or objects, the parts come one by one.

    Raises:
        ResponseDataError: the file cannot be read, holds no object, holds a key twice, or is damaged; names the byte.
    """
    try:
        with open_plain(path) as stream:
            reader = _Reader(stream, path)
            yield from _members(reader, only, unfold)
            reader.finish()
    except OSError as error:
        raise ResponseDataError(f"{path}: cannot be read: {error.strerror}") from error


def _members(reader: _Reader, only: Collection[str] | None, unfold: Collection[str]) -> Iterator[Member]:
    for key in reader.keys():  # noqa: SIM118
        opening = reader.next()
        if key in unfold and opening == b"[":
            for index, (byte, value) in enumerate(reader.elements()):
                yield Member(key, index, value, byte)
        elif key in unfold and opening == b"{":
            for inner in reader.keys():  # noqa: SIM118
                yield Member(key, inner, value=reader.value(), byte=reader.begun)
        elif only is None or key in only:
            yield Member(key, None, value=reader.value(), byte=reader.begun)
        else:
            reader.skip()


class _Reader:
    """A place in a file, of which so much is in memory as the value at hand needs."""

    def __init__(self, stream: BinaryIO, path: Path) -> None:
        self._stream, self._path = stream, path
        self._buffer = stream.read(CHUNK)
        self._at = len(BOM) if self._buffer.startswith(BOM) else 0
        self._dropped = 0
        self.begun = 1
        """Byte at which the value that was read last begins."""

    @property
    def byte(self) -> int:
        """Of the place, from 1."""
        return self._dropped + self._at + 1

    def refuse(self, reason: str) -> NoReturn:
        raise ResponseDataError(f"{self._path}: byte {self.byte}: {reason}")

    def next(self) -> bytes:
        """The next byte that is no white space; empty at the end."""
        while True:
            found = _SPACE.match(self._buffer, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._buffer) or not self._more():
                return self._buffer[self._at : self._at + 1]

    def take(self, wanted: bytes) -> bytes:
        """Go past one of these bytes."""
        if (found := self.next()) not in [wanted[n : n + 1] for n in range(len(wanted))]:
            named = " or ".join(repr(chr(one)) for one in wanted)
            self.refuse(f"{repr(found.decode('latin-1')) if found else 'the end'} where {named} should be")
        self._at += 1
        return found

    def elements(self) -> Iterator[tuple[int, Any]]:
        self.take(b"[")
        if self.next() == b"]":
            self.take(b"]")
            return
        while True:
            value = self.value()
            yield self.begun, value
            if self.take(b",]") == b"]":
                return

    def keys(self) -> Iterator[str]:
        """The keys of an object; after each, the caller goes past its value."""
        seen: set[str] = set()
        self.take(b"{")
        if self.next() == b"}":
            self.take(b"}")
            return
        while True:
            if self.next() != b'"':
                self.refuse("no key where one should be")
            key = self.value()
            if key in seen:
                self.refuse(f"key {key[:80]!r} stands twice")
            seen.add(key)
            self.take(b":")
            yield key
            if self.take(b",}") == b"}":
                return

    def value(self) -> Any:
        """Read the value here."""
        self.next()
        self.begun = self.byte
        where = f"{self._path}: byte {self.begun}"
        length = self._extent(keep=True)
        content = self._buffer[self._at : self._at + length]
        self._at += length
        return parsed(content, where)

    def skip(self) -> None:
        """Go past the value here."""
        self.next()
        rest = self._extent(keep=False)  # which moves the place itself
        self._at += rest

    def finish(self) -> None:
        if self.next():
            self.refuse("more where the document should end")

    def _extent(self, keep: bool) -> int:
        """Bytes from here to the end of the value; unless they are kept, the place moves on meanwhile."""
        if self._buffer[self._at : self._at + 1] not in (b'"', b"[", b"{"):
            return self._scalar()
        depth = scanned = 0
        while True:
            depth, scanned, done = self._scan(depth, scanned)
            if done:
                return scanned
            if not keep:
                self._at, scanned = self._at + scanned, 0
            if len(self._buffer) - self._at > LONGEST_LINE:
                self.refuse(f"a value is longer than {LONGEST_LINE:,} bytes")
            if not self._more():
                self.refuse("the file ends within the value that begins here" if keep else "the file ends in a value")

    def _scan(self, depth: int, scanned: int) -> tuple[int, int, bool]:
        """Follow brackets through what is in memory: depth, bytes behind the place, and whether the value ended."""
        if self._buffer[self._at : self._at + 1] == b'"' and depth == 0:
            text = _TEXT.match(self._buffer, self._at)
            return 0, len(text[0]) if text else 0, text is not None
        at = self._at + scanned
        if depth == 0:
            at, depth = at + 1, 1
        while found := _TO_BRACKET.match(self._buffer, at):
            at = found.end()
            if not found[1]:
                break
            depth += 1 if found[1] in b"[{" else -1
            if depth <= 0:
                return depth, at - self._at, True
            if depth > DEEPEST:
                self.refuse(f"a value is nested too deeply, in more than {DEEPEST} levels")
        return depth, at - self._at, False

    def _scalar(self) -> int:
        while True:
            found = _SCALAR.match(self._buffer, self._at)
            length = len(found[0]) if found else 0
            if length == 0:
                self.refuse("no value where one should be")
            if length > 5_000:
                self.refuse("a number of more than 5,000 digits")
            if self._at + length < len(self._buffer) or not self._more():
                return length

    def _more(self) -> bool:
        """Read on, and drop what lies before the place; whether there was more."""
        data = self._stream.read(max(CHUNK, len(self._buffer) - self._at))
        self._dropped += self._at
        self._buffer, self._at = self._buffer[self._at :] + data, 0
        return bool(data)
