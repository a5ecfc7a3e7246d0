from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from anchoreval.responses import ResponseMatrix
from anchoreval.studies.bento import prepared, verdict
from anchoreval.studies.task_lists import ITEMS, TASKS, Measured, measure, task_level

Simulator = Callable[..., ResponseMatrix]


@pytest.fixture
def matrix(synthetic: Simulator) -> ResponseMatrix:
    return synthetic(40, 60, n_subjects=5, seed=6, aggregation="macro")


@pytest.fixture
def measured(matrix: ResponseMatrix) -> Measured:
    return measure(matrix, {"sim": {}}, repeats=2)


def errors(measured: Measured, label: str, reading: str) -> np.ndarray:
    cells = measured.cells
    rows = cells[(cells["list"] == label) & (cells["reading"] == reading)]
    return rows.groupby("k")["nrmse"].mean().to_numpy()


def test_the_table_by_tasks_keeps_full_scores(matrix: ResponseMatrix) -> None:
    tasks = task_level(matrix)
    assert list(tasks.items.index) == [f"subject{n}" for n in range(5)]
    np.testing.assert_allclose(tasks.full_scores, matrix.full_scores, atol=1e-6)
    third = matrix.scores[:, matrix.items["subject"] == "subject2"].mean(axis=1)
    np.testing.assert_allclose(tasks.scores[:, 2], third, atol=1e-6)


def test_items_without_subjects_are_tasks(synthetic: Simulator) -> None:
    plain = synthetic(20, 12, continuous=True)
    np.testing.assert_allclose(task_level(plain).scores, plain.scores, atol=1e-6)


def test_all_tasks_leave_no_error_and_items_beat_as_many_tasks(measured: Measured) -> None:
    assert (measured.tasks, measured.models) == (5, 40)
    assert errors(measured, "sim", "size")[-1] == pytest.approx(0, abs=1e-6)
    assert errors(measured, TASKS, "size")[-1] == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(errors(measured, TASKS, "size"), measured.by_chance.mean(axis=0))
    assert set(measured.cells[measured.cells["list"] == ITEMS]["reading"]) == {"size", "ridge"}
    rows = measured.cells[(measured.cells["list"] == "sim") & (measured.cells["reading"] == "size")]
    assert rows.groupby("k")["items"].first().tolist() == [12, 24, 36, 48, 60]


def made(own: list[float], by_chance: np.ndarray, random_items: float) -> Measured:
    cells = [
        {
            "repeat": 0,
            "list": "mine",
            "reading": reading,
            "k": k,
            "nrmse": error,
            "items": 9,
            "random_items": random_items,
        }
        for reading in ("size", "cluster", "ridge")
        for k, error in enumerate(own, 1)
    ]
    cells += [{"repeat": 0, "list": TASKS, "reading": "ridge", "k": 1, "nrmse": 0.1}]
    return Measured(10, 7, pd.DataFrame(cells), by_chance, {"mine": ["a", "b"]})


def test_shares_count_random_orders_that_do_as_well() -> None:
    by_chance = np.array([[0.1, 0.1], [0.2, 0.2], [0.3, 0.0], [0.4, 0.4]])
    overall, at_each = made([0.2, 0.1], by_chance, 0.5).as_good("mine")
    assert overall == pytest.approx(0.5)  # means .1, .2, .15, .4 beside .15
    np.testing.assert_allclose(at_each, [0.5, 0.5])


def test_the_verdict_says_what_the_figures_say() -> None:
    chance = np.linspace(0.1, 0.2, 100)[:, None] * np.ones(2)
    found = {
        "better": made([0.05, 0.05], chance, 0.01),
        "worse": made([0.5, 0.5], chance, 0.01),
        "same": made([0.15, 0.15], chance, 0.9),
    }
    text = verdict(found)
    assert "Of 3 lists read by size, 1 beat random orders" in text
    assert "1 are worse than nearly all of them, and 1 cannot be told from them" in text
    assert "at every k for 2 of the 3 lists" in text
    for name, word in (("better", "beats random"), ("worse", "worse than random"), ("same", "not told from random")):
        (row,) = [line for line in text.splitlines() if line.startswith(f"| {name} ")]
        assert row.endswith(f"{word} |")


@pytest.mark.real_data
def test_pythias_sizes_are_base_models_and_its_tasks_are_their_own(real: Callable[[str], ResponseMatrix]) -> None:
    matrix = prepared(real("pythia_tasks"))
    assert "subject" not in matrix.items
    assert matrix.models["base_model"].nunique() == 8
    assert task_level(matrix).n_items == 130
