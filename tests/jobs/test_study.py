from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser

from anchoreval.cli import main
from anchoreval.config import CONF
from anchoreval.errors import StoreError
from anchoreval.jobs.study_parts import filled
from anchoreval.responses import ResponseMatrix
from anchoreval.schema import read_document
from anchoreval.store import write_benchmark

OURS = ("main", "disco", "essencebench", "metabench", "bento", "power")
ERRORS = ["job=compare", "compare.selectors=[random]", "compare.estimators=[mean]", "compare.k=[5,10]"]
ANCHORS = ["job=run", "scorer=replay", "selector=random", "estimator=mean", "k=10"]
FIGURES = [{"kind": "error_curve", "part": "errors"}, {"kind": "estimate_truth", "part": "anchors", "columns": "two"}]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synthetic: Callable[..., ResponseMatrix]) -> Path:
    """A working directory with a benchmark of binary answers, `bench`."""
    write_benchmark(synthetic(40, 60), tmp_path / "bench")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def arrange(here: Path, parts: dict[str, list[str]], figures: Any = (), **keys: Any) -> None:
    """Write the user's own study `mine`."""
    study = {"name": "mine", "about": "a small one", "parts": parts, "figures": list(figures)}
    shared = {"compare": {"repeats": 2, "workers": 1}, "benchmark": {"path": "bench"}, **keys}
    whole = {"defaults": [{"override /job": "study"}], **shared, "study": study}
    text = "# @package _global_\n" + yaml.safe_dump(whole, sort_keys=False)
    (here / "conf" / "experiment").mkdir(parents=True, exist_ok=True)
    (here / "conf" / "experiment" / "mine.yaml").write_text(text, encoding="utf-8")


def do(*overrides: str) -> int:
    return main(["--config-dir", "conf", "experiment=mine", *overrides])


def folders(here: Path, job: str) -> list[Path]:
    return sorted((here / "results" / "runs").glob(f"{job}-*"))


def document(here: Path) -> dict[str, Any]:
    (folder,) = folders(here, "study")
    return read_document(folder / "study.json", "study", StoreError)


def config_of(folder: Path) -> Any:
    return yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))


