"""ZIP archives and gzip streams from strangers, read in memory and within bounds.

Nothing is ever extracted to disk. All the same an archive is refused as a whole where a member's name could lead out of
a folder, where two members have one name or share bytes (as bombs do), where one is encrypted, or where count or
sizes are beyond what an archive of results needs. Sizes that an archive declares are checked before anything is
unpacked, and the real ones while it is. Methods: stored, deflated, and Zstandard, which Python's own reader does not
know before 3.14.
"""

from __future__ import annotations

import gzip
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from anchoreval.errors import ResponseDataError
from anchoreval.importers.bounded import open_plain
from anchoreval.schema import one_line

MOST_MEMBERS = 100_000
LARGEST_DIRECTORY = 1 << 24
"""Bytes of an archive's list of members, which Python unfolds into some fifteen times as much."""
LARGEST_MEMBER = 1 << 28
"""Bytes of a member, unpacked."""
LARGEST_TOTAL = 1 << 36
"""Bytes of all members, unpacked: they are read one by one."""
HIGHEST_RATIO = 1100
"""Unpacked bytes for each packed one: deflate comes to 1,032 at most."""
STORED, DEFLATED, ZSTANDARD = 0, 8, 93
CHUNK = 1 << 20

_HEADER = struct.Struct("<4s22xHH")
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, eq=False)
class Archive:
    """A ZIP archive that was checked. Make it with `open_archive`.

    Attributes:
        path: of the file.
        members: what the archive says of each member, by name, in its order; folders are left out.
    """

    path: Path
    members: dict[str, zipfile.ZipInfo]
    stream: BinaryIO

    def read(self, name: str, largest: int = LARGEST_MEMBER) -> bytes:
        """The bytes of a member, unpacked and checked against its checksum.

        Raises:
            ResponseDataError: there is no such member, it is damaged, larger than it says or than `largest`, or packed
                in a way that is not known.
        """
        where = f"{self.path}: member {name!r}"
        if (member := self.members.get(name)) is None:
            raise ResponseDataError(f"{where}: there is none of that name")
        if member.file_size > largest:
            raise ResponseDataError(f"{where}: {member.file_size:,} bytes are more than the {largest:,} that are read")
        try:
            data = _unpacked(self._packed(member, where), member, where)
        except (OSError, zlib.error, EOFError) as error:
            raise ResponseDataError(f"{where}: is damaged: {one_line(error)}") from error
        if len(data) != member.file_size or zlib.crc32(data) != member.CRC:
            raise ResponseDataError(f"{where}: is damaged: it does not match its size and checksum")
        return data

    def _packed(self, member: zipfile.ZipInfo, where: str) -> bytes:
        self.stream.seek(member.header_offset)
        header = self.stream.read(_HEADER.size)
        if len(header) < _HEADER.size or header[:4] != b"PK\x03\x04":
            raise ResponseDataError(f"{where}: is damaged: there is no member where the archive says")
        _, name_length, extra_length = _HEADER.unpack(header)
        self.stream.seek(name_length + extra_length, io.SEEK_CUR)
        data = self.stream.read(member.compress_size)
        if len(data) != member.compress_size:
            raise ResponseDataError(f"{where}: is damaged: it is cut off")
        return data


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a ZIP archive and check what it says of its members.

    Raises:
        ResponseDataError: the file cannot be read, is no ZIP archive, or is beyond the bounds; names the member.
    """
    try:
        with open_plain(path) as stream:
            yield Archive(path, _members(path, stream), stream)
    except OSError as error:
        raise ResponseDataError(f"{path}: cannot be read: {error.strerror or one_line(error)}") from error


@contextmanager
def open_gzip(path: Path, largest: int = LARGEST_TOTAL) -> Iterator[BinaryIO]:
    """A gzip file's content as a stream that ends in an error where it unpacks to more than `largest` bytes.

    Raises:
        ResponseDataError: the file cannot be read, is damaged, or unpacks to more.
    """
    try:
        with open_plain(path) as packed, gzip.GzipFile(fileobj=packed) as stream:
            yield io.BufferedReader(_Counted(stream, path, largest), CHUNK)
    except (OSError, EOFError, zlib.error) as error:
        raise ResponseDataError(f"{path}: cannot be unpacked: {one_line(error)}") from error


class _Counted(io.RawIOBase):
    """Hands on what another stream gives, up to so many bytes."""

    def __init__(self, stream: gzip.GzipFile, path: Path, largest: int) -> None:
        super().__init__()
        self.stream, self.path, self.largest = stream, path, largest
        self.given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.stream.read1(len(buffer))
        self.given += len(data)
        if self.given > self.largest:
            raise ResponseDataError(f"{self.path}: unpacks to more than {self.largest:,} bytes")
        buffer[: len(data)] = data
        return len(data)


def _members(path: Path, stream: BinaryIO) -> dict[str, zipfile.ZipInfo]:
    if _directory_size(stream) > LARGEST_DIRECTORY:
        raise ResponseDataError(f"{path}: lists its members in more than {LARGEST_DIRECTORY:,} bytes")
    try:
        with zipfile.ZipFile(stream) as archive:
            listed = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError, struct.error, EOFError) as error:
        raise ResponseDataError(f"{path}: is no ZIP archive that can be read: {one_line(error)}") from error
    if len(listed) > MOST_MEMBERS:
        raise ResponseDataError(f"{path}: has {len(listed):,} members, more than {MOST_MEMBERS:,}")
    found: dict[str, zipfile.ZipInfo] = {}
    for member in listed:
        if problem := _problem(member, found):
            raise ResponseDataError(f"{path}: member {member.filename[:200]!r}: {problem}")
        found[member.filename] = member
    _refuse_shared_bytes(path, listed)
    if (total := sum(member.file_size for member in listed)) > LARGEST_TOTAL:
        raise ResponseDataError(f"{path}: unpacks to {total:,} bytes, more than {LARGEST_TOTAL:,}")
    return {name: member for name, member in found.items() if not member.is_dir()}


def _directory_size(stream: BinaryIO) -> int:
    """What the end of the archive says, in its old or its 64-bit form; 0 where it says nothing."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(size - (1 << 16) - 200, 0))
    tail = stream.read()
    old, new = tail.rfind(b"PK\x05\x06"), tail.rfind(b"PK\x06\x06")
    found = [0]
    if old >= 0 and len(tail) >= old + 22 and (told := struct.unpack_from("<L", tail, old + 12)[0]) < 0xFFFFFFFF:
        found.append(told)
    if new >= 0 and len(tail) >= new + 56:
        found.append(struct.unpack_from("<Q", tail, new + 40)[0])
    return max(found)


