from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anchoreval.anchors import load_anchors
from anchoreval.cli import main
from anchoreval.groups import model_groups
from anchoreval.protocol.anchoring import reconstruct, select
from anchoreval.responses import ResponseMatrix
from anchoreval.scoring.replay import replay
from anchoreval.store import read_benchmark, write_benchmark


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_folders(here: Path) -> list[Path]:
    return sorted((here / "results" / "runs").iterdir(), key=lambda path: path.stat().st_mtime_ns)


def roles_of(folder: Path) -> pd.Series[str]:
    roles = load_anchors(folder / "anchors").roles
    assert roles is not None
    return roles


def estimates(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "estimates.parquet")


@pytest.mark.parametrize(("calibration", "intervals"), [("auto", "auto"), (0.4, "normalised"), ("cross", "mondrian")])
def test_a_run_equals_the_same_steps_in_python(
    here: Path, synthetic: Callable[..., ResponseMatrix], calibration: float | str, intervals: str
) -> None:
    write_benchmark(synthetic(90, 80, n_subjects=3, options=4, variants=2), "bench")
    chosen = ["selector=disco", "estimator=signature", "scorer=replay", "scorer.models=[model010,model050]"]
    if calibration != "auto":
        chosen += [f"calibration={calibration}", f"intervals={intervals}"]
    assert main(["benchmark.path=bench", *chosen, "k=20", "seed=3", "level=0.8"]) == 0
    matrix = read_benchmark("bench")
    held = model_groups(matrix)
    sources = matrix.models.index[~held.isin(held[["model010", "model050"]])]
    assert len(sources) == 86, "each target has a variant, which is no source either"
    anchors = select(matrix.subset(models=sources), "disco", k=20, seed=3, calibration=calibration)
    assert anchors.crossed == (calibration != 0.4), "43 groups are too few to set any aside unless it is asked for"
    rec = reconstruct(matrix.subset(models=sources), anchors, "signature", seed=3, intervals=intervals)
    expected = rec.predict(replay(matrix, anchors, ["model010", "model050"]), level=0.8)
    (folder,) = run_folders(here)
    found = estimates(folder)
    pd.testing.assert_frame_equal(found[expected.columns], expected, check_names=False, check_index_type=False)
    assert found["truth"].to_numpy() == pytest.approx(matrix.full_scores[["model010", "model050"]].to_numpy())
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert result["expected_error"] == pytest.approx(rec.expected_error)
    assert result["slope"] == pytest.approx(rec.slope)
    assert result["rule"] == rec.rule.name
    again = load_anchors(folder / "anchors").reconstruction()
    pd.testing.assert_frame_equal(again.residuals, rec.residuals, check_names=False, check_index_type=False)
    assert result["left_out"]["variants or copies of a target"] == 2
    assert result["mean_error"] == pytest.approx((found["score"] - found["truth"]).abs().mean())


def test_what_a_run_writes(here: Path, synthetic: Callable[..., ResponseMatrix]) -> None:
    write_benchmark(synthetic(90, 50), "bench")
    assert main(["benchmark.path=bench", "k=10", "estimator=mean"]) == 0
    (folder,) = run_folders(here)
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert {"result.json", "report.md", "estimates.csv", "estimates.parquet", "calibration.csv", "config.yaml"} <= names
    assert {"done.json", "figures/estimates.png", "figures/anchors.png", "anchors/anchors.json"} <= names
    report = (folder / "report.md").read_text(encoding="utf-8")
    assert all((folder / name).is_file() for name in ("figures/estimates.png", "figures/anchors.png") if name in report)
    assert pd.read_csv(folder / "estimates.csv", index_col="model").index.equals(estimates(folder).index)
    again = load_anchors(folder / "anchors").reconstruction()
    matrix = read_benchmark("bench")
    predicted = again.predict(replay(matrix, load_anchors(folder / "anchors"), estimates(folder).index))
    np.testing.assert_array_equal(predicted["score"], estimates(folder)["score"])


def test_nobody_sees_the_targets(here: Path, synthetic: Callable[..., ResponseMatrix]) -> None:
    """Other answers of the targets, off the anchors, change nothing but the truth."""
    matrix = synthetic(60, 80)
    write_benchmark(matrix, "bench")
    assert main(["benchmark.path=bench", "k=15", "estimator=mean"]) == 0
    (first,) = run_folders(here)
    targets, items = estimates(first).index, load_anchors(first / "anchors").items
    scores = matrix.scores.copy()
    off = np.ix_(matrix.models.index.isin(targets), ~matrix.items.index.isin(items))
    scores[off] = 1 - scores[off]
    write_benchmark(dataclasses.replace(matrix, scores=scores), "other")
    assert (
        main(
            ["benchmark.path=other", "k=15", "estimator=mean", f"scorer.models=[{','.join(targets)}]", "scorer=replay"]
        )
        == 0
    )
    _, second = run_folders(here)
    assert list(load_anchors(second / "anchors").items) == list(items)
    known = ["score", "lower", "upper", "standard_error", "extrapolating"]
    pd.testing.assert_frame_equal(estimates(second)[known], estimates(first)[known])
    assert not np.allclose(estimates(second)["truth"], estimates(first)["truth"])