def test_every_part_is_a_run_and_the_document_says_where(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arrange(here, {"errors": ERRORS, "anchors": ANCHORS}, FIGURES)
    assert do() == 0
    out = capsys.readouterr().out
    found = document(here)
    assert (found["name"], found["benchmark"], found["left_out"]) == ("mine", "simulated", {})
    assert list(found["parts"]) == ["errors", "anchors"]
    for name, job in (("errors", "compare"), ("anchors", "run")):
        part = found["parts"][name]
        (folder,) = folders(here, job)
        assert (part["job"], here / "results" / part["folder"]) == (job, folder)
        assert part["seconds"] > 0
        assert part["folder"] in out
    cells = pd.read_parquet(folders(here, "compare")[0] / "cells.parquet")
    assert sorted(cells["k"].unique()) == [5, 10]
    assert cells["repeat"].nunique() == 2, "what the study's file sets holds for every part"
    assert found["figures"] == [
        {"kind": "error_curve", "part": "errors", "columns": "one", "options": {}},
        {"kind": "estimate_truth", "part": "anchors", "columns": "two", "options": {}},
    ]


def test_a_complete_study_is_not_done_again(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arrange(here, {"errors": ERRORS, "anchors": ANCHORS}, FIGURES)
    assert do() == 0
    before = {path: path.stat().st_mtime_ns for path in (here / "results").rglob("*")}
    capsys.readouterr()
    assert do("exit_code=true") == 3
    assert "was complete" in capsys.readouterr().out
    assert before == {path: path.stat().st_mtime_ns for path in (here / "results").rglob("*")}


def test_a_study_that_was_killed_goes_on(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import anchoreval.jobs.run as job

    arrange(here, {"errors": ERRORS, "anchors": ANCHORS})
    with monkeypatch.context() as patch:
        patch.setattr(job, "carry_out", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        assert do() == 130
    assert not folders(here, "study")
    (kept,) = folders(here, "compare")
    made = (kept / "done.json").stat().st_mtime_ns
    assert do() == 0
    assert (kept / "done.json").stat().st_mtime_ns == made, "the part that was complete is not done again"
    assert set(document(here)["parts"]) == {"errors", "anchors"}


def test_a_damaged_document_is_written_anew(here: Path) -> None:
    arrange(here, {"anchors": ANCHORS})
    assert do() == 0
    (folder,) = folders(here, "study")
    whole = (folder / "study.json").read_bytes()
    (folder / "study.json").write_bytes(whole.replace(b"a small one", b"A SMALL ONE"))
    assert do("exit_code=true") == 0
    assert (folder / "study.json").read_bytes() == whole


def test_later_wins(here: Path) -> None:
    arrange(here, {"errors": ERRORS, "more": [*ERRORS, "seed=7", "compare.repeats=1"]}, seed=3)
    assert do() == 0
    seeds = {(found["seed"], found["compare"]["repeats"]) for found in map(config_of, folders(here, "compare"))}
    assert seeds == {(3, 2), (7, 1)}, "the file's keys over the defaults, the part's over the file's"
    assert do("seed=9", "compare.k=[5]", "compare.repeats=3", "results=other", "job=study", "verbose=true") == 0
    (shared,) = (here / "other" / "runs").glob("compare-*")
    found = config_of(shared)
    assert (found["seed"], found["compare"]["k"], found["verbose"]) == (9, [5], True), "the command line over all"


def test_the_command_line_gives_a_part_anew_or_leaves_it_out(here: Path) -> None:
    arrange(here, {"errors": ERRORS, "anchors": ANCHORS})
    assert do("~study.parts.errors", "study.parts.anchors=['job=run','scorer=replay','estimator=mean','k=7']") == 0
    assert list(document(here)["parts"]) == ["anchors"]
    (folder,) = folders(here, "run")
    assert config_of(folder)["k"] == 7


def test_a_part_that_does_not_apply_is_left_out_with_the_reason(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts = {
        "errors": ERRORS,
        "disco": [*ANCHORS, "selector=disco"],
        "transfer": ["job=transfer"],
        "chosen": ["job=run", "selector=bento", "selector.transfer=<transfer>/transfer.csv"],
    }
    arrange(here, parts, [*FIGURES[:1], {"kind": "estimate_truth", "part": "disco"}])
    assert do() == 0
    found, said = document(here), capsys.readouterr()
    assert list(found["parts"]) == ["errors"]
    assert "option probabilities" in found["left_out"]["disco"]
    assert "subjects" in found["left_out"]["transfer"]
    assert "transfer" in found["left_out"]["chosen"]
    assert all(reason in said.out and reason in said.err for reason in found["left_out"].values())
    assert [figure["part"] for figure in found["figures"]] == ["errors"], "what a missing part would show is not listed"


def test_a_study_of_which_no_part_applies_fails(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arrange(here, {"anchors": [*ANCHORS, "selector=disco"]})
    assert do() == 2
    assert "no part applies" in capsys.readouterr().err
    assert not (here / "results").exists()


def test_a_part_uses_what_an_earlier_one_left(here: Path) -> None:
    arrange(here, {"first": ANCHORS, "again": [*ANCHORS, "anchors=<first>/anchors", "level=0.9"]})
    strange = "it's, a=[folder]"
    assert do(f"results='{strange.replace(chr(39), chr(92) + chr(39))}'") == 0
    runs = [json.loads((f / "done.json").read_text()) for f in (here / strange / "runs").glob("run-*")]
    saved = [one["identity"]["anchors"].get("saved") for one in runs]
    assert sorted(one is None for one in saved) == [False, True]


def test_a_study_in_a_folder_that_is_searched(here: Path) -> None:
    arrange(here, {"anchors": ANCHORS})
    assert main([f"hydra.searchpath=[file://{here / 'conf'}]", "experiment=mine"]) == 0
    assert list(document(here)["parts"]) == ["anchors"]


def test_studies_in_a_sweep(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arrange(here, {"anchors": ANCHORS})
    assert main(["-m", "--config-dir", "conf", "experiment=mine", "seed=0,1"]) == 0
    assert "2 jobs: 2 done" in capsys.readouterr().out
    assert len(folders(here, "study")) == len(folders(here, "run")) == 2


def test_a_folder_stands_inside_a_list_too() -> None:
    text = "compare.selectors=[bento, {name: bento, transfer: <one>/transfer.csv, label: x}]"
    read = OverridesParser.create().parse_override(filled(text, {"one": Path("it's, a=[folder] {x}")}))
    path = "it's, a=[folder] {x}/transfer.csv"
    assert read.value() == ["bento", {"name": "bento", "transfer": path, "label": "x"}]


def test_two_studies_of_one_name_have_folders_of_their_own(here: Path) -> None:
    arrange(here, {"anchors": ANCHORS})
    assert do() == 0
    assert do("seed=1") == 0
    assert do("compare.workers=1", "verbose=true") == 0, "how the work is done makes no other study"
    assert len(folders(here, "study")) == 2


@pytest.mark.parametrize(
    ("parts", "overrides", "words"),
    [
        ({}, [], ["no parts"]),
        ({"a": ["job=study"]}, [], ["study.parts.a", "job=study", "compare"]),
        ({"a": ["job=import"]}, [], ["study.parts.a", "import"]),
        ({"a": ["k=5"]}, [], ["study.parts.a", "job=study"]),
        ({"a": ["job=run", "kk=5"]}, [], ["kk"]),
        ({"a": ["job=run", "k=["]}, [], ["study.parts.a", "k=[ cannot be read"]),
        ({"a": ["job=run", "selector=plugin"]}, [], ["study.parts.a", "selector.name"]),
        ({"a": ["job=run", "anchors=<b>/anchors"], "b": ANCHORS}, [], ["study.parts.a", "<b>"]),
        ({"a b": ANCHORS}, [], ["a b"]),
        ({"a": ANCHORS}, ["study.name=../up"], ["study.name"]),
        ({"a": ANCHORS}, ["study.name=null"], ["study.name"]),
        ({"a": ANCHORS}, ["path=x"], ["path=x"]),
        ({"a": ANCHORS}, ["benchmark.path=nowhere"], ["nowhere"]),
        ({"a": ANCHORS}, ["study.figures=[{kind: error_curve, part: b}]"], ["study.figures[0]", "'b'"]),
        ({"a": ANCHORS}, ["study.figures=[{kind: error_curve, part: a, columns: six}]"], ["columns", "six"]),
        ({"a": ANCHORS}, ["study.figures=[{part: a}]"], ["study.figures[0].kind"]),
    ],
)
def test_a_wrong_study_is_one_line_and_leaves_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], parts: dict[str, list[str]], overrides: list[str], words: list[str]
) -> None:
    arrange(here, parts)
    assert do(*overrides) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert all(word in line for word in words), line
    assert not (here / "results").exists()


def test_a_study_without_a_name_says_how_to_give_one(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["job=study", "benchmark.path=bench"]) == 2
    assert "experiment=" in capsys.readouterr().err


@pytest.mark.parametrize("name", OURS)
def test_our_studies_read_as_they_should(name: str) -> None:
    """Each names itself, says what it shows and what to raise for a paper, and draws parts that it has."""
    text = (CONF / "experiment" / f"{name}.yaml").read_text(encoding="utf-8")
    study = yaml.safe_load(text)["study"]
    assert study["name"] == name
    assert study["about"]
    assert "# For a paper: " in text
    assert {one["part"] for one in [*study["figures"], *study["tables"]]} <= set(study["parts"])
    assert set(study["parts"]) <= {one["part"] for one in [*study["figures"], *study["tables"]]}, "no part for nothing"


@pytest.mark.parametrize("name", OURS)
def test_every_figure_of_ours_is_drawn_from_a_part_that_gives_what_it_needs(name: str) -> None:
    from anchoreval.reporting.paper.kinds import KINDS

    study = yaml.safe_load((CONF / "experiment" / f"{name}.yaml").read_text(encoding="utf-8"))["study"]
    for figure in study["figures"]:
        (job,) = (text.removeprefix("job=") for text in study["parts"][figure["part"]] if text.startswith("job="))
        kind = KINDS[figure["kind"]]
        assert kind.needs <= {job, "matrix"}, figure
        assert set(figure.get("options", {})) <= set(kind.options), figure


def test_the_readme_lists_every_study() -> None:
    text = (CONF / "experiment" / "README.md").read_text(encoding="utf-8")
    assert {path.stem for path in (CONF / "experiment").glob("*.yaml")} == {*OURS, "demo"}
    assert all(f"| `{name}` |" in text for name in OURS)
