"""Thinned benchmarks: how many groups are left, who is on which side, and the errors by hand."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from anchoreval.contract import choose, fit
from anchoreval.groups import model_groups
from anchoreval.registry import make_estimator, make_selector
from anchoreval.responses import ResponseMatrix
from anchoreval.studies import source_groups
from anchoreval.studies.source_groups import Thinning, thinned

Simulator = Callable[..., ResponseMatrix]
NAMED = {"random": {"name": "random"}, "few strata": {"name": "stratified_difficulty", "strata": 2}}


def test_sources_are_so_many_groups_and_targets_others(synthetic: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = synthetic(120, 60, variants=2)
    groups = model_groups(matrix)
    monkeypatch.setattr(source_groups, "MOST_TARGETS", 30)
    drawn = []
    for repeat in range(2):
        sources, targets = thinned(matrix, groups, 12, repeat)
        kept, held = groups[sources.models.index], groups[targets.models.index]
        assert (kept.nunique(), held.nunique()) == (12, 30)
        assert (sources.n_models, targets.n_models) == (24, 60)
        assert not set(kept) & set(held)
        drawn.append(set(kept))
    assert drawn[0] != drawn[1]


def test_errors_are_those_of_the_methods_and_too_many_groups_are_left_out(synthetic: Simulator) -> None:
    matrix = synthetic(60, 80, seed=1)
    table = Thinning(NAMED, {"reading": {"name": "signature", "alpha": 1.0}}, 10, 2).errors(matrix, (15, 40, 41))
    assert sorted(table["groups"].unique()) == [15, 40]
    assert len(table) == 2 * 2 * 2
    assert table.groupby(["groups", "repeat"]).size().eq(2).all()
    sources, targets = thinned(matrix, model_groups(matrix), 15, 1)
    anchors = choose(make_selector("stratified_difficulty", strata=2), sources, 10, 1)
    estimate = fit(make_estimator("signature", alpha=1.0), sources, anchors, 1).predict(targets)["score"]
    row = table[(table["groups"] == 15) & (table["repeat"] == 1) & (table["selector"] == "few strata")]
    assert row["mae"].item() == pytest.approx(100 * (estimate - targets.full_scores).abs().mean())


def test_models_without_a_full_score_take_no_part(synthetic: Simulator) -> None:
    matrix = synthetic(60, 80, missing=0.05)
    known = matrix.full_scores.notna().sum()
    assert 30 < known < 60
    table = Thinning(NAMED, {"signature": {"name": "signature"}}, 10, 1).errors(matrix, (known - 20, known - 19))
    assert table["groups"].unique().tolist() == [known - 20]
    assert not table["mae"].isna().any()
    assert isinstance(table, pd.DataFrame)
