from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from anchor_selectors.bento import Bento
from anchoreval.cli import main
from anchoreval.contract import choose
from anchoreval.pocket import load
from anchoreval.protocol.digests import method_identity
from anchoreval.responses import ResponseMatrix
from anchoreval.scoring.transfer_matrix import TransferMatrix
from anchoreval.store import write_benchmark
from anchoreval.transfer_table import read_transfer_table

QUICK = [
    "job=transfer",
    "transfer.model=hazel-1",
    "transfer.shots=2",
    "transfer.draws=2",
    "transfer.items_per_subject=3",
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def measured(here: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The folder of a small measurement on pocket."""
    assert main(QUICK) == 0
    said = capsys.readouterr().out
    assert "hazel-1: 12 subjects, 2 exemplars, 2 draws, 3 to 3 items a subject" in said
    assert "by permutation" in said
    (folder,) = (here / "results" / "runs").iterdir()
    assert said.strip().endswith(f"written to {folder.relative_to(here) / 'transfer.csv'}")
    return folder


def test_the_measurement_is_written_whole_and_not_repeated(
    measured: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert {"transfer.csv", "transfer.json", "report.md", "config.yaml", "done.json"} == {
        path.name for path in measured.iterdir()
    }
    table = read_transfer_table(measured / "transfer.csv")
    assert list(table.index) == sorted(load().subjects)
    told = TransferMatrix.load(measured / "transfer.csv").described
    assert (told["model"], told["apart"], told["seed"]) == ("hazel-1", "fact", 0)
    before = (measured / "done.json").read_bytes()
    assert main([*QUICK, "exit_code=true"]) == 3
    assert "was complete: " in capsys.readouterr().out
    assert (measured / "done.json").read_bytes() == before
    assert main([*QUICK, "seed=1"]) == 0
    assert len(list((here / "results" / "runs").iterdir())) == 2


def test_the_table_is_one_that_bento_reads(measured: Path) -> None:
    chosen = choose(Bento(transfer=str(measured / "transfer.csv")), load(), 4)
    assert len(chosen.details["order"]) == 4


def test_another_benchmark_goes_through_lm_eval(
    here: Path, capsys: pytest.CaptureFixture[str], synthetic: Callable[..., ResponseMatrix]
) -> None:
    matrix = synthetic(6, 24, n_subjects=3, seed=1)
    numbers = np.arange(24)
    names = [f"letters/{n}" for n in numbers]
    items = matrix.items.set_axis(names).assign(task="letters", doc_id=numbers)
    write_benchmark(ResponseMatrix.from_arrays(matrix.scores, items=items, name="letters"), here / "bench")
    rows = [{"q": f"question {n}?", "options": ["yes", f"no {n}"], "answer": n % 2} for n in range(24)]
    (here / "tasks").mkdir()
    (here / "tasks" / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (here / "tasks" / "letters.yaml").write_text(
        "task: letters\ndataset_path: json\n"
        f"dataset_kwargs: {{data_files: {{test: {here / 'tasks' / 'letters.jsonl'}}}}}\n"
        "test_split: test\noutput_type: multiple_choice\ndoc_to_text: q\ndoc_to_choice: options\n"
        "doc_to_target: answer\nnum_fewshot: 0\nmetric_list: [{metric: acc}]\n"
    )
    asked = ["scorer=lm_eval", "scorer.model=dummy", "scorer.tasks=[letters]", "scorer.include_path=tasks"]
    small = ["transfer.shots=1", "transfer.draws=2", "transfer.items_per_subject=5"]
    assert main(["job=transfer", "benchmark.path=bench", *asked, *small]) == 0
    said = capsys.readouterr()
    assert "dummy: 3 subjects, 1 exemplars, 2 draws, 5 to 5 items a subject" in said.out
    assert "dummy: 180 requests asked, 0 recalled" in said.err
    for folder in (here / "results" / "runs").iterdir():  # as if it had been killed before it was complete
        shutil.rmtree(folder)
    assert main(["job=transfer", "benchmark.path=bench", *asked, *small]) == 0
    assert "dummy: 0 requests asked, 180 recalled" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["transfer.model=nobody"], "transfer.model=nobody: pocket has no such model"),
        (["transfer.shots=0"], "shots = 0 is not a positive number"),
        (["transfer.draws=40"], "go to exemplars"),
        (["transfer.apart=colour"], "needs items.colour"),
        (["benchmark.path=bench", "scorer=replay"], "needs scorer=lm_eval"),
        (["benchmark.path=plain"], "needs subjects (items.subject)"),
        (["path=x"], "path=x is for job=import"),
    ],
)
def test_a_wrong_request_is_one_line_and_leaves_nothing(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    synthetic: Callable[..., ResponseMatrix],
    arguments: list[str],
    words: str,
) -> None:
    write_benchmark(synthetic(8, 12, n_subjects=3), here / "bench")
    write_benchmark(synthetic(8, 12), here / "plain")
    assert main(["job=transfer", *arguments]) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert len(said.err.splitlines()) == 1
    assert not (here / "results").exists()


def test_a_table_that_has_changed_is_another_method(here: Path) -> None:
    (here / "one.csv").write_text("source,a\na,0.5\n")
    (here / "two.csv").write_text("source,a\na,0.5\n")
    one, two = (method_identity("selector", Bento(transfer=f"{name}.csv")) for name in ("one", "two"))
    assert one == two  # where a file is does not matter
    (here / "two.csv").write_text("source,a\na,0.6\n")
    assert method_identity("selector", Bento(transfer="two.csv")) != one
    assert one["options"]["form"] == "sim"
