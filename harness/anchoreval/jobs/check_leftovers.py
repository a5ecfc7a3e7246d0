"""What killed writes leave behind: files and folders under temporary names (`anchoreval.atomic`)."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from anchoreval.atomic import TEMPORARY

DAY = 86_400.0
"""Seconds after which nobody is writing there any more."""
NAME = re.compile(rf"\.(?P<of>.+)\.(?:[0-9a-f]{{12}}|import){re.escape(TEMPORARY)}", re.DOTALL)
"""Of a write, or of an import that can go on where it was killed (`anchoreval.jobs.import_formats`)."""
LONGEST = 40
"""Characters of a name that its temporary one repeats."""


def leftovers(path: Path) -> list[Path]:
    """Temporary files and folders inside a folder, and those beside it (or beside a file) that were to become it."""
    place = path.absolute()
    names = (place.name, place.name[:LONGEST])
    beside = [p for p in place.parent.iterdir() if (found := NAME.fullmatch(p.name)) and found["of"] in names]
    return sorted({*beside, *(_inside(place) if place.is_dir() else ())})


def remove_old(found: list[Path], now: float | None = None) -> list[Path]:
    """Remove those that are older than a day; what was removed.

    A folder is as old as the newest thing in it.

    Raises:
        OSError: one cannot be removed.
    """
    limit = (time.time() if now is None else now) - DAY
    old = [path for path in found if _changed(path) < limit]
    for path in old:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return old


def _inside(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if NAME.fullmatch(path.name):
            yield path
        elif path.is_dir() and not path.is_symlink():
            yield from _inside(path)


def _changed(path: Path) -> float:
    inner = path.rglob("*") if path.is_dir() and not path.is_symlink() else ()
    return float(max(one.lstat().st_mtime for one in (path, *inner)))
