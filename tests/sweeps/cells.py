"""The sweep of 200 cells that launchers are compared on."""

from __future__ import annotations

from pathlib import Path

from anchoreval.store import write_benchmark

from ..conftest import simulate

COUNT = 200
QUICK = ("job=tune", "benchmark.path=bench", "selector=random_search", "estimator=signature", "tune.divisions=1")
"""Cells in which little is measured, where only what comes out matters."""
CELLS = (*QUICK[:-1], "tune.divisions=12")
GRID = ("k=10,15,20,25,30", "seed=range(0,40)")
"""5 x 40 cells, of a second each."""


def write_bench(folder: Path) -> None:
    """The benchmark of the sweep, `bench`."""
    write_benchmark(simulate(200, 400), folder / "bench")
