"""The study of copies: what it counts, which sources it takes away, and that it finds flattery where there is some."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anchoreval.responses import ResponseMatrix
from anchoreval.studies import duplicates


def leaderboard(families: int, copies: int, items: int = 300, seed: int = 0) -> ResponseMatrix:
    """Models that come several times, each wrong about another item, and as many that stand alone."""
    rng = np.random.default_rng(seed)
    ability, difficulty = rng.normal(0, 1, 2 * families), rng.normal(0, 1, items)
    rows = (rng.random((2 * families, items)) < 1 / (1 + np.exp(difficulty - ability[:, None]))).astype(float)
    rows = np.concatenate([np.repeat(rows[:families], copies, axis=0), rows[families:]])
    for n in range(families * copies):
        rows[n, n] = 1 - rows[n, n]
    return ResponseMatrix.from_arrays(rows, name="board")


def test_counts_show_pairs_groups_and_the_largest() -> None:
    made = leaderboard(15, 4)
    text = duplicates.counts(iter([made]), [0.001, 0.02])
    row = next(line for line in text.splitlines() if line.startswith("| board"))
    assert row == "| board | 75 | 300 | 0 | 75 | 0, 75, 1 | 90, 30, 4 |", "6 pairs in each of 15 families of 4"


def test_targets_stay_and_their_groups_leave_the_sources() -> None:
    table = duplicates.errors(leaderboard(20, 3), 3)
    every = table[table["targets"] == "all"].pivot(index="repeat", columns="sources", values=["n_source", "n_target"])
    assert (every["n_target"] == 20).all().all()
    size = every["n_source"]
    assert (size["all"] == 60).all()
    assert (size["no exact copies"] == 60).all()
    assert (size["no copies"] < 50).all()
    assert (size["as few"] == size["no copies"]).all()


def test_copies_among_the_sources_flatter_the_targets_that_have_them() -> None:
    table = duplicates.errors(leaderboard(30, 4), 3)
    mae = table[table["targets"] == "copied"].groupby("sources")["mae"].mean()
    assert mae["all"] < mae["as few"] < mae["no copies"]
    text = duplicates.errors_report(table.assign(models=150))
    flattery = mae["no copies"] - mae["as few"]
    line = next(line for line in text.splitlines() if "with a copy" in line)
    assert float(line.split("|")[-2].split("(")[0]) == pytest.approx(flattery, abs=0.006)


def test_the_order_of_models_changes_nothing() -> None:
    made = leaderboard(10, 3)
    turned = made.subset(models=np.random.default_rng(1).permutation(made.models.index))
    pd.testing.assert_frame_equal(duplicates.errors(turned, 2), duplicates.errors(made, 2))


def test_without_copies_there_is_nothing_to_say_of_them() -> None:
    made = leaderboard(30, 1)
    text = duplicates.errors_report(duplicates.errors(made, 2).assign(models=60))
    assert next(line for line in text.splitlines() if "with a copy (0)" in line).endswith("|  |  |  |  |  |")


@pytest.mark.real_data
def test_the_study_writes_both_tables(tmp_path: Path, data_folder: Path) -> None:
    chosen = ["--counted", "arc", "pocket", "--let-in", "arc", "--repeats", "2"]
    duplicates.main(["--data", str(data_folder), "--into", str(tmp_path), *chosen])
    text = (tmp_path / "duplicates.md").read_text(encoding="utf-8")
    assert text.count("| arc | 212 |") == 3
    assert "| pocket | 162 |" in text
