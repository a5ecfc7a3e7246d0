"""Files and folders that appear whole or not at all.

Everything is written under a temporary name in the folder where it will stand, and moved in place when it is
complete, so a reader never sees half a file and a kill leaves what was there before. It is on the disk, and was read
back and found to be what was meant, before it replaces anything; the folder's entry is put on the disk as well, so that
a power cut does not undo what was reported as done. Temporary names begin with a dot and end in `.tmp`; what a kill
leaves of them can be deleted at any time.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from anchoreval.errors import UnwritableError

TEMPORARY = ".tmp"
"""How temporary names end; readers of folders leave out what ends so."""
DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}
"""What the system says where the place is at fault, whichever file was being written."""


def write_bytes(path: Path, data: bytes) -> None:
    """Put `data` at `path`, replacing what is there; the folder is made where it is missing.

    Raises:
        UnwritableError: the file cannot be written; what was at `path` is still there.
    """
    partial = _temporary(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("xb") as stream:  # not tempfile: its files are closed to the user's group
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if partial.read_bytes() != data:
            raise OSError(errno.EIO, "it reads back otherwise than it was written")
        os.replace(partial, path)
        _settle(path.parent)
    except OSError as error:
        raise _unwritable(error, path) from error
    finally:
        with suppress(OSError):  # the first failure is the one to report
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
        UnwritableError: the folder cannot be written or moved in place; what was at `path` is still there.
        FileExistsError: something stands at `path` that is not to be replaced.
    """
    partial = _new_folder(path)
    try:
        try:
            yield partial
        except OSError as error:
            if (place := _written_to(error, partial, path)) is None:
                raise
            raise _unwritable(error, place) from error
        _put_in_place(partial, path, replace)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _new_folder(path: Path) -> Path:
    """A temporary folder beside `path`."""
    partial = _temporary(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir()
    except OSError as error:
        raise _unwritable(error, path) from error
    return partial


def _put_in_place(partial: Path, path: Path, replace: bool) -> None:
    try:
        for there in (*partial.rglob("*"), partial):
            _settle(there)
        (_move_in_place if replace else _move_if_free)(partial, path)
        _settle(path.parent)
    except FileExistsError:
        raise
    except OSError as error:
        raise _unwritable(error, path) from error


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


def _settle(path: Path) -> None:
    """Put a file, or a folder's list of files, on the disk; systems that cannot do so for folders do not need it."""
    if path.is_symlink():
        return
    with suppress(PermissionError) if path.is_dir() else nullcontext():
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EBADF, errno.ENOTSUP):
                raise
        finally:
            os.close(descriptor)


def _written_to(error: OSError, partial: Path, path: Path) -> Path | None:
    """The place, as it will be called, that could not be written; None where the error is about something else."""
    if error.filename is None:
        return path if error.errno in DISK else None
    named = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else path
    return path / named.relative_to(partial) if named.is_relative_to(partial) else None


def _unwritable(error: OSError, path: Path) -> UnwritableError:
    return UnwritableError(error.errno, error.strerror or " ".join(str(error).split()), str(path))


def _temporary(path: Path) -> Path:
    """A new name beside `path`; the readable part is cut, because most systems refuse names above 255 bytes."""
    return path.with_name(f".{path.name[:40]}.{secrets.token_hex(6)}{TEMPORARY}")
