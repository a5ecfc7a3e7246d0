"""Sweeps (`-m`): every job leaves a record in the sweep's folder, and a last line counts them.

Jobs may run in other processes or on other machines, so what came of them is told through files, not memory.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from anchoreval.atomic import write_json
from anchoreval.jobs.output import in_sweep

REFUSED, FAILED, UNCHANGED = 2, 1, 3

_single: list[int] = []
_sweeps: list[tuple[Path, Path]] = []
"""The sweep's folder, and the topmost folder that did not exist before it."""


class Summary(Callback):  # type: ignore[misc]
    """Hydra's callback: remember where the sweep writes."""

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Called in the launching process before the first job."""
        folder = Path(str(config.hydra.sweep.dir)).absolute()
        _sweeps.append((folder, _first_missing(folder)))


def record(outcome: Mapping[str, Any]) -> None:
    """Keep what came of a job: its exit status, or its record in the sweep's folder."""
    if not in_sweep():
        _single.append(int(outcome["status"]))
        return
    hydra = HydraConfig.get()
    entry = {"job": int(hydra.job.num), "overrides": list(hydra.overrides.task), **outcome}
    write_json(Path(hydra.runtime.output_dir) / "jobs" / f"{entry['job']}.json", entry)


def finish() -> int:
    """The exit status of what ran; after a sweep, print how its jobs ended."""
    if not _sweeps:
        return _single[-1] if _single else 0
    records = [json.loads(p.read_text(encoding="utf-8")) for p in sorted((_sweeps[-1][0] / "jobs").glob("*.json"))]
    statuses = [int(r["status"]) for r in records]
    failed = sum(s in (FAILED, REFUSED) for s in statuses)
    already = sum(s not in (FAILED, REFUSED) and not r["changed"] for s, r in zip(statuses, records, strict=True))
    line = f"{len(records)} jobs: {len(records) - failed - already} done, {already} were there already, {failed} failed"
    print(line, file=sys.stderr if failed else sys.stdout)
    if failed:
        return FAILED if FAILED in statuses else REFUSED
    return UNCHANGED if statuses and set(statuses) == {UNCHANGED} else 0


def forget() -> None:
    """Clear the state of this command; remove the folder of a sweep in which nothing was done."""
    for folder, first_missing in _sweeps:
        records = [json.loads(p.read_text(encoding="utf-8")) for p in (folder / "jobs").glob("*.json")]
        if not any(r["folder"] for r in records):
            shutil.rmtree(folder, ignore_errors=True)
            _remove_empty(folder.parent, first_missing)
    _single.clear()
    _sweeps.clear()


def _first_missing(folder: Path) -> Path:
    missing = folder
    while not missing.parent.exists():
        missing = missing.parent
    return missing


def _remove_empty(folder: Path, top: Path) -> None:
    """Remove empty folders from `folder` up to `top`, which this command made."""
    while folder.is_relative_to(top) and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