def test_a_saved_anchor_set_scores_models_that_came_later(here: Path, synthetic: Callable[..., ResponseMatrix]) -> None:
    matrix = synthetic(60, 50)
    early, late = matrix.models.index[:50], matrix.models.index[50:]
    write_benchmark(matrix.subset(models=early), "bench")
    assert main(["benchmark.path=bench", "k=12", "estimator=mean"]) == 0
    (first,) = run_folders(here)
    held_out = estimates(first).index
    write_benchmark(matrix.subset(models=late), "bench")
    assert main(["benchmark.path=bench", f"anchors={first / 'anchors'}"]) == 0
    _, second = run_folders(here)
    assert set(estimates(second).index) == set(late) | set(held_out)
    shared = estimates(second).loc[held_out]
    pd.testing.assert_frame_equal(shared, estimates(first))
    assert json.loads((second / "result.json").read_text(encoding="utf-8"))["reused"] is True


def test_a_source_of_a_saved_anchor_set_is_no_target(
    here: Path, synthetic: Callable[..., ResponseMatrix], capsys: pytest.CaptureFixture[str]
) -> None:
    write_benchmark(synthetic(60, 50), "bench")
    assert main(["benchmark.path=bench", "k=12", "estimator=mean"]) == 0
    (first,) = run_folders(here)
    roles = roles_of(first)
    source = roles.index[roles == "select"][0]
    capsys.readouterr()
    assert (
        main([f"anchors={first / 'anchors'}", "benchmark.path=bench", "scorer=replay", f"scorer.models=[{source}]"])
        == 2
    )
    assert source in capsys.readouterr().err


def test_a_run_is_skipped_until_something_it_reads_changes(
    here: Path, synthetic: Callable[..., ResponseMatrix], capsys: pytest.CaptureFixture[str]
) -> None:
    matrix = synthetic(60, 50)
    write_benchmark(matrix.subset(models=matrix.models.index[:55]), "bench")
    assert main(["benchmark.path=bench", "k=12", "estimator=mean"]) == 0
    first = capsys.readouterr().out
    (folder,) = run_folders(here)
    stamp = (folder / "done.json").stat().st_mtime_ns
    (here / "bench").rename(here / "moved")
    assert main(["benchmark.path=moved", "k=12", "estimator=mean", "verbose=true"]) == 0, (
        "a path is no part of the request"
    )
    assert capsys.readouterr().out == first.replace("written to", "was complete:")
    assert (folder / "done.json").stat().st_mtime_ns == stamp
    assert main(["benchmark.path=moved", "k=12", "estimator=mean", "exit_code=true"]) == 3
    (folder / "report.md").unlink()
    assert main(["benchmark.path=moved", "k=12", "estimator=mean", "exit_code=true"]) == 0
    assert (folder / "report.md").is_file()
    write_benchmark(matrix, "moved")
    assert main(["benchmark.path=moved", "k=12", "estimator=mean"]) == 0
    assert len(run_folders(here)) == 2


def test_no_calibration_models_no_intervals(
    here: Path, synthetic: Callable[..., ResponseMatrix], capsys: pytest.CaptureFixture[str]
) -> None:
    write_benchmark(synthetic(40, 50), "bench")
    assert main(["benchmark.path=bench", "k=12", "estimator=mean", "calibration=0"]) == 0
    assert "There are no calibration models" in capsys.readouterr().out
    assert estimates(run_folders(here)[0])[["lower", "upper"]].isna().all(axis=None)
    assert main(["benchmark.path=bench", "k=12", "estimator=mean", "calibration=[model001,model002]", "seed=1"]) == 0
    roles = roles_of(run_folders(here)[1])
    assert set(roles.index[roles == "calibrate"]) <= {"model001", "model002"}
    assert "Only 2 independent calibration models" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["iid", "family", "gap", "chronological"])
def test_every_split_holds_targets_out(here: Path, synthetic: Callable[..., ResponseMatrix], kind: str) -> None:
    matrix = synthetic(60, 50)
    write_benchmark(matrix, "bench")
    assert main(["benchmark.path=bench", "k=12", "estimator=mean", f"split={kind}"]) == 0
    (folder,) = run_folders(here)
    targets, roles = estimates(folder).index, roles_of(folder)
    sources = roles.index[roles != "none"]
    assert not set(targets) & set(sources)
    warned = "differ from the source models on purpose" in (folder / "report.md").read_text(encoding="utf-8")
    assert warned == (kind != "iid")
    if kind == "gap":
        assert matrix.full_scores[targets].min() >= matrix.full_scores[sources].max()
    if kind == "family":
        assert not set(matrix.models.loc[targets, "family"]) & set(matrix.models.loc[sources, "family"])
    if kind == "chronological":
        assert matrix.models.loc[targets, "released"].min() > matrix.models.loc[sources, "released"].max()


