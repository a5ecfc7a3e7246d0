"""The README: its commands run as they stand, and its figures are those that were published."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from .commands import blocks, commands
from .conftest import ROOT, simulate

README = (ROOT / "README.md").read_text(encoding="utf-8")
PUBLISHED = ROOT / "results" / "published"


def write_own_results(folder: Path) -> None:
    """The tables that the five-minute path starts from."""
    matrix = simulate(100, 240, n_subjects=3)
    rows, columns = np.indices(matrix.scores.shape)
    table = pd.DataFrame(
        {
            "model": matrix.models.index[rows.ravel()],
            "item": matrix.items.index[columns.ravel()],
            "score": matrix.scores.ravel(),
        }
    )
    table.to_csv(folder / "responses.csv", index=False)
    matrix.items.reset_index(names="item")[["item", "subject"]].to_csv(folder / "items.csv", index=False)


@pytest.mark.slow
def test_the_five_minute_path_runs_to_the_letter(tmp_path: Path) -> None:
    write_own_results(tmp_path)
    found = [command for command in commands(README) if "anchors=anchors" not in command]
    assert [command[1] for command in found][:2] == ["job=import", "job=compare"]
    for command in found:
        run = [sys.executable, "-m", "anchoreval", *command[1:]]
        done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"
    reports = list(tmp_path.glob("results/runs/*/report.md"))
    assert len(reports) == 2, "one report of compare, one of run"


@pytest.mark.slow
def test_the_python_of_the_readme_runs_and_the_leaderboard_on_its_anchors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for block in blocks(README, "python"):
        subprocess.run([sys.executable, "-W", "error::UserWarning", "-c", block.text], cwd=tmp_path, check=True)
    (listed,) = blocks(README, "yaml")
    (tmp_path / "models.yaml").write_text(listed.text, encoding="utf-8")
    for command in (command for command in commands(README) if "anchors=anchors" in command):
        subprocess.run([sys.executable, "-m", "anchoreval", *command[1:]], cwd=tmp_path, check=True)
    assert (tmp_path / "board" / "leaderboard.html").exists()
    assert (tmp_path / "exported" / "tasks" / "README.md").exists()


@pytest.mark.parametrize("name", ["demo.txt", "pocket.md", "selectors-ratios.md"])
def test_figures_are_those_that_were_published(name: str) -> None:
    published = (PUBLISHED / name).read_text(encoding="utf-8").strip()
    assert published in README
