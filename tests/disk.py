"""Disks that are full or read-only, for tests of what is written."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock


@contextmanager
def no_room(room: int) -> Iterator[None]:
    """The system refuses to let any file grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def read_only() -> Iterator[None]:
    """Nothing can be made anywhere; permissions would not stop the system's administrator, as whom tests may run."""
    opened, made = Path.open, os.mkdir

    def opening(self: Path, mode: str = "r", *more: Any, **named: Any) -> Any:
        if set(mode) & set("wxa+"):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(self))
        return opened(self, mode, *more, **named)

    def making(path: Any, *more: Any, **named: Any) -> None:
        if os.path.isdir(path):
            return made(path, *more, **named)
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    with mock.patch.object(Path, "open", opening), mock.patch.object(os, "mkdir", making):
        yield


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file under a folder, temporary ones included, and what it holds."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
