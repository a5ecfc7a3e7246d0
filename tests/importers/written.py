"""Files in the shapes of other harnesses, written by tests with nothing of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from anchoreval.importers.imported import ImportedRun, Importer, ReadOptions, Skipped
from anchoreval.importers.recognising import units_of


def write_json(path: Path, document: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def write_lines(path: Path, rows: list[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def runs_of(importer: Importer, path: Path, options: ReadOptions | None = None) -> list[ImportedRun]:
    """All runs in a file or folder, in which everything that is recognised must be read."""
    found = [one for unit in units_of(importer, path) for one in importer.read(unit, options or ReadOptions())]
    assert not [one for one in found if isinstance(one, Skipped)]
    return [one for one in found if isinstance(one, ImportedRun)]


def skipped_of(importer: Importer, path: Path, options: ReadOptions | None = None) -> list[str]:
    """Reasons of all that is left out."""
    found = [one for unit in units_of(importer, path) for one in importer.read(unit, options or ReadOptions())]
    return [one.reason for one in found if isinstance(one, Skipped)]


def scores_of(run: ImportedRun) -> dict[str, float]:
    """Scores by key."""
    return dict(zip(run.items["key"].astype(str), map(float, run.scores), strict=True))
