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
from anchoreval.importers.file_heads import FoundFile
from anchoreval.importers.imported import Importer
from anchoreval.importers.walking import files_below

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
    readers = [reader(name) for name in (FORMATS if importer == AUTO else (importer,))]
    files = list(files_below(path))
    claimed: dict[str, list[Path]] = {one.name: [] for one in readers}
    for file in files:
        name, unit = _first(readers, FoundFile(file))
        if unit is not None:
            claimed[name].append(unit)
    taken: set[Path] = set()
    units: list[Unit] = []
    for name, found in claimed.items():
        for unit in found:
            own = [unit] if unit.is_file() else list(files_below(unit))
            if not taken.intersection(own):
                taken.update(own)
                units.append(Unit(name, unit, sum(file.stat().st_size for file in own)))
    return sorted(units, key=lambda unit: str(unit.path)), [file for file in files if file not in taken]


def units_of(importer: Importer, path: Path) -> Iterator[Path]:
    """The units of one format in a file or folder, in the order of paths."""
    for file in files_below(path):
        if (unit := importer.unit(FoundFile(file))) is not None:
            yield unit


def _first(readers: Sequence[Importer], file: FoundFile) -> tuple[str, Path | None]:
    """The first reader that recognises a file, and the unit that it is part of."""
    for one in readers:
        if (unit := one.unit(file)) is not None:
            return one.name, unit
    return "", None
