"""The files below a folder, among which formats are looked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from anchoreval.errors import ResponseDataError


def files_below(path: Path, *suffixes: str) -> Iterator[Path]:
    """Files with one of these endings (without any: all), in order of paths; `path` may be such a file itself.

    Hidden files and folders are left out, and links are not followed, so that no circle is.

    Raises:
        ResponseDataError: a folder cannot be read.
    """
    endings = suffixes or ("",)
    if path.is_file():
        if path.name.lower().endswith(endings):
            yield path
        return
    for folder, below, names in os.walk(path, onerror=_refuse):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            found = Path(folder, name)
            if not name.startswith(".") and name.lower().endswith(endings) and _is_plain(found):
                yield found


def _refuse(error: OSError) -> NoReturn:
    raise ResponseDataError(f"{error.filename}: cannot be read: {error.strerror}") from error


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
