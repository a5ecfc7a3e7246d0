"""Sweeps (`-m`): every job leaves a record in the sweep's folder, and a last line counts them.

Jobs may run in other processes or on other machines, so what came of them is told through files, not memory.
`job=collect` reads the records as well: it lists what failed and was not done since.
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
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from anchoreval.atomic import write_json
from anchoreval.jobs.output import in_sweep

REFUSED, FAILED, UNCHANGED = 2, 1, 3
FOUND = "optimization_results.yaml"
"""Where Hydra's Optuna sweeper writes the best options."""
OVERVIEW = "multirun.yaml"
"""What Hydra writes of every sweep before its first job."""

_single: list[int] = []
_sweeps: list[tuple[Path, Path]] = []
"""The sweep's folder, and the topmost folder that did not exist before it."""


class Summary(Callback):  # type: ignore[misc]
    """Hydra's callback: remember where the sweep writes."""

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Called in the launching process before the first job."""
        folder = Path(str(config.hydra.sweep.dir)).absolute()
        _sweeps.append((folder, _first_missing(folder)))


def record(outcome: Mapping[str, Any], config: DictConfig) -> None:
    """Keep what came of a job: its exit status, or its record in the sweep's folder.

    Args:
        outcome: status, message, folder, whether it changed anything, seconds and, of a failure, the kind of error.
        config: of the job, by which `job=collect` knows whether it was done since.
    """
    if not in_sweep():
        _single.append(int(outcome["status"]))
        return
    hydra = HydraConfig.get()
    entry = {"job": int(hydra.job.num), "overrides": list(hydra.overrides.task), **outcome}
    write_json(_jobs(Path(hydra.runtime.output_dir)) / f"{entry['job']}.json", entry | {"request": _digest(config)})


def finish() -> int:
    """The exit status of what ran; after a sweep, print how its jobs ended."""
    if not _sweeps:
        return _single[-1] if _single else 0
    folder = _sweeps[-1][0]
    records = _records(folder)
    statuses = [int(r["status"]) for r in records]
    failed = sum(s in (FAILED, REFUSED) for s in statuses)
    already = sum(s not in (FAILED, REFUSED) and not r["changed"] for s, r in zip(statuses, records, strict=True))
    line = f"{len(records)} jobs: {len(records) - failed - already} done, {already} were there already, {failed} failed"
    print("\n".join([line, *_best(folder)]), file=sys.stderr if failed else sys.stdout)
    if failed:
        return FAILED if FAILED in statuses else REFUSED
    return UNCHANGED if statuses and set(statuses) == {UNCHANGED} else 0


def forget() -> None:
    """Clear the state of this command; remove the folder of a sweep in which nothing was done and nothing failed."""
    for folder, first_missing in _sweeps:
        if _is_without_trace(folder):
            shutil.rmtree(folder, ignore_errors=True)
            _remove_empty(folder.parent, first_missing)
    _single.clear()
    _sweeps.clear()


def _jobs(folder: Path) -> Path:
    return folder / "jobs"


def _records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(p.read_text(encoding="utf-8")) for p in sorted(_jobs(folder).glob("*.json"))]


def _digest(config: DictConfig) -> str | None:
    """Of the request; None where it could not even be resolved."""
    from anchoreval.collecting.requests import request_digest

    try:
        return request_digest(OmegaConf.to_container(config, resolve=True))
    except OmegaConfBaseException:
        return None


def _best(folder: Path) -> list[str]:
    """What an optimising sweeper found, in a line."""
    if not (folder / FOUND).is_file():
        return []
    found = OmegaConf.to_container(OmegaConf.load(folder / FOUND))
    if not isinstance(found, dict) or "best_params" not in found:
        return []
    options = " ".join(f"{key}={value}" for key, value in found["best_params"].items())
    return [f"smallest error {found['best_value']:.2f} points: {options}"]


def _is_without_trace(folder: Path) -> bool:
    """Whether every job was refused, or none began: then the sweep leaves nothing, as a wrong request does."""
    if records := _records(folder):
        return all(int(r["status"]) == REFUSED for r in records)
    return not folder.exists() or {p.name for p in folder.iterdir()} <= {OVERVIEW}


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
