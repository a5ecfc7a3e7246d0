"""The files below a folder in which readers look for their format."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def files_below(path: Path, *suffixes: str) -> Iterator[Path]:
    """Files with one of these endings, in order of paths; `path` may be such a file itself.

    Hidden files and folders are left out, and links are not followed.
    """
    if path.is_file():
        if path.name.lower().endswith(suffixes):
            yield path
        return
    for folder, below, names in os.walk(path):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            found = Path(folder, name)
            if not name.startswith(".") and name.lower().endswith(suffixes) and _is_plain(found):
                yield found


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
