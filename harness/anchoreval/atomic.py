"""Files and folders that appear whole or not at all.

Everything is written under a temporary name in the folder where it will stand, and moved in place when it is
complete, so a reader never sees half a file and a kill leaves what was there before. Temporary names begin with a dot
and end in `.tmp`; what a kill leaves of them can be deleted at any time.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

TEMPORARY = ".tmp"
"""How temporary names end; readers of folders leave out what ends so."""


def write_bytes(path: Path, data: bytes) -> None:
    """Put `data` at `path`, replacing what is there; the folder is made where it is missing.

    Raises:
        OSError: the file cannot be written; what was at `path` is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = _temporary(path)
    try:
        with partial.open("xb") as stream:  # not tempfile: its files are closed to the user's group
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Put `text` at `path` in UTF-8 with the line ends as given (see `write_bytes`)."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, document: Any, *, sort_keys: bool = False) -> None:
    """Put `document` at `path` as strict JSON: two blanks of indent, no NaN, a newline at the end.

    Raises:
        ValueError: the document holds NaN or an infinity, which JSON does not know.
        TypeError: the document holds something that is not plain data.
    """
    write_text(path, json.dumps(document, allow_nan=False, ensure_ascii=False, indent=2, sort_keys=sort_keys) + "\n")


@contextmanager
def replacing_folder(path: Path, *, replace: bool = True) -> Iterator[Path]:
    """A temporary folder beside `path`, which becomes `path` when the block ends well and vanishes when it does not.

    What stood at `path` is moved aside first, because a folder that is not empty cannot be replaced in one step: a
    kill between the two moves leaves it under its temporary name (`.<name>.<random>.tmp`), complete.

    Args:
        path: of the folder.
        replace: False leaves what stands at `path` (unless it is an empty folder) and raises FileExistsError, even
            where another process put it there meanwhile.

    Raises:
        OSError: the folder cannot be written or moved in place; what was at `path` is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = _temporary(path)
    partial.mkdir()
    try:
        yield partial
        (_move_in_place if replace else _move_if_free)(partial, path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _move_if_free(partial: Path, path: Path) -> None:
    with suppress(OSError):
        path.rmdir()  # succeeds on an empty folder only
    try:
        os.rename(partial, path)
    except OSError as error:
        if path.exists():
            raise FileExistsError(error.errno, "is there already", str(path)) from error
        raise


def _move_in_place(partial: Path, path: Path) -> None:
    if not path.exists():
        os.rename(partial, path)
        return
    aside = _temporary(path)
    os.rename(path, aside)
    try:
        os.rename(partial, path)
    except OSError:
        with suppress(OSError):  # the first failure is the one to report
            os.rename(aside, path)
        raise
    if aside.is_dir():
        shutil.rmtree(aside, ignore_errors=True)
    else:
        aside.unlink()


def _temporary(path: Path) -> Path:
    """A new name beside `path`; the readable part is cut, because most systems refuse names above 255 bytes."""
    return path.with_name(f".{path.name[:40]}.{secrets.token_hex(6)}{TEMPORARY}")
