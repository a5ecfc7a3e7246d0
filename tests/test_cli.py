from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from anchoreval.cli import main
from anchoreval.cli.app import JOBS
from anchoreval.config import CONF
from anchoreval.responses import ResponseMatrix
from anchoreval.store import write_benchmark


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else b"" for p in sorted(folder.rglob("*"))}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synthetic: Callable[..., ResponseMatrix]) -> Path:
    """A working directory with a stored benchmark of binary answers, `bench`."""
    write_benchmark(synthetic(40, 60, n_subjects=3), tmp_path / "bench")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(arguments: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line of a request that must be refused without a trace."""
    before = tree(folder)
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert tree(folder) == before, "nothing is written"
    assert said.out == ""
    lines = said.err.splitlines()
    assert len(lines) == 1, said.err
    assert lines[0].startswith("anchoreval: error: ")
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["selector=dsco"], ["selector=dsco", "did you mean disco", "random", "stratified"]),
        (["job=fly"], ["job=fly", "compare", "import", "run"]),
        (["scorer=x"], ["scorer=x", "replay"]),
        (["k=abc"], ["k=abc", "Integer"]),
        (["level=high"], ["level=high", "Float"]),
        (["split.test_share=big"], ["split.test_share=big", "Float"]),
        (["compare.k=[ten]"], ["compare.k=[ten]", "Integer"]),
        (["sed=3"], ["sed", "did you mean seed"]),
        (["split.knd=iid"], ["split.knd"]),
        (["selector=disco", "selector.guide=3"], ["selector.guide"]),
        (["+foo=3"], ["foo"]),
        (["+split.foo=3"], ["split.foo"]),
        (["k=${nothing}"], ["nothing"]),
        (["scorer=replay", "scorer.models=abc"], ["scorer.models=abc", "list"]),
        (["k=[1"], ["k=[1"]),
        (["k"], ["k cannot be read"]),
        (["--frobnicate"], ["--frobnicate"]),
        (["--config-dir", "nowhere"], ["nowhere"]),
        (["-m", "k=5,abc"], ["k=abc"]),
        (["selector=plugin"], ["selector.name"]),
        (["selector=plugin", "selector.name=theirs"], ["theirs", "random"]),
        (["selector=disco", "selector.guides=many"], ["guides", "many"]),
        (["+selector._target_=os.system"], ["os.system", "not allowed"]),
        (["scorer._target_=os.getcwd"], ["os.getcwd", "not allowed"]),
        (["level=1.5"], ["level = 1.5"]),
        (["k=0"], ["k = 0"]),
        (["k=61"], ["k = 61", "60 items"]),
        (["calibration=most"], ["calibration"]),
        (["calibration=[model000,nobody]"], ["nobody"]),
        (["selector=disco", "k=10"], ["disco", "option probabilities"]),
        (["scorer=pocket"], ["scorer=pocket", "simulated"]),
        (["scorer.models=[nobody]", "scorer=replay"], ["nobody"]),
        (["split=chronological", "split.test_share=1.5"], ["test_share"]),
        (["anchors=nowhere"], ["nowhere"]),
        (["path=data.csv"], ["path=data.csv", "job=import"]),
        (["job=compare", "compare.selectors=[dsco]"], ["dsco", "disco"]),
        (["job=compare", "compare.repeats=0"], ["repeats"]),
        (["job=compare", "compare.k=[500]"], ["500"]),
        (["job=compare", "compare.selectors=[]"], ["compare.selectors"]),
    ],
)
def test_a_wrong_request_is_one_line_and_leaves_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: list[str]
) -> None:
    given = arguments if arguments[0] == "-m" else ["benchmark.path=bench", *arguments]
    line = refused(given, here, capsys)
    assert all(word in line for word in words), line


def test_a_benchmark_that_is_not_there(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "nowhere" in refused(["benchmark.path=nowhere"], here, capsys)
    assert "benchmark.path" in refused(["benchmark=path"], here, capsys)


def test_a_damaged_file_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = next((here / "bench" / "responses").glob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-20])
    assert file.name in refused(["benchmark.path=bench"], here, capsys)


def test_anchors_of_another_benchmark_are_refused(
    here: Path, capsys: pytest.CaptureFixture[str], synthetic: Callable[..., ResponseMatrix]
) -> None:
    assert main(["benchmark.path=bench", "k=10"]) == 0
    anchors = next((here / "results" / "runs").iterdir()) / "anchors"
    write_benchmark(synthetic(40, 70), here / "other")
    capsys.readouterr()
    line = refused(["benchmark.path=other", f"anchors={anchors}"], here, capsys)
    assert "another benchmark" in line


def test_help_names_every_choice_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for group in CONF.iterdir():
        line = re.search(rf"^ +{group.name} .*(\n {{15}}.*)*$", text, re.MULTILINE) if group.is_dir() else None
        for choice in group.glob("*.yaml") if group.is_dir() else ():
            assert line, group.name
            assert re.search(rf"\b{choice.stem}\b", line[0]), f"{group.name}={choice.stem}"
    for job in JOBS:
        assert f"job={job}" in text


def test_every_example_of_the_help_composes(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    examples = re.findall(r"^  anchoreval (.*)$", capsys.readouterr().out, re.MULTILINE)
    assert len(examples) == 5
    for example in examples:
        assert (
            main([*example.removeprefix("-m ").replace(",disco k=25,50,100 seed=0,1,2", "").split(), "--cfg", "job"])
            == 0
        )
        assert yaml.safe_load(capsys.readouterr().out)["job"]["name"] in JOBS


def test_an_unexpected_error_is_one_line_and_verbose_shows_where(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("three\nlines\nof it")

    monkeypatch.setattr("anchoreval.jobs.run.run", broken)
    assert main(["benchmark.path=bench"]) == 1
    assert capsys.readouterr().err == (
        "anchoreval: error: ZeroDivisionError: three lines of it (verbose=true shows where)\n"
    )
    assert main(["benchmark.path=bench", "verbose=true"]) == 1
    assert "in broken" in capsys.readouterr().err


def test_an_interrupt_is_one_line(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("anchoreval.jobs.run.run", interrupted)
    assert main(["benchmark.path=bench"]) == 130
    assert capsys.readouterr().err == "anchoreval: interrupted\n"
    assert sorted(p.name for p in here.iterdir()) == ["bench"]


def test_a_sweep_goes_on_after_a_failure_and_resumes(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep = ["-m", "benchmark.path=bench", "k=5,500,10"]
    assert main(sweep) == 2
    said = capsys.readouterr()
    assert "3 jobs: 2 done, 0 were there already, 1 failed" in said.err
    assert "#1 benchmark.path=bench k=500: error: k = 500" in said.err
    assert len(said.out.splitlines()) == 2
    runs = tree(here / "results" / "runs")
    assert main(sweep) == 2
    assert "3 jobs: 0 done, 2 were there already, 1 failed" in capsys.readouterr().err
    assert tree(here / "results" / "runs") == runs
    assert main(["-m", "benchmark.path=bench", "k=5,10", "exit_code=true"]) == 3
    assert "2 jobs: 0 done, 2 were there already, 0 failed" in capsys.readouterr().out
    assert not {"outputs", "multirun", "anchoreval.log", "cli.log"} & {p.name for p in here.iterdir()}


def test_a_sweep_of_wrong_requests_leaves_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = tree(here)
    assert main(["-m", "benchmark.path=bench", "k=500,600"]) == 2
    assert tree(here) == before
    assert "2 jobs: 0 done, 0 were there already, 2 failed" in capsys.readouterr().err


def test_the_installed_command_works_with_a_fresh_home(here: Path) -> None:
    (here / "home").mkdir()
    environment = {"HOME": str(here / "home"), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-m", "anchoreval", "benchmark.path=bench", "k=20", "results=out"]
    done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1].startswith("written to out/runs/run-simulated-")
    again = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, check=False)
    assert again.stdout.replace("was complete:", "written to") == done.stdout
    record = json.loads((next((here / "out" / "runs").iterdir()) / "done.json").read_text(encoding="utf-8"))
    assert set(record["timings"]) == {"select", "fit", "score", "predict", "power"}


def test_a_reader_that_stops_early_is_no_error(here: Path) -> None:
    command = f"{sys.executable} -m anchoreval --help | head -1; exit ${{PIPESTATUS[0]}}"
    for _ in range(3):
        done = subprocess.run(["bash", "-c", command], cwd=here, capture_output=True, text=True, check=False)
        assert done.stderr == ""


PLUGIN = '''
from dataclasses import dataclass
from typing import ClassVar
from anchoreval.methods import Selection

@dataclass
class EveryNth:
    """Items at even distances."""
    start: int = 0
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset] = frozenset()

    def select(self, sources, k, rng):
        step = sources.n_items // k
        return Selection(items=sources.items.index[self.start :: step][:k])
'''


def test_a_third_party_selector_needs_no_file_of_ours(here: Path) -> None:
    (here / "site" / "theirs-2.5.dist-info").mkdir(parents=True)
    (here / "site" / "theirs.py").write_text(PLUGIN, encoding="utf-8")
    metadata = here / "site" / "theirs-2.5.dist-info"
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 2.5\n", encoding="utf-8")
    entry = "[anchoreval.selectors]\nevery_nth = theirs:EveryNth\n"
    (metadata / "entry_points.txt").write_text(entry, encoding="utf-8")
    chosen = ["selector=plugin", "selector.name=every_nth", "+selector.start=1", "estimator=signature"]
    done = subprocess.run(
        [sys.executable, "-m", "anchoreval", "benchmark.path=bench", "k=10", *chosen],
        cwd=here,
        env={**os.environ, "PYTHONPATH": str(here / "site")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (folder,) = (here / "results" / "runs").iterdir()
    identity = json.loads((folder / "done.json").read_text(encoding="utf-8"))["identity"]
    assert identity["anchors"]["selector"] == {"name": "every_nth", "options": {"start": 1}, "provider": "theirs 2.5"}
    document = json.loads((folder / "anchors" / "anchors.json").read_text(encoding="utf-8"))
    assert "item0001" in json.dumps(document)


def test_a_study_of_the_users_own(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "mine" / "experiment").mkdir(parents=True)
    study = "# @package _global_\nk: 7\nbenchmark: {path: bench}\ndefaults: [override /estimator: mean]\n"
    (here / "mine" / "experiment" / "study.yaml").write_text(study, encoding="utf-8")
    assert main(["--config-dir", "mine", "experiment=study"]) == 0
    assert "7 of 60 items as anchors (random), reconstructed by mean" in capsys.readouterr().out
