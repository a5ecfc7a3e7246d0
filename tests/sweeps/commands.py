"""The command in processes of its own, as users start it, and what a sweep leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

TUNE = ("job=tune", "benchmark.path=bench", "estimator=weighted")
"""Cheap cells: no figures are drawn."""


def command(*arguments: str) -> list[str]:
    """The command with these arguments."""
    return [sys.executable, "-m", "anchoreval", *arguments]


def environment(**variables: str) -> dict[str, str]:
    """That of the tests, in which nothing limits threads."""
    limits = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "SLURM_CPUS_PER_TASK")
    return {**{name: value for name, value in os.environ.items() if name not in limits}, **variables}


def call(folder: Path, *arguments: str, status: int = 0, **variables: str) -> str:
    """Standard output of the command, which must end with this status."""
    done = subprocess.run(
        command(*arguments), cwd=folder, env=environment(**variables), capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def collected(folder: Path, results: str) -> dict[str, bytes]:
    """The files that `job=collect` writes of a folder of results and that do not hold seconds."""
    call(folder, "job=collect", f"results={results}")
    return {
        path.name: path.read_bytes()
        for path in sorted((folder / results / "collected").glob("*"))
        if path.stem in ("results", "failed")
    }


def table(folder: Path, results: str) -> pd.DataFrame:
    """The long table that was collected."""
    return pd.read_parquet(folder / results / "collected" / "results.parquet")


def complete(folder: Path) -> dict[str, int]:
    """When each complete run below a folder was done, in nanoseconds, by its name."""
    return {path.parent.name: path.stat().st_mtime_ns for path in folder.glob("runs/[!.]*/done.json")}


def killed(folder: Path, arguments: list[str], when: Callable[[], bool], patience: float = 600.0) -> bool:
    """Start the command and kill it with all its processes as soon as `when` holds; False if it ended before."""
    with (folder / "said.txt").open("a") as said:
        process = subprocess.Popen(
            command(*arguments), cwd=folder, env=environment(), stdout=said, stderr=said, start_new_session=True
        )
    begin = time.monotonic()
    try:
        while not when():
            if process.poll() is not None:
                return False
            assert time.monotonic() - begin < patience, "the sweep does not come on"
            time.sleep(0.02)
        return True
    finally:
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def same(first: Mapping[str, bytes], second: Mapping[str, bytes]) -> bool:
    """Whether two collections hold the same files with the same bytes, and some at that."""
    return bool(first) and first == second
