"""Adaptive trials: readings against their definitions, complete rows, and the gain where the truth is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from anchoreval.errors import NotApplicableError
from anchoreval.policies.fisher import Fisher
from anchoreval.policies.optimal import Optimal
from anchoreval.protocol.adaptive import COLUMNS, adaptive_trial
from anchoreval.protocol.open_readings import LinearReading, ResponseReading, open_readings
from anchoreval.registry import make_selector
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


def test_readings_of_all_answers_are_the_full_scores(synthetic: Simulator) -> None:
    matrix = synthetic(40, 60, n_subjects=4, aggregation="macro", seed=1)
    sources, targets = matrix.subset(models=matrix.models.index[10:]), matrix.subset(models=matrix.models.index[:10])
    for reading in open_readings(sources).values():
        np.testing.assert_allclose(reading.scores(targets), targets.full_scores, atol=1e-4)


def test_the_linear_reading_is_the_conditional_mean(synthetic: Simulator) -> None:
    sources = synthetic(50, 20, seed=2)
    reading = LinearReading.fitted(sources)
    covariance = reading.covariance.among(np.arange(20))
    answers = np.full((1, 20), np.nan)
    answers[0, [3, 7, 11]] = [1.0, 0.0, 1.0]
    matrix = ResponseMatrix.from_arrays(answers, items=sources.items)
    some, mean = [3, 7, 11], sources.scores.mean(axis=0, dtype=np.float64)
    known = covariance[:, some] @ np.linalg.inv(covariance[np.ix_(some, some)]) @ (answers[0, some] - mean[some])
    assert reading.scores(matrix)[0] == pytest.approx(sources.weights @ (mean + known))
    silent = ResponseMatrix.from_arrays(np.full((1, 20), np.nan), items=sources.items)
    assert reading.scores(silent)[0] == pytest.approx(sources.weights @ mean)


def test_pirt_reads_each_target_by_its_own_items(synthetic: Simulator) -> None:
    """The rest of each target is expected at its own ability, written out item by item."""
    matrix = synthetic(60, 80, seed=3)
    reading = ResponseReading.fitted(matrix)
    rng = np.random.default_rng(0)
    scores = np.where(rng.random((5, 80)) < 0.3, matrix.scores[:5], np.nan)
    answers = ResponseMatrix.from_arrays(scores, items=matrix.items)
    ability = reading.abilities(answers)
    table = reading.response.response_.anchors.table
    order = matrix.items.index.get_indexer(reading.response.response_.answered.anchors)
    for row, estimate in enumerate(reading.scores(answers)):
        chance = np.empty(80)
        chance[order] = 1 / (1 + np.exp(-(table[:, 0] * ability[row] + table[:, 1])))
        assert estimate == pytest.approx(np.where(np.isnan(scores[row]), chance, scores[row]).mean(), abs=1e-6)


def test_rows_are_complete_and_repeat_themselves(synthetic: Simulator) -> None:
    matrix = synthetic(60, 120, seed=4)
    policies = {"fisher": Fisher(), "stops": Optimal(standard_error=0.08)}
    arguments = {"selectors": {"random": make_selector("random")}, "k": (10, 20), "seed": 5, "most_targets": 9}
    table = adaptive_trial(matrix, policies, **arguments)
    assert list(table.columns) == list(COLUMNS)
    assert len(table) == 3 * 2 * 4
    assert (table["n_target"] == 9).all()
    assert (table["items"] <= table["k"]).all()
    fixed = table[table["test"] == "random"]
    assert (fixed["items"] == fixed["k"]).all()
    assert (fixed["overlap"] == 1.0).all()
    assert table.loc[table["reading"] == "pirt", "ability_error"].notna().all()
    assert table.equals(adaptive_trial(matrix, policies, **arguments))


def test_asking_what_tells_most_beats_random_items(synthetic: Simulator) -> None:
    tables = [
        adaptive_trial(synthetic(160, 400, seed=s), {"fisher": Fisher(), "optimal": Optimal()}, k=(25,)) for s in (6, 7)
    ]
    for table in tables:
        read = table[table["reading"] != "linear"]
        assert (read["mae"] < 0.9 * read["mae_random"]).all()
        assert (read["ability_error"].dropna() < 0.8 * read["ability_error_random"].dropna()).all()


def test_a_part_of_a_benchmark_is_refused(synthetic: Simulator) -> None:
    matrix = synthetic(40, 60, seed=8)
    with pytest.raises(NotApplicableError, match="need all items"):
        adaptive_trial(matrix.part(matrix.items.index[:30]), {"fisher": Fisher()}, k=(5,))
