"""Which reader reads what: formats are recognised by the content of files, whatever these are called.

A folder may hold runs of several formats and things that are no results at all. Every file belongs to the first reader
that recognises it; what none does is listed, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from anchoreval.errors import ConfigurationError, ResponseDataError
from anchoreval.importers.imported import Importer

FORMATS = {
    "lm_eval": "anchoreval.importers.lm_eval_logs",
    "helm": "anchoreval.importers.helm",
    "inspect": "anchoreval.importers.inspect_logs",
    "open_llm_v1": "anchoreval.importers.open_llm_v1",
    "lighteval": "anchoreval.importers.lighteval",
    "opencompass": "anchoreval.importers.opencompass",
    "every_eval_ever": "anchoreval.importers.every_eval_ever",
    "alpaca_eval": "anchoreval.importers.alpaca_eval",
    "swe_bench": "anchoreval.importers.swe_bench",
    "mmlu_pro": "anchoreval.importers.mmlu_pro",
    "py_irt": "anchoreval.importers.py_irt",
}
"""By the name that `importer=` takes: the module whose `IMPORTER` reads the format; the narrowest formats first."""
AUTO = "auto"


@dataclass(frozen=True)
class Unit:
    """Something that one reader reads by itself.

    Attributes:
        importer: name of the reader.
        path: a file or a folder.
        size: bytes of all its files.
    """

    importer: str
    path: Path
    size: int


def reader(name: str) -> Importer:
    """The reader of a format.

    Raises:
        ConfigurationError: there is no such format.
    """
    if name not in FORMATS:
        raise ConfigurationError(f"importer={name}: there is no such importer (there are: {', '.join(FORMATS)})")
    found: Importer = import_module(FORMATS[name]).IMPORTER
    return found


def find_units(path: Path, importer: str = AUTO) -> tuple[list[Unit], list[Path]]:
    """What can be read in a file or folder, in the order of paths, and the files that nobody recognises.

    Args:
        path: of the file or folder.
        importer: name of a format; `auto` tries all.

    Raises:
        ConfigurationError: there is no such format.
        ResponseDataError: the path is not there.
    """
    if not path.exists():
        raise ResponseDataError(f"{path}: there is no such file or folder")
    names = list(FORMATS) if importer == AUTO else [importer]
    taken: set[Path] = set()
    units: list[Unit] = []
    for name in names:
        for found in reader(name).units(path):
            files = _files(found)
            if not taken.intersection(files):
                taken.update(files)
                units.append(Unit(name, found, sum(file.stat().st_size for file in files)))
    left = [file for file in _files(path) if file not in taken]
    return sorted(units, key=lambda unit: str(unit.path)), left


def _files(path: Path) -> Sequence[Path]:
    return [path] if path.is_file() else sorted(_below(path))


def _below(folder: Path) -> Iterator[Path]:
    """Files below a folder, hidden ones left out; links are not followed, so that no circle is."""
    for entry in folder.iterdir():
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        if entry.is_dir():
            yield from _below(entry)
        elif entry.is_file():
            yield entry
