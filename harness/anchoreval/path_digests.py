"""What stands at a path, in a few characters: files and folders count by their content and not by where they are."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any


def path_digest(path: Path, whole: int = 1 << 24) -> str:
    """SHA-256 of a file, or of the files under a folder with their names.

    Of files larger than `whole` bytes (a model's weights), the size and the two ends are read.
    """
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    for file in files:
        size = file.stat().st_size
        digest.update(f"{file.relative_to(path) if file != path else ''}\x1f{size}\x1e".encode())
        with file.open("rb") as stream:
            if size <= whole:
                digest.update(stream.read())
                continue
            digest.update(stream.read(whole // 2))
            stream.seek(-whole // 2, 2)
            digest.update(stream.read())
    return digest.hexdigest()


def content_of(value: Any) -> Any:
    """A value as it is, unless it is the path of something: then the digest of what is there (see `path_digest`)."""
    if isinstance(value, str) and value and os.path.exists(value):  # unlike Path.exists, takes text that is no path
        return path_digest(Path(value))
    return value
