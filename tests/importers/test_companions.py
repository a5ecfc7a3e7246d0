"""Which files that are no units belong to one: by hand, in the shapes that programs leave them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from anchoreval.importers.companions import companions
from anchoreval.importers.recognising import find_units

from . import test_alpaca_eval, test_every_eval_ever, test_helm, test_lighteval, test_mmlu_pro, test_opencompass
from .lm_eval_samples import choice_row, results_document, write_log, write_results
from .written import write_json, write_lines


def every_eval_ever(folder: Path) -> set[str]:
    rows = [test_every_eval_ever.answer("a", 1.0)]
    named = write_lines(folder / "instance_level_data" / "s.jsonl", rows)
    test_every_eval_ever.aggregate(named, 1.0).rename(folder / "scores.json")
    return {"scores.json"}


def helm(folder: Path) -> set[str]:
    entries = [test_helm.entry("id1", test_helm.statistic("exact_match", 1.0))]
    test_helm.make(folder, entries)
    folder.rename(folder.with_name("run"))
    folder.mkdir()
    folder.with_name("run").rename(folder / "toy")
    write_json(folder / "summary.json", {})
    write_json(folder / "groups" / "json" / "toy_main.json", {})
    return {"summary.json", "groups/json/toy_main.json"}


def lighteval(folder: Path) -> set[str]:
    test_lighteval.details(folder)
    name = f"results/lab/m/results_{test_lighteval.TIME}.json"
    test_lighteval.results(folder / name, {}, {})
    write_json(folder / "results" / "lab" / "other" / f"results_{test_lighteval.TIME}.json", {})
    return {name}


def open_llm_v1(folder: Path) -> set[str]:
    rows = [test_lighteval.first(0, [-1.0, -2.0], acc=0.0, acc_norm=1.0)]
    path = test_lighteval.board(folder, "harness|arc:challenge|25", rows)
    results = path.parents[1] / f"results_{test_lighteval.OLD}.json"
    test_lighteval.results(results, {}, {})
    return {str(results.relative_to(folder))}


def opencompass(folder: Path) -> set[str]:
    test_opencompass.put(folder, "results", {"accuracy": 100.0, "details": {"0": test_opencompass.generated(True)}})
    name = f"{test_opencompass.RUN}/summary/summary_{test_opencompass.RUN}.csv"
    write_lines(folder / name, [1])
    return {name}


def alpaca_eval(folder: Path) -> set[str]:
    write_json(folder / "ours" / "annotations.json", [test_alpaca_eval.annotation("a", 1)])
    (folder / "ours" / "leaderboard.csv").write_text("x\n", encoding="utf-8")
    return {"ours/leaderboard.csv"}


def mmlu_pro(folder: Path) -> set[str]:
    write_json(folder / "m" / "law_result.json", [test_mmlu_pro.question(1)])
    write_json(folder / "m" / "law_summary.json", {})
    write_json(folder / "m" / "summary.json", {})
    return {"m/law_summary.json", "m/summary.json"}


def lm_eval(folder: Path) -> set[str]:
    write_log(folder, [choice_row(0)])
    write_results(folder, results_document(acc__none=1.0))
    return set()


MAKERS = (every_eval_ever, helm, lighteval, open_llm_v1, opencompass, alpaca_eval, mmlu_pro, lm_eval)


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_what_belongs_to_a_unit_is_no_stranger(tmp_path: Path, make: Callable[[Path], set[str]]) -> None:
    folder = tmp_path / "logs"
    belonging = make(folder)
    write_json(folder / "strange.json", {})
    write_json(folder.joinpath(*("a", "b", "summary.json")), {})
    units, left = find_units(folder)
    assert {unit.importer for unit in units} == {make.__name__}
    found = companions(units, left)
    assert {str(path.relative_to(folder)) for path in found} == belonging
    assert folder / "strange.json" in left
    assert companions([], left) == set()


def test_paths_may_be_given_from_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    belonging = lighteval(tmp_path / "logs")
    monkeypatch.chdir(tmp_path)
    units, left = find_units(Path("logs"))
    assert companions(units, left) == {Path("logs", name) for name in belonging}


def test_an_aggregate_of_answers_that_are_not_there_is_a_unit_of_its_own(tmp_path: Path) -> None:
    every_eval_ever(tmp_path)
    (tmp_path / "instance_level_data" / "s.jsonl").unlink()
    units, left = find_units(tmp_path)
    assert [unit.path.name for unit in units] == ["scores.json"]
    assert not companions(units, left)
