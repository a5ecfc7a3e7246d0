"""What a Parquet file says of itself in its last bytes, read by us.

pyarrow's own view of a damaged footer can end the process: the C++ library throws where Python's wrapper expects
nothing. Its readers of data have no such gap, so the footer is read here (Thrift's compact protocol, of which only the
few fields that are needed are kept) and checked before pyarrow sees the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from anchoreval.errors import ResponseDataError

MAGIC = b"PAR1"
LARGEST_FOOTER = 1 << 23
"""Bytes of the footer."""
MOST_PARTS = 1 << 18
"""Objects in a footer that are kept."""
DEEPEST = 30
BYTE_ARRAY = 6

_Wanted: TypeAlias = "Mapping[int, _Wanted | None]"
"""Numbers of the fields of a struct to keep, and what to keep of those that hold structs themselves."""
_SCHEMA: _Wanted = {1: None, 4: None, 5: None}
_COLUMN: _Wanted = {3: {3: None, 5: None, 6: None}}
_FOOTER: _Wanted = {2: _SCHEMA, 3: None, 4: {1: _COLUMN, 3: None}}
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12


@dataclass(frozen=True)
class Leaf:
    """A column that holds values.

    Attributes:
        path: dotted, through the structs and lists that it lies in.
        text: whether it holds texts.
    """

    path: str
    text: bool


@dataclass(frozen=True)
class Group:
    """A row group.

    Attributes:
        rows: how many it has.
        values: of each leaf, how many.
        sizes: of each leaf, bytes unpacked.
    """

    rows: int
    values: tuple[int, ...]
    sizes: tuple[int, ...]


@dataclass(frozen=True)
class Footer:
    """What a Parquet file says of itself.

    Attributes:
        rows: how many it has.
        leaves: its columns.
        groups: its row groups.
    """

    rows: int
    leaves: tuple[Leaf, ...]
    groups: tuple[Group, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the outermost columns."""
        return tuple(dict.fromkeys(leaf.path.split(".")[0] for leaf in self.leaves))

    def below(self, column: str) -> list[str]:
        """Names of the fields of a struct."""
        paths = [leaf.path.split(".") for leaf in self.leaves]
        return list(dict.fromkeys(path[1] for path in paths if path[0] == column and len(path) > 1))


