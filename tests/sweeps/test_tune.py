from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from anchoreval.cli import main
from anchoreval.contract import choose, fit
from anchoreval.errors import MethodOptionError
from anchoreval.protocol.roles import assign_roles
from anchoreval.protocol.source_error import source_error
from anchoreval.protocol.splits import split
from anchoreval.registry import make_estimator, make_selector
from anchoreval.responses import ResponseMatrix
from anchoreval.store import write_benchmark

from .commands import TUNE, call, command, complete, environment

TARGETS = [f"model{n:03d}" for n in range(0, 40, 4)]
SHARE = 0.3
ASKED = ["job=tune", f"calibration={SHARE}", "scorer=replay", f"scorer.models=[{','.join(TARGETS)}]"]
METHODS = ["selector=random_search", "estimator=signature", "k=8"]


def with_other_answers(matrix: ResponseMatrix, models: Collection[str]) -> ResponseMatrix:
    """The same benchmark in which some models answer at random."""
    rows = matrix.models.index.isin(models)
    scores = matrix.scores.copy()
    scores[rows] = np.random.default_rng(5).integers(0, 2, (int(rows.sum()), matrix.n_items))
    return ResponseMatrix.from_arrays(scores, models=matrix.models, items=matrix.items, name=matrix.name)


def objective(matrix: ResponseMatrix, name: str) -> float:
    """What `job=tune` returns for a benchmark."""
    write_benchmark(matrix, Path(name))
    assert main([*ASKED, *METHODS, f"benchmark.path={name}", f"results=results-{name}"]) == 0
    (folder,) = Path(f"results-{name}", "runs").iterdir()
    return float(json.loads((folder / "result.json").read_text(encoding="utf-8"))["error"])


def test_neither_targets_nor_calibration_models_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synthetic: Callable[..., ResponseMatrix]
) -> None:
    monkeypatch.chdir(tmp_path)
    matrix = synthetic(40, 60)
    sources = matrix.subset(models=matrix.models.index.difference(TARGETS, sort=False))
    roles = assign_roles(sources, SHARE, seed=0)
    calibrating, choosing = (list(roles.index[roles == role]) for role in ("calibrate", "select"))
    assert len(calibrating) >= 8
    first = objective(matrix, "first")
    assert objective(with_other_answers(matrix, TARGETS), "targets") == first
    assert objective(with_other_answers(matrix, calibrating), "calibration") == first
    assert objective(with_other_answers(matrix, choosing[:5]), "sources") != first


def test_the_error_is_that_of_held_out_sources(synthetic: Callable[..., ResponseMatrix]) -> None:
    sources = synthetic(30, 50)
    chooser, reader = make_selector("random"), make_estimator("signature")
    found = source_error(sources, chooser, reader, 8, seed=3, divisions=2)
    gaps: dict[str, list[float]] = {}
    for number in range(2):
        sides = split(sources, "iid", 3 + number)
        teachers, held = sources.subset(models=sides.sources), sources.subset(models=sides.targets)
        anchors = choose(chooser, teachers, 8, 3)
        made = fit(reader, teachers.part(anchors.items), anchors, 3).predict(held.part(anchors.items))
        for model in sides.targets:
            gaps.setdefault(model, []).append(abs(made.loc[model, "score"] - held.full_scores[model]))
    expected = pd.Series({model: np.mean(values) for model, values in gaps.items()}).sort_index()
    pd.testing.assert_series_equal(found.errors.sort_index(), expected, check_names=False, check_dtype=False)
    assert found.mean == pytest.approx(expected.mean())
    assert found.standard_error == pytest.approx(expected.std() / np.sqrt(len(expected)))


def test_variants_of_one_model_count_once(synthetic: Callable[..., ResponseMatrix]) -> None:
    sources = synthetic(30, 50, variants=3)
    found = source_error(sources, make_selector("random"), make_estimator("weighted"), 8)
    assert found.mean == pytest.approx(found.errors.groupby(found.groups).mean().mean())
    assert found.groups.nunique() < len(found.errors)
    one = dataclasses.replace(found, errors=found.errors[:1], groups=found.groups[:1])
    assert np.isnan(one.standard_error)


def test_a_wrong_division_is_refused(synthetic: Callable[..., ResponseMatrix]) -> None:
    methods = make_selector("random"), make_estimator("weighted")
    with pytest.raises(MethodOptionError, match=r"tune\.divisions = 0"):
        source_error(synthetic(30, 50), *methods, 8, divisions=0)
    with pytest.raises(MethodOptionError, match="nearby"):
        source_error(synthetic(30, 50), *methods, 8, resemble="nearby")


def test_a_run_alone_is_shown_and_found_again(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*TUNE, "k=10"]) == 0
    first = capsys.readouterr().out
    error = re.search(r"inside the sources ([0-9.]+) \(standard error [0-9.]+\) points", first)
    assert error
    assert main([*TUNE, "k=10", "exit_code=true", "level=0.8"]) == 3, "what only intervals depend on changes nothing"
    assert "was complete" in capsys.readouterr().out
    assert main([*TUNE, "k=10", "tune.divisions=2"]) == 0
    assert len(complete(here / "results")) == 2


def test_optuna_finds_the_smallest_error_and_repeats_nothing(here: Path) -> None:
    search = ["-m", "hydra/sweeper=tune", *TUNE, "k=range(5,40)", "selector=random,stratified"]
    said = call(here, *search, "hydra.sweeper.n_trials=5")
    results = [json.loads(one.read_text()) for one in (here / "results" / "runs").glob("*/result.json")]
    best = min(results, key=lambda one: one["error"])
    (found,) = (here / "results" / "sweeps").glob("*/optimization_results.yaml")
    told = yaml.safe_load(found.read_text(encoding="utf-8"))
    assert told["best_value"] == pytest.approx(best["error"])
    assert told["best_params"] == {"k": best["k"], "selector": best["selector"]}
    assert f"smallest error {best['error']:.2f} points: k={best['k']} selector={best['selector']}" in said
    before = complete(here / "results")
    assert "0 done, 5 were there already" in call(here, *search, "hydra.sweeper.n_trials=5")
    assert complete(here / "results") == before


def test_only_an_error_inside_the_sources_is_minimised(here: Path) -> None:
    search = ["-m", "hydra/sweeper=tune", "benchmark.path=bench", "k=range(5,40)", "hydra.sweeper.n_trials=2"]
    done = subprocess.run(command(*search), cwd=here, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert len(re.findall("minimises what job=tune returns.*job=run returns none", done.stderr)) >= 2
    assert "no run of the search succeeded" in done.stderr
    assert "Traceback" not in done.stderr
    assert os.listdir(here) == ["bench"]


def test_a_run_that_fails_is_left_out_of_the_search(here: Path) -> None:
    search = ["-m", "hydra/sweeper=tune", *TUNE, "k=choice(10,600)"]
    said = call(here, *search, "hydra.sweeper.n_trials=6", status=2)
    assert "k=10" in said
    assert len(complete(here / "results")) == 1
    assert list((here / "results").glob("sweeps/*/optimization_results.yaml"))
