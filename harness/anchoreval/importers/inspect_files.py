"""The two files that an Inspect log may be, an archive or a JSON document: their header and their samples in turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anchoreval.errors import ResponseDataError
from anchoreval.importers.archives import Archive, open_archive
from anchoreval.importers.bounded import LARGEST_DOCUMENT, parsed
from anchoreval.importers.entries import mapping, sequence
from anchoreval.importers.file_heads import head
from anchoreval.importers.json_arrays import members

_HEADER, _START, _SUMMARIES = "header.json", "_journal/start.json", "summaries.json"
_SAMPLES = "samples"
_PARTS = ("status", "eval", "results")


@dataclass(frozen=True)
class Header:
    """What a log says besides its samples.

    Attributes:
        archive: whether it is an `.eval` archive.
        status: `success`, `error`, `cancelled`, `started`.
        eval: what was run.
        results: the scores that Inspect states; empty without any.
    """

    archive: bool
    status: str
    eval: Mapping[str, Any]
    results: Mapping[str, Any]


def read_header(path: Path) -> Header:
    """The header of a log.

    Raises:
        ResponseDataError: the log is damaged.
    """
    archive = not head(path).startswith(b"{")
    found = _archived_header(path) if archive else _listed_header(path)
    results = found.get("results")
    return Header(
        archive=archive,
        status=str(found.get("status", "started")),
        eval=mapping(found.get("eval"), f"{path}: eval"),
        results=results if isinstance(results, dict) else {},
    )


def listed_samples(path: Path) -> Iterator[tuple[str, Any]]:
    """The samples of a `.json` log, each with its place.

    Raises:
        ResponseDataError: the log is damaged; names the byte.
    """
    for member in members(path, only={_SAMPLES}, unfold={_SAMPLES}):
        if isinstance(member.part, int):
            yield f"{path}: byte {member.byte}", member.value
        elif member.value is not None:
            raise ResponseDataError(f"{path}: byte {member.byte}: samples are no list")


def archived_samples(path: Path) -> Iterator[tuple[str, Any]]:
    """The samples of an `.eval` archive, each with its place.

    Of a sample that is larger than a document may be (an agent's, with all it saw), the entry in `summaries.json` is
    given, which has its score.

    Raises:
        ResponseDataError: the archive is damaged; names the member.
    """
    with open_archive(path) as archive:
        names = [name for name in archive.members if name.startswith("samples/") and name.endswith(".json")]
        large = {name for name in names if archive.members[name].file_size > LARGEST_DOCUMENT}
        summaries = _summaries(archive) if large else {}
        for name in names:
            where = f"{path}: member {name!r}"
            if name not in large:
                yield where, parsed(archive.read(name, LARGEST_DOCUMENT), where)
            elif name in summaries:
                yield where, summaries[name]
            else:
                raise ResponseDataError(f"{where}: is larger than {LARGEST_DOCUMENT:,} bytes, and has no summary")


def _listed_header(path: Path) -> dict[str, Any]:
    """The parts of a `.json` log besides the samples, which stand behind all that counts, unless it was edited."""
    found: dict[str, Any] = {}
    for member in members(path, only={*_PARTS, _SAMPLES}, unfold={_SAMPLES}):
        if member.key == _SAMPLES:
            return found if set(found) == set(_PARTS) else {one.key: one.value for one in members(path, only=_PARTS)}
        found[member.key] = member.value
    return found


def _archived_header(path: Path) -> dict[str, Any]:
    with open_archive(path) as archive:
        name = next((name for name in (_HEADER, _START) if name in archive.members), None)
        if name is None:
            raise ResponseDataError(f"{path}: is no log of Inspect: it holds neither {_HEADER} nor {_START}")
        where = f"{path}: member {name!r}"
        return mapping(parsed(archive.read(name, LARGEST_DOCUMENT), where), where)


def _summaries(archive: Archive) -> dict[str, dict[str, Any]]:
    """The summaries, by the name of the member that holds the whole sample."""
    if _SUMMARIES not in archive.members:
        return {}
    where = f"{archive.path}: member {_SUMMARIES!r}"
    entries = sequence(parsed(archive.read(_SUMMARIES, LARGEST_DOCUMENT), where), where)
    found = [mapping(entry, where) for entry in entries]
    return {f"samples/{entry.get('id')}_epoch_{entry.get('epoch')}.json": entry for entry in found}
