"""Imports killed at random moments, in children of one warm process; writes what was found as JSON.

Arguments: a folder of logs, a folder to import into, the number of kills of imports that were at work.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from anchoreval.cli import main
from anchoreval.jobs.import_formats import staging_folder
from anchoreval.store import read_benchmark

ANEW = 4
"""After so many tries the import begins from nothing."""


def imported(logs: str, into: Path) -> int:
    with contextlib.redirect_stdout(io.StringIO()):
        return main(["job=import", f"path={logs}", f"into={into}", "reading.workers=1"])


def killed_after(seconds: float, logs: str, into: Path) -> bool:
    """Import in a child and kill it; whether it was still at work."""
    if (child := os.fork()) == 0:
        os._exit(imported(logs, into))
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1] == signal.SIGKILL


def models_of(into: Path) -> dict[str, list[float]]:
    """What the store holds; it must open wherever it is there."""
    if not (into / "benchmark.json").exists() or not list((into / "responses").glob("[!.]*.parquet")):
        return {}
    matrix = read_benchmark(into)
    return {str(name): row.tolist() for name, row in zip(matrix.models.index, matrix.scores, strict=True)}


def run(logs: str, folder: Path, kills: int) -> dict[str, object]:
    rng = random.Random(0)
    begin = time.perf_counter()
    assert imported(logs, folder / "undisturbed") == 0
    whole, expected = time.perf_counter() - begin, models_of(folder / "undisturbed")
    into, at_work, partly, wrong, tries = folder / "bench", 0, 0, 0, 0
    while at_work < kills and tries < 4 * kills:
        if tries % ANEW == 0:
            shutil.rmtree(into, ignore_errors=True)
            shutil.rmtree(staging_folder(into), ignore_errors=True)
        tries += 1
        at_work += killed_after(rng.uniform(0.0, whole), logs, into)
        found = models_of(into)
        wrong += any(expected[name] != row for name, row in found.items())
        partly += 0 < len(found) < len(expected)
    assert imported(logs, into) == 0
    left = [path.name for path in folder.iterdir() if path.name.endswith(".import.tmp")]
    return {"at_work": at_work, "partly": partly, "wrong": wrong, "equal": models_of(into) == expected, "left": left}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))) + "\n")
