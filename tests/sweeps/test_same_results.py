from __future__ import annotations

from pathlib import Path

from .commands import call, collected, same, table

SWEEP = ["-m", "benchmark.path=bench", "job=run,compare,tune", "seed=0,1", "k=10", "estimator=signature"]
GRID = ["compare.selectors=[optimal]", "compare.estimators=[signature]", "compare.k=[8]", "compare.repeats=1"]


def test_every_job_gives_the_same_table_in_one_process_and_in_two(here: Path) -> None:
    call(here, *SWEEP, *GRID, "results=one")
    said = call(here, *SWEEP, *GRID, "results=two", "hydra/launcher=processes", "hydra.launcher.n_jobs=2")
    assert "6 jobs: 6 done, 0 were there already, 0 failed" in said
    assert same(collected(here, "one"), collected(here, "two"))
    assert set(table(here, "two")["job"]) == {"run", "compare", "tune"}
    assert len(list((here / "two" / "sweeps").glob("*/jobs/*.json"))) == 6
