from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.cli import main
from anchoreval.contract import choose
from anchoreval.errors import MethodOptionError, ResponseDataError, StoreError
from anchoreval.jobs.plan_work import HoldOut, Work, item_costs
from anchoreval.power.plans.plan_document import from_document
from anchoreval.protocol.method_specs import labelled_estimators, labelled_selectors
from anchoreval.protocol.splits import split
from anchoreval.reconstruction import reconstruct_from
from anchoreval.registry import make_selector
from anchoreval.responses import ResponseMatrix
from anchoreval.schema import read_document
from anchoreval.store import write_benchmark

GRID = ["job=plan", "plan.k=[10,40]", "plan.selectors=[stratified_difficulty]", "estimator=signature"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synthetic: Callable[..., ResponseMatrix]) -> Path:
    write_benchmark(synthetic(80, 150), tmp_path / "bench")
    write_benchmark(synthetic(24, 100), tmp_path / "small")
    write_benchmark(synthetic(4, 200), tmp_path / "tiny")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(here: Path, n: int = 1) -> Path:
    """The folder of the one run that there is (of `n`, the last)."""
    folders = sorted((here / "results" / "runs").iterdir(), key=lambda folder: folder.stat().st_mtime)
    assert len(folders) == n
    return folders[-1]


def work(matrix: ResponseMatrix, selectors: Any = ("random",), estimators: Any = "signature", **changes: Any) -> Work:
    asked = Work(
        matrix=matrix,
        selectors=labelled_selectors(selectors),
        estimator=labelled_estimators(estimators)[0],
        budgets=[20],
        repeats=2,
        hold_out=HoldOut(0.3),
        costs=np.ones(matrix.n_items),
        seed=0,
        level=0.95,
        missing="refuse",
    )
    return dataclasses.replace(asked, **changes)


def test_a_plan_says_what_to_do_and_writes_what_it_rests_on(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*GRID, "benchmark.path=bench", "plan.wanted=20"]) == 0
    out = capsys.readouterr().out
    folder = written(here)
    plan = from_document(read_document(folder / "plan.json", "plan", StoreError))
    assert plan.recommendation.basis in {"measured", "curve"}
    assert plan.recommendation.selector in out
    assert set(plan.points["selector"]) == {"random", "stratified_difficulty"}, "random anchors stand beside any"
    assert plan.points["repeats"].eq(3).all()
    assert (plan.subject.n_models, plan.subject.estimator) == (80, "signature")
    table = pd.read_csv(folder / "plan.csv")
    np.testing.assert_allclose(table["error"], plan.points["error"])
    assert (folder / "figures" / "frontier.png").read_bytes().startswith(b"\x89PNG")
    assert "](figures/frontier.png)" in (folder / "plan.md").read_text(encoding="utf-8")
    assert main([*GRID, "benchmark.path=bench", "plan.wanted=20", "exit_code=true"]) == 3
    assert capsys.readouterr().out == out.replace("written to", "was complete:")


def test_a_larger_plan_goes_on_from_finished_cells(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from anchor_selectors.simple_random import Random

    calls, select = [], Random.select

    def counted(self: Random, *arguments: object) -> object:
        calls.append(arguments[1])
        return select(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Random, "select", counted)
    grid = ["job=plan", "benchmark.path=bench", "plan.selectors=[random]", "estimator=mean", "plan.workers=1"]
    assert main([*grid, "plan.wanted=9", "plan.k=[10,40]", "plan.repeats=2"]) == 0
    assert calls == [10, 40, 10, 40]
    assert main([*grid, "plan.wanted=9", "plan.k=[10,40]", "plan.repeats=3"]) == 0
    assert main([*grid, "plan.wanted=5", "plan.k=[10,40]", "plan.repeats=3"]) == 0
    assert calls == [10, 40] * 3
    assert len(list((here / "results" / "runs").iterdir())) == 3


def test_costs_are_those_of_the_items_or_of_a_price(here: Path, synthetic: Callable[..., ResponseMatrix]) -> None:
    matrix = synthetic(80, 150)
    tokens = np.arange(1.0, 151.0)
    write_benchmark(dataclasses.replace(matrix, items=matrix.items.assign(cost=tokens)), here / "dear")
    grid = ["job=plan", "benchmark.path=dear", "plan.selectors=[random]", "estimator=mean", "plan.k=[75]"]
    assert main([*grid, "plan.wanted=9", "plan.repeats=1"]) == 0
    plan = from_document(json.loads((written(here) / "plan.json").read_text(encoding="utf-8")))
    assert plan.prices.full == tokens.sum()
    assert plan.points["cost"].iloc[0] == pytest.approx(75 * tokens.mean(), rel=0.2)
    assert plan.points["cost"].iloc[0] % 1 == 0
    assert main([*grid, "plan.wanted=9", "plan.repeats=1", "plan.price=0.02", "plan.models=7"]) == 0
    plan = from_document(json.loads((written(here, 2) / "plan.json").read_text(encoding="utf-8")))
    assert plan.points["cost"].iloc[0] == pytest.approx(1.5)
    assert plan.prices.full == pytest.approx(3.0)
    assert plan.prices.models == 7


def test_item_costs_must_be_costs(synthetic: Callable[..., ResponseMatrix]) -> None:
    matrix = synthetic(5, 10)
    assert item_costs(matrix, None)[0].tolist() == [1.0] * 10
    for wrong in (-1.0, float("nan"), "dear"):
        column = pd.Series([1.0] * 9 + [wrong], index=matrix.items.index, dtype=object)
        with pytest.raises(ResponseDataError, match="'item0009' has no cost"):
            item_costs(dataclasses.replace(matrix, items=matrix.items.assign(cost=column)), None)
    for price in (0.0, -1.0, float("inf")):
        with pytest.raises(MethodOptionError, match="not a positive number"):
            item_costs(matrix, price)


def test_few_models_are_held_out_in_turn(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*GRID, "benchmark.path=small", "plan.wanted=30", "plan.repeats=2"]) == 0
    out = capsys.readouterr().out
    plan = from_document(json.loads((written(here) / "plan.json").read_text(encoding="utf-8")))
    assert plan.points["repeats"].eq(2).all()
    assert plan.points["groups"].between(12, 18).all(), "most of 24, by 5 hold-outs of 6 each"
    assert f"rest on {plan.points['groups'].min()} groups of models only" in out


