"""Exports replace exports and nothing else: what stands at the place must be one, or the place be free."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from anchoreval.errors import ConfigurationError


def refuse_foreign_file(path: Path, is_export: Callable[[Path], bool]) -> None:
    """Refuse to replace a file that is no export of this kind.

    Raises:
        ConfigurationError: naming the file.
    """
    if path.is_dir():
        raise ConfigurationError(f"{path}: is a folder; name a file")
    if path.exists() and path.stat().st_size and not is_export(path):
        raise ConfigurationError(f"{path}: is there already and is no export of this kind; name a new file")


def refuse_foreign_folder(folder: Path, mark: str) -> None:
    """Refuse to replace a folder that does not hold the file by which an export is known.

    Raises:
        ConfigurationError: naming the folder.
    """
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"{folder}: is a file; name a folder")
    if folder.is_dir() and not (folder / mark).is_file() and any(folder.iterdir()):
        raise ConfigurationError(f"{folder}: is there already and is no export of this kind; name a new folder")


def starts_with(path: Path, beginning: str) -> bool:
    """Whether a text file begins with these characters."""
    try:
        with path.open("rb") as stream:
            return stream.read(len(beginning.encode())) == beginning.encode()
    except OSError:
        return False
