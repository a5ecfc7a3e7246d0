from __future__ import annotations

import json
from pathlib import Path

from .commands import TUNE, call, collected, complete, killed, same

CELLS = 12
BESIDE = ("hydra/launcher=processes", "hydra.launcher.n_jobs=2")
SWEEP = ["-m", *TUNE, f"seed=range(0,{CELLS})", "k=10", *BESIDE]


def test_a_sweep_that_is_killed_three_times_repeats_no_finished_cell(here: Path) -> None:
    results = here / "results"
    done: dict[str, int] = {}
    for goal in (3, 6, 9):
        assert killed(here, SWEEP, lambda goal=goal: len(complete(results)) >= goal), "it ended before it was killed"
        now = complete(results)
        assert now.items() >= done.items(), "a finished cell was written again"
        assert goal <= len(now) < CELLS, "it was killed half-way"
        done = now
    said = call(here, *SWEEP)
    last = complete(results)
    assert last.items() >= done.items()
    assert len(last) == CELLS
    assert f"{CELLS} jobs: {CELLS - len(done)} done, {len(done)} were there already, 0 failed" in said
    records = [json.loads(one.read_text()) for one in results.glob("sweeps/*/jobs/*.json")]
    written = [one["folder"] for one in records if one["changed"]]
    assert len(written) == len(set(written)), "no cell is reported as done twice"
    call(here, *SWEEP[: -len(BESIDE)], "results=undisturbed")
    assert same(collected(here, "results"), collected(here, "undisturbed"))
