"""What `job=import` says of logs that it read, and what a refused one leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from anchoreval.cli import main
from anchoreval.importers.lm_eval_logs import LmEvalLogs

from ..importers.lm_eval_samples import choice_row, results_document, write_log, write_results

STAGED = ".bench.import.tmp"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def log(model: str, *scores: float, task: str = "toy", folder: str = "logs") -> Path:
    """A sample log with its results."""
    rows = [choice_row(n, acc=score, doc_hash=f"{n:064x}") for n, score in enumerate(scores)]
    place = Path(folder, model)
    path = write_log(place, rows, task)
    document = results_document(task, acc__none=sum(scores) / len(scores))
    document["config"]["model_args"] = f"pretrained={model}"
    write_results(place, document)
    return path


def imported(*more: str) -> int:
    return main(["job=import", "path=logs", "into=bench", "reading.workers=1", *more])


def test_one_log_is_said_in_the_singular(capsys: pytest.CaptureFixture[str]) -> None:
    log("one", 1.0, 0.0)
    assert imported() == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("logs: 1 model x 2 items")
    assert "full score in percentage points: 50.0" in said
    assert "read 1 run of 1 model from 1 lm_eval file" in said, "results beside a log are no source of runs"
    assert "1 of them states a score, and it agrees with its items" in said
    assert said[-1] == "bench: 1 model added, 0 replaced, 0 unchanged"
    assert not any("not recognised" in line for line in said)


def test_several_logs_and_what_lies_beside_them(capsys: pytest.CaptureFixture[str]) -> None:
    log("one", 1.0, 0.0, 1.0)
    log("two", 0.0, 0.0, 1.0)
    Path("logs", "notes.txt").write_text("x", encoding="utf-8")
    assert imported() == 0
    said = capsys.readouterr().out.splitlines()
    assert "read 2 runs of 2 models from 2 lm_eval files" in said
    assert "2 of them state a score, and all of these agree with their items" in said
    assert "not recognised: logs/notes.txt" in said


def test_a_file_that_belongs_to_another_is_no_stranger(capsys: pytest.CaptureFixture[str]) -> None:
    from ..importers.test_mmlu_pro import question
    from ..importers.written import write_json

    write_json(Path("logs/m/law_result.json"), [question(1), question(2, "A")])
    write_json(Path("logs/m/law_summary.json"), {"law": {"corr": 1.0, "wrong": 1.0, "acc": 0.5}})
    assert imported() == 0
    said = capsys.readouterr().out.splitlines()
    assert "read 1 run of 1 model from 1 mmlu_pro file" in said
    assert "along with these, without answers of single items: logs/m/law_summary.json" in said
    assert not any("not recognised" in line for line in said)


def test_a_refused_import_keeps_what_it_read_and_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log("one", 1.0, 0.0)
    damaged = log("two", 0.0, 1.0)
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-9])
    assert imported() == 2
    line = capsys.readouterr().err
    assert "reading.on_damage=skip leaves such files out" in line
    assert f"what was read is kept in {STAGED}, from which another try goes on" in line
    assert Path(STAGED).is_dir()
    assert not Path("bench").exists()
    damaged.write_bytes(whole)
    read, units = LmEvalLogs.read, []

    def counting(self: LmEvalLogs, unit: Path, options: object) -> object:
        units.append(unit.name)
        return read(self, unit, options)  # type: ignore[arg-type]

    monkeypatch.setattr(LmEvalLogs, "read", counting)
    assert imported() == 0
    assert units == [damaged.name], "the mended file alone is read"
    assert not Path(STAGED).exists()


def test_runs_that_contradict_each_other_are_kept_for_the_policy(capsys: pytest.CaptureFixture[str]) -> None:
    log("one", 1.0, 0.0)
    log("one", 1.0, 1.0, folder="logs/again")
    assert imported() == 2
    line = capsys.readouterr().err
    assert "1 answer differs from that in" in line
    assert "reading.on_conflict=first, last or replicates decides" in line
    assert STAGED in line
    assert imported("reading.on_conflict=last") == 0
    assert not Path(STAGED).exists()


def test_where_another_benchmark_stands_nothing_is_lost_either(capsys: pytest.CaptureFixture[str]) -> None:
    log("one", 1.0, 0.0)
    assert imported() == 0
    log("one", 1.0, 0.0, 1.0)
    capsys.readouterr()
    assert imported() == 2
    assert f"kept in {STAGED}" in capsys.readouterr().err


def test_nothing_is_left_where_nothing_was_read(capsys: pytest.CaptureFixture[str]) -> None:
    log("one", 1.0, 0.0).write_bytes(b'{"doc_id": 0, "doc": {}, "resps"')
    before = sorted(Path().rglob("*"))
    assert imported() == 2
    assert "kept" not in capsys.readouterr().err
    assert sorted(Path().rglob("*")) == before


@pytest.mark.parametrize("key", ["on_conflict", "replicates", "partial", "changed_items", "on_damage"])
def test_a_policy_that_is_none_is_named_by_its_key(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    log("one", 1.0, 0.0)
    assert imported(f"reading.{key}=best") == 2
    assert f"reading.{key}=best is not one of" in capsys.readouterr().err
    assert not Path(STAGED).exists()
