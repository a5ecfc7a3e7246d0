"""What did not come to results: jobs of sweeps, combinations inside comparisons, and damaged runs.

A job of a sweep leaves a record (`anchoreval.cli.sweep`); one that failed is listed until its request is done, by
another sweep or alone. `reason` is one line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from anchoreval.collecting.found import Damage, FoundRun
from anchoreval.collecting.requests import request_digest
from anchoreval.protocol.records import OK

SWEEPS = "sweeps"
"""The folder of sweeps inside a folder of results."""
COLUMNS = ("what", "kind", "reason", "overrides", "run")
"""job, combination or run; the kind of error or the state; a line; what told the job apart; the run or sweep."""
LASTING = (1, 2)
"""Exit statuses of jobs that did not do what they were asked."""


def failures(path: Path, runs: Sequence[FoundRun], damages: Iterable[Damage]) -> pd.DataFrame:
    """A row for everything that failed below a folder of results, in a fixed order."""
    done = {request_digest(run.config) for run in runs}
    rows = [*_jobs(path, done), *(row for run in runs if run.job == "compare" for row in _combinations(run))]
    rows += [{"what": "run", "kind": "damaged", "reason": one.problem, "run": one.folder.name} for one in damages]
    table = pd.DataFrame(rows).reindex(columns=list(COLUMNS)).astype("string")
    return table.sort_values(list(COLUMNS), ignore_index=True, na_position="first")


def _jobs(path: Path, done: set[str]) -> Iterator[dict[str, Any]]:
    """Failed jobs by their latest record, without those that were done since."""
    latest: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for sweep, entry in _records(path):
        key = str(entry.get("request") or entry["overrides"])
        latest[key] = (sweep, entry)
    for key, (sweep, entry) in latest.items():
        if entry.get("status") in LASTING and key not in done:
            overrides = " ".join(map(str, entry["overrides"]))
            kind, reason = entry.get("error", "error"), entry.get("message", "")
            yield {"what": "job", "kind": kind, "reason": reason, "overrides": overrides, "run": sweep}


def _records(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Records of sweeps in the order in which the sweeps began; one that cannot be read was not finished."""
    for file in sorted(path.glob(f"{SWEEPS}/*/jobs/*.json")):
        try:
            entry = json.loads(file.read_text(encoding="utf-8"))
            yield file.parent.parent.name, {**entry, "overrides": list(entry["overrides"])}
        except (OSError, ValueError, LookupError, TypeError):
            continue


def _combinations(run: FoundRun) -> Iterator[dict[str, Any]]:
    """Combinations of a comparison that failed or were not applicable."""
    table = pd.read_parquet(run.file("cells.parquet"))
    names = [name for name in ("split", "repeat", "selector", "estimator", "k") if name in table]
    for row in table[table["status"] != OK].to_dict(orient="records"):
        told = " ".join(f"{name}={row[name]}" for name in names)
        yield {
            "what": "combination",
            "kind": row["status"],
            "reason": row["reason"],
            "overrides": told,
            "run": run.name,
        }