def test_with_fewer_than_five_groups_the_closed_form_stands_alone(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*GRID, "benchmark.path=tiny", "plan.wanted=15"]) == 0
    out = capsys.readouterr().out
    assert "Nothing was measured: there are too few models" in out
    assert "closed form" in out
    assert not (here / "results" / "cells").exists()


def test_what_cannot_be_measured_is_left_out_with_its_reason(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grid = ["job=plan", "benchmark.path=bench", "plan.wanted=15", "plan.k=[20,150]", "plan.repeats=1"]
    assert main([*grid, "plan.selectors=[random,optimal]", "estimator=mean"]) == 0
    out = capsys.readouterr().out
    assert "optimal k = 20: not applicable: estimator mean" in out
    assert "k = 150: not below the 150 items" in out


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([], "job=plan needs plan.wanted=<percentage points>"),
        (["plan.wanted=100"], "wanted = 100 points is not between 0 and 100"),
        (["plan.wanted=5", "plan.k=[150,400]"], "no budget is below the 150 items"),
        (["plan.wanted=5", "plan.k=[0]"], "plan.k: 0 is not a number of anchors"),
        (["plan.wanted=5", "plan.repeats=0"], "plan.repeats and plan.models must be at least 1"),
        (["plan.wanted=5", "plan.selectors=[]"], "plan.selectors is empty"),
        (["plan.wanted=5", "plan.selectors=[3]"], "3 is neither a name nor"),
        (["plan.wanted=5", "plan.selectors=[rnadom]"], "no selector is called 'rnadom'"),
        (["plan.wanted=5", "plan.price=-2"], "plan.price = -2 is not a positive number"),
        (["plan.wanted=5", "power.power=0.3"], "power"),
        (["plan.wanted=5", "calibration=[model001]"], "calibration must be auto, cross or a share"),
        (["plan.wanted=5", "plan.selectors=[disco]", "estimator=mean", "plan.k=[5]", "into=x"], "is for job=import"),
    ],
)
def test_a_wrong_request_is_one_line_and_leaves_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], changes: list[str], said: str
) -> None:
    assert main(["job=plan", "benchmark.path=bench", *changes]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert not (here / "results").exists()


def test_residuals_are_those_of_models_that_had_no_part(synthetic: Callable[..., ResponseMatrix]) -> None:
    """One repeat done again by hand: to half a hundredth of a point, in which errors are kept."""
    matrix = synthetic(70, 150)
    asked = work(matrix, repeats=1)
    (part,), left_out = asked.measure(1, None, progress=False)
    assert left_out == []
    seed = asked._sweep(None).request.trial_seed("iid", 0)
    sides = split(matrix, "iid", seed, 0.3)
    sources = matrix.subset(models=sides.sources)
    selection = choose(make_selector("random"), sources, 20, seed)
    fitted = reconstruct_from(sources, selection, pd.Series("select", sources.models.index), "signature", seed=seed)
    truth = matrix.full_scores[sides.targets]
    with pytest.warns(UserWarning, match="interval"):
        estimate = fitted.predict(matrix.subset(models=sides.targets))["score"]
    assert sorted(part.residuals.index) == sorted(sides.targets)
    np.testing.assert_allclose(part.residuals["truth"], truth[part.residuals.index])
    np.testing.assert_allclose(part.residuals["estimate"], estimate[part.residuals.index], atol=5.1e-5)
    assert (part.anchors, part.cost) == (20.0, 20.0)


def test_models_are_held_out_as_errors_will_be_sized(synthetic: Callable[..., ResponseMatrix]) -> None:
    many, few = synthetic(70, 20), synthetic(50, 20)
    assert HoldOut.of(many, "auto", "refuse") == HoldOut(0.3)
    assert HoldOut.of(few, "auto", "refuse") == HoldOut.of(many, "cross", "refuse") == HoldOut(0.25, 5)
    assert HoldOut.of(few, 0.2, "refuse") == HoldOut(0.2)
    for wrong in (0, 1.0, True, "none"):
        with pytest.raises(MethodOptionError, match="calibration must be"):
            HoldOut.of(many, wrong, "refuse")


def test_models_with_missing_answers_take_part_where_allowed(synthetic: Callable[..., ResponseMatrix]) -> None:
    (part,), _ = work(synthetic(70, 150, missing=0.15), missing="allow", repeats=1).measure(1, None, progress=False)
    assert len(part.residuals) >= 19
    assert part.residuals.notna().all(axis=None)
