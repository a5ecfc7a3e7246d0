"""`job=figures`: from a run folder and from a study, and in one line why not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from anchoreval.cli import main
from anchoreval.responses import ResponseMatrix
from anchoreval.store import write_benchmark

COMPARE = ["job=compare", "compare.selectors=[random]", "compare.estimators=[mean]", "compare.k=[5,10]"]
REPEATS = ["compare.repeats=2", "compare.workers=1"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synthetic: Callable[..., ResponseMatrix]) -> Path:
    """A working directory with a benchmark `bench` and a study `mine` of two parts, one of which does not apply."""
    write_benchmark(synthetic(40, 60), tmp_path / "bench")
    study = {
        "name": "mine",
        "about": "a small one",
        "parts": {"errors": COMPARE, "whole": ["job=run", "scorer=replay", "selector=bento", "k=1"]},
        "figures": [
            {"kind": "error_curve", "part": "errors", "columns": "two", "options": {"selectors": ["random"]}},
            {"kind": "rank_bump", "part": "whole"},
        ],
        "tables": [{"kind": "methods", "part": "errors"}],
    }
    keys = {"compare": {"repeats": 2, "workers": 1}, "benchmark": {"path": "bench"}}
    whole = {"defaults": [{"override /job": "study"}], **keys, "study": study}
    (tmp_path / "conf" / "experiment").mkdir(parents=True)
    text = "# @package _global_\n" + yaml.safe_dump(whole, sort_keys=False)
    (tmp_path / "conf" / "experiment" / "mine.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def study(*overrides: str) -> int:
    return main(["hydra.searchpath=[file://conf]", "experiment=mine", *overrides])


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_study_is_drawn_as_its_document_lists(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert study("job=figures") == 2
    assert "study mine of benchmark" in capsys.readouterr().err
    assert study() == 0
    assert study("job=figures") == 0
    into = here / "results" / "figures" / "mine-simulated"
    shown = capsys.readouterr().out
    assert f"written to {into.relative_to(here)}" in shown
    figures = {"error_curve-errors.pdf", "error_curve-errors.png", "methods-errors.md", "methods-errors.tex"}
    assert names(into) == {*figures, "captions.md", "figures.json"}
    document = json.loads((into / "figures.json").read_text())
    assert document["figures"][0]["columns"] == "two"
    assert document["figures"][0]["options"] == {"selectors": ["random"]}
    before = {path.name: path.read_bytes() for path in into.iterdir()}
    assert study("job=figures", "exit_code=true") == 3
    assert {path.name: path.read_bytes() for path in into.iterdir()} == before


def test_a_run_folder_is_drawn_as_far_as_it_allows(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*COMPARE, *REPEATS, "benchmark.path=bench"]) == 0
    (run,) = (here / "results" / "runs").iterdir()
    kinds = "figures.kinds=[rank_curve,error_curve]"
    assert main(["job=figures", f"path={run}", kinds, "figures.columns=two", "into=out"]) == 0
    document = json.loads(Path("out/figures.json").read_text())
    assert [(one["name"], one["columns"]) for one in document["figures"]] == [
        ("rank_curve", "two"),
        ("error_curve", "two"),
    ]
    capsys.readouterr()
    assert main(["job=figures", f"path={run}", "figures.kinds=[error_curve,power_curve]", "into=none"]) == 2
    assert "figure power_curve needs a run folder of job=run" in capsys.readouterr().err
    assert not Path("none").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "job=figures needs path=<run folder or study folder>, or experiment=<study>"),
        (["path=nowhere"], "nowhere: holds no finished run"),
        (["path=bench"], "bench: holds no finished run"),
        (["path=x", "figures.columns=three"], "figures.columns = 'three' is neither one nor two"),
        (["path=x", "items=y"], "items=y is for job=import; this is job=figures"),
    ],
)
def test_a_wrong_request_is_refused_in_one_line(
    arguments: list[str], message: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["job=figures", *arguments]) == 2
    told = capsys.readouterr().err.strip()
    assert message in told
    assert "\n" not in told


def test_a_kind_that_does_not_exist_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*COMPARE, *REPEATS, "benchmark.path=bench"]) == 0
    (run,) = (here / "results" / "runs").iterdir()
    assert main(["job=figures", f"path={run}", "figures.kinds=[pie]"]) == 2
    assert "figures.kinds: there is no 'pie' (there are: error_curve" in capsys.readouterr().err