def test_the_rule_for_intervals_is_part_of_the_request(
    here: Path, synthetic: Callable[..., ResponseMatrix], capsys: pytest.CaptureFixture[str]
) -> None:
    write_benchmark(synthetic(60, 50), "bench")
    for intervals in ("split", "normalised"):
        assert main(["benchmark.path=bench", "k=12", "estimator=mean", f"intervals={intervals}"]) == 0
    constant, normalised = run_folders(here)
    for folder, intervals in ((constant, "split"), (normalised, "normalised")):
        assert f"intervals: {intervals}" in (folder / "config.yaml").read_text(encoding="utf-8")
        assert json.loads((folder / "done.json").read_text(encoding="utf-8"))["identity"]["intervals"] == intervals
        assert f"| intervals | {intervals} (" in (folder / "report.md").read_text(encoding="utf-8")
    sizes = [estimates(folder)["standard_error"].to_numpy() for folder in (constant, normalised)]
    assert np.ptp(sizes[0]) < 1e-9 < np.ptp(sizes[1])
    saved = f"anchors={normalised / 'anchors'}"
    assert main(["benchmark.path=bench", saved]) == 0, "auto takes the rule that the anchor set brings"
    pd.testing.assert_frame_equal(estimates(run_folders(here)[2]), estimates(normalised))
    capsys.readouterr()
    assert main(["benchmark.path=bench", "k=12", "estimator=mean", "intervals=narrow"]) == 2
    assert "intervals = 'narrow' is not one of auto, split" in capsys.readouterr().err
    assert len(run_folders(here)) == 3


def test_other_estimators_of_a_saved_set_without_calibration_models_say_why_they_have_no_intervals(
    here: Path, synthetic: Callable[..., ResponseMatrix], capsys: pytest.CaptureFixture[str]
) -> None:
    write_benchmark(synthetic(40, 50), "bench")
    assert main(["benchmark.path=bench", "k=12", "estimator=mean"]) == 0
    (first,) = run_folders(here)
    assert main(["benchmark.path=bench", f"anchors={first / 'anchors'}", "estimator=signature"]) == 0
    assert "Intervals are not given: no model was set aside" in capsys.readouterr().out
    assert estimates(run_folders(here)[1])[["lower", "upper"]].isna().all(axis=None)


def test_too_few_groups_for_folds_are_named(
    here: Path, synthetic: Callable[..., ResponseMatrix], capsys: pytest.CaptureFixture[str]
) -> None:
    matrix = synthetic(12, 50)
    variants = matrix.models.assign(base_model=["one"] * 10 + ["two"] * 2)
    write_benchmark(dataclasses.replace(matrix, models=variants), "bench")
    targets = ",".join(matrix.models.index[10:])
    assert main(["benchmark.path=bench", "k=12", "estimator=mean", "scorer=replay", f"scorer.models=[{targets}]"]) == 0
    said = capsys.readouterr().out
    assert "no model was set aside" in said
    assert "1 groups of models cannot be divided into folds" in said


def test_what_auto_tried_is_reported(here: Path, synthetic: Callable[..., ResponseMatrix]) -> None:
    write_benchmark(synthetic(30, 50), "bench")
    candidates = "selector.candidates=[[random,fusion],[stratified_difficulty,ridge]]"
    assert main(["benchmark.path=bench", "k=12", "selector=auto", "selector.divisions=1", candidates]) == 0
    (folder,) = run_folders(here)
    told = load_anchors(folder / "anchors").details
    choice = json.loads((folder / "result.json").read_text(encoding="utf-8"))["choices"][0]
    assert choice == {"kind": "selector", "chosen": told["chosen"], "errors": told["tried"], "notes": []}
    report = (folder / "report.md").read_text(encoding="utf-8")
    assert all(f"| {label} | {100 * error:.2f} |" in report for label, error in told["tried"].items())


def test_an_impossible_budget_of_the_power_report_is_refused_before_any_work(
    here: Path,
    synthetic: Callable[..., ResponseMatrix],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_benchmark(synthetic(60, 50), "bench")
    monkeypatch.setattr("anchoreval.jobs.run.carry_out", lambda *_: pytest.fail("work was done"))
    assert main(["benchmark.path=bench", "k=12", "power.budgets=[20,51]"]) == 2
    assert "power.budgets = 51 is not between 1 and the 50 items of benchmark simulated" in capsys.readouterr().err
    assert not Path("results").exists()