def _problem(member: zipfile.ZipInfo, found: dict[str, zipfile.ZipInfo]) -> str | None:
    name = member.filename
    if name in found:
        return "stands twice"
    if not name or name.startswith(("/", "\\")) or _DRIVE.match(name) or ".." in re.split(r"[/\\]", name):
        return "its name leads out of the archive"
    if any(ord(character) < 32 for character in name):
        return "its name holds a control character"
    if member.flag_bits & 0x1:
        return "is encrypted"
    if member.file_size > LARGEST_MEMBER:
        return f"unpacks to {member.file_size:,} bytes, more than {LARGEST_MEMBER:,}"
    if member.compress_type == DEFLATED and member.file_size > CHUNK + HIGHEST_RATIO * member.compress_size:
        return f"says that it unpacks from {member.compress_size:,} to {member.file_size:,} bytes, as no data do"
    return None


def _refuse_shared_bytes(path: Path, listed: list[zipfile.ZipInfo]) -> None:
    """Members that overlap are how a small archive unpacks to a huge one."""
    end, before = 0, ""
    for member in sorted(listed, key=lambda one: one.header_offset):
        if member.header_offset < end:
            raise ResponseDataError(f"{path}: members {before[:80]!r} and {member.filename[:80]!r} share bytes")
        end, before = member.header_offset + 30 + member.compress_size, member.filename


def _unpacked(data: bytes, member: zipfile.ZipInfo, where: str) -> bytes:
    """The content, of which no more than the declared size and one byte is ever made."""
    if member.compress_type == STORED:
        return data
    if member.compress_type == DEFLATED:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, member.file_size + 1)
    if member.compress_type == ZSTANDARD:
        import pyarrow as pa

        with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
            unpacked: bytes = stream.read(member.file_size + 1)
            return unpacked
    raise ResponseDataError(f"{where}: is packed by method {member.compress_type}, which is not known")