def read_footer(stream: BinaryIO, path: Path) -> Footer:
    """The footer of a file.

    Raises:
        ResponseDataError: it is no Parquet file, or its footer is damaged or too large.
    """
    size = stream.seek(0, 2)
    stream.seek(max(size - 8, 0))
    tail = stream.read(8)
    if size < 12 or tail[4:] != MAGIC:
        raise ResponseDataError(f"{path}: is no Parquet file, or was cut off")
    length = int.from_bytes(tail[:4], "little")
    if length > min(LARGEST_FOOTER, size - 12):
        raise ResponseDataError(f"{path}: says that its footer has {length:,} bytes, which is too many")
    stream.seek(size - 8 - length)
    try:
        return _footer(_Thrift(stream.read(length)).struct(_FOOTER, 0))
    except (_DamagedError, IndexError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ResponseDataError(f"{path}: the footer of this Parquet file is damaged") from error


class _DamagedError(Exception):
    """The bytes are no Thrift."""


class _Thrift:
    """Bytes in Thrift's compact protocol, read from the front."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at, self._kept = data, 0, 0

    def struct(self, wanted: _Wanted | None, depth: int) -> dict[int, Any]:
        """The fields of a struct that are wanted, by number; nothing else of it is kept."""
        self._kept += wanted is not None
        if depth > DEEPEST or self._kept > MOST_PARTS:
            raise _DamagedError
        found: dict[int, Any] = {}
        number = 0
        while header := self._byte():
            number = number + (header >> 4) if header >> 4 else self._signed()
            keep = wanted is not None and number in wanted
            value = self._value(header & 15, keep, wanted[number] if wanted and keep else None, depth + 1)
            if keep:
                if number in found:
                    raise _DamagedError
                found[number] = value
        return found

    def _value(self, kind: int, keep: bool, wanted: _Wanted | None, depth: int) -> Any:
        if kind in (_TRUE, _FALSE):
            return kind == _TRUE
        if kind in (_LIST, _SET):
            return self._list(keep, wanted, depth)
        if kind == _MAP:
            return self._map(depth)
        if kind == _STRUCT:
            return self.struct(wanted, depth)
        if kind == _BINARY:
            return self._bytes(self._number())
        if kind in (_BYTE, _DOUBLE):
            return self._bytes(1 if kind == _BYTE else 8)
        if kind < _DOUBLE:
            return self._signed()
        raise _DamagedError

    def _list(self, keep: bool, wanted: _Wanted | None, depth: int) -> list[Any]:
        header = self._byte()
        size = header >> 4 if header >> 4 < 15 else self._number()
        if size > len(self._data) - self._at or depth > DEEPEST:
            raise _DamagedError
        self._kept += size if keep else 0
        if self._kept > MOST_PARTS:
            raise _DamagedError
        found = []
        for _ in range(size):
            value = self._element(header & 15, keep, wanted, depth)
            if keep:
                found.append(value)
        return found

    def _map(self, depth: int) -> None:
        size = self._number()
        kinds = self._byte() if size else 0
        if size > len(self._data) - self._at or depth > DEEPEST:
            raise _DamagedError
        for _ in range(size):
            self._element(kinds >> 4, False, None, depth)
            self._element(kinds & 15, False, None, depth)

    def _element(self, kind: int, keep: bool, wanted: _Wanted | None, depth: int) -> Any:
        """Inside a list a truth value has a byte of its own."""
        return self._byte() == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, keep, wanted, depth + 1)

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _bytes(self, size: int) -> bytes:
        self._at += size
        if self._at > len(self._data):
            raise _DamagedError
        return self._data[self._at - size : self._at]

    def _number(self) -> int:
        found = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            found |= (byte & 127) << shift
            if byte < 128:
                return found
        raise _DamagedError

    def _signed(self) -> int:
        found = self._number()
        return (found >> 1) ^ -(found & 1)


def _footer(found: Mapping[int, Any]) -> Footer:
    leaves = _leaves(found[2])
    groups = tuple(_group(group, leaves) for group in found[4])
    if sum(group.rows for group in groups) != found[3]:
        raise _DamagedError
    return Footer(found[3], leaves, groups)


def _leaves(elements: list[dict[int, Any]]) -> tuple[Leaf, ...]:
    """The schema's tree, which is written down with every node before its children."""
    leaves: list[Leaf] = []
    open_nodes: list[tuple[str, int]] = [("", elements[0].get(5, 0))]
    for element in elements[1:]:
        while open_nodes and open_nodes[-1][1] == 0:
            open_nodes.pop()
        prefix, left = open_nodes[-1]
        open_nodes[-1] = (prefix, left - 1)
        name = prefix + element[4].decode()
        if (children := element.get(5, 0)) < 0 or len(open_nodes) > DEEPEST:
            raise _DamagedError
        if children:
            open_nodes.append((f"{name}.", children))
        else:
            leaves.append(Leaf(name, element[1] == BYTE_ARRAY))
    if any(left for _, left in open_nodes):
        raise _DamagedError
    return tuple(leaves)


def _group(found: Mapping[int, Any], leaves: tuple[Leaf, ...]) -> Group:
    parts = [column[3] for column in found[1]]
    if [b".".join(part[3]).decode() for part in parts] != [leaf.path for leaf in leaves]:
        raise _DamagedError
    values, sizes = tuple(part[5] for part in parts), tuple(part[6] for part in parts)
    if min((found[3], *values, *sizes)) < 0:
        raise _DamagedError
    return Group(found[3], values, sizes)
