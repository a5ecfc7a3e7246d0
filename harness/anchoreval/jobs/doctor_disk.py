"""Where results and temporary files go, as `job=doctor` reports it: room, writing, and the kind of file system."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from anchoreval.jobs.doctor_findings import NOTE, OK, PROBLEM, Finding, gibibytes

SCARCE, LITTLE = 100 * 2**20, 2 * 2**30
"""Bytes of free room below which a run will fail, and below which a user should know."""
NETWORK = ("9p", "afs", "beegfs", "ceph", "cifs", "fuse.sshfs", "glusterfs", "gpfs", "lustre", "nfs", "smb")
MEMORY = ("ramfs", "tmpfs")
MOUNTS = Path("/proc/mounts")


def disk(results: Path) -> Iterator[Finding]:
    """The folder of results and that of temporary files."""
    place = _existing(results.absolute())
    yield _writable(place, results)
    yield _room("room for results", place, "results=<folder on another disk>")
    yield from _file_system(place)
    temporary = Path(tempfile.gettempdir())
    yield _room("room for temporary files", temporary, "TMPDIR=<folder on another disk>")


def file_system(place: Path, mounts: Path = MOUNTS) -> str:
    """The kind of file system that a folder is on; empty where the system does not say (not Linux)."""
    try:
        lines = [line.split(" ") for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return ""
    found = [(len(line[1]), number, line[2]) for number, line in enumerate(lines) if _holds(line[1], place)]
    return max(found)[2] if found else ""


def _holds(mount: str, place: Path) -> bool:
    return place.is_relative_to(mount.replace("\\040", " "))


def _existing(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that exists."""
    return next(one for one in (folder, *folder.parents) if one.exists())


def _writable(place: Path, results: Path) -> Finding:
    topic = "results"
    if not place.is_dir():
        return Finding(PROBLEM, topic, f"{place} is not a folder", "give results=<folder>")
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"\0")
    except OSError as error:
        return Finding(PROBLEM, topic, f"{place} cannot be written to: {error.strerror}", "give results=<folder>")
    there = "" if place == results.absolute() else f" (to be made in {place})"
    return Finding(OK, topic, f"{results} can be written to{there}")


def _room(topic: str, place: Path, elsewhere: str) -> Finding:
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return Finding(NOTE, topic, f"{place}: not known ({error.strerror})")
    text = f"{gibibytes(free)} free at {place}"
    if free < LITTLE:
        return Finding(PROBLEM if free < SCARCE else NOTE, topic, text, f"free some, or set {elsewhere}")
    return Finding(OK, topic, text)


def _file_system(place: Path) -> Iterator[Finding]:
    kind, topic = file_system(place), "file system"
    if not kind:
        return
    if kind in MEMORY:
        text = f"{kind}: results are kept in memory, and are gone when the machine stops"
        yield Finding(NOTE, topic, text, "set results=<folder on a disk> for what is to last")
    elif kind.startswith(NETWORK):
        text = f"{kind}: on the network; locks and the memory of requests (SQLite) may be slow or fail there"
        yield Finding(NOTE, topic, text, "keep leaderboard.memory=<file on a local disk>, or results on one")
    else:
        yield Finding(OK, topic, kind)
