"""An import that is killed leaves a store that opens and holds whole models only, and goes on where it was."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from anchoreval.studies.import_speed import write_logs

KILLS = 50


@pytest.mark.slow
def test_imports_killed_at_random_moments(tmp_path: Path) -> None:
    write_logs(tmp_path / "logs", models=40, items=60, subjects=2)
    script = Path(__file__).with_name("kill_imports.py")
    command = [sys.executable, str(script), str(tmp_path / "logs"), str(tmp_path / "stores"), str(KILLS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["wrong"] == 0
    assert found["equal"]
    assert not found["left"]
    assert found["at_work"] == KILLS
    assert found["partly"] > 0, "some kills fell between two models"


def test_the_logs_that_speed_is_measured_on_are_read_as_they_are_meant(tmp_path: Path) -> None:
    from anchoreval.importers.imported import ImportedRun, ReadOptions
    from anchoreval.importers.recognising import find_units, reader

    size = write_logs(tmp_path, models=1, items=114)
    units, _ = find_units(tmp_path)
    runs = [run for unit in units for run in reader(unit.importer).read(unit.path, ReadOptions())]
    answers = [run for run in runs if isinstance(run, ImportedRun)]
    assert len(answers) == 57
    assert sum(len(run.scores) for run in answers) == 114
    assert all(run.stated == pytest.approx(run.mean) and run.probabilities is not None for run in answers)
    values = -10.0 * np.random.default_rng(0).random((114, 4))
    assert [score for run in sorted(answers, key=lambda run: run.task) for score in run.scores] == [
        float(row.argmax() == n % 4) for n, row in enumerate(values)
    ]
    assert 900 < size / 114 < 1400
