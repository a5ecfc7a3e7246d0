from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest

from ..sweeps.cells import CELLS, COUNT, GRID, write_bench
from ..sweeps.commands import call, collected, same
from .rounds import seconds_by_round

pytestmark = [pytest.mark.long, pytest.mark.slow]

ROUNDS = 1
"""Of two whole sweeps each: minutes, in which busy moments of the machine even out."""
BESIDE = ("hydra/launcher=processes", "hydra.launcher.n_jobs=2")


def test_two_processes_sweep_200_cells_in_at_most_0_6_of_the_time_of_one_to_the_same_bits(tmp_path: Path) -> None:
    write_bench(tmp_path)
    made: dict[str, list[str]] = {"one": [], "two": []}

    def swept(name: str, *launcher: str) -> None:
        results = f"{name}-{len(made[name])}"
        said = call(tmp_path, "-m", *CELLS, *GRID, *launcher, f"results={results}")
        assert f"{COUNT} jobs: {COUNT} done, 0 were there already, 0 failed" in said
        made[name].append(results)

    seconds = seconds_by_round({"one": lambda: swept("one"), "two": lambda: swept("two", *BESIDE)}, ROUNDS)
    first, *others = [collected(tmp_path, results) for results in (*made["one"], *made["two"])]
    assert all(same(first, other) for other in others)
    ratio = median(seconds["two"]) / median(seconds["one"])
    assert ratio <= 0.6
