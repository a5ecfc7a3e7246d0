"""Every Eval Ever: valid by a schema of our own words, and read back to the same numbers."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.anchors import AnchorSet
from anchoreval.errors import ConfigurationError, StoreError
from anchoreval.exporters.eval_record import Evaluator, aggregate_record
from anchoreval.exporters.eval_schema import complaint
from anchoreval.exporters.every_eval_ever import write_every_eval_ever
from anchoreval.exporters.every_eval_ever_reading import read_every_eval_ever
from anchoreval.exporters.logged_answers import LoggedAnswers, read_logged_answers
from anchoreval.exporters.task_folder import write_task_folder
from anchoreval.scoring.task_set import TaskSet, load_tasks

from ..scoring.doubles import HashLM, choice_task, generation_task
from .runs import run_lm_eval
from .sets import anchors_of

WHO = Evaluator("A Lab", 1_700_000_000)
HOSTILE = '<script>alert("x")</script>/../\n\x1b[31m'


@pytest.fixture(scope="module")
def anchors(tasks: TaskSet) -> AnchorSet:
    return anchors_of(tasks, 8, fitted=True)


@pytest.fixture(scope="module")
def logged(anchors: AnchorSet, tasks: TaskSet, tmp_path_factory: pytest.TempPathFactory) -> LoggedAnswers:
    folder = tmp_path_factory.mktemp("logged")
    write_task_folder(anchors, folder / "export", tasks)
    for name in ("one", "two"):
        run_lm_eval(HashLM(name), ["anchors_letters_8"], folder / "out", folder / "export")
    return read_logged_answers([folder / "out"], anchors)


def estimates_of(anchors: AnchorSet, logged: LoggedAnswers) -> pd.DataFrame:
    assert logged.responses is not None
    return anchors.reconstruction().predict(logged.responses, level=0.8)


def test_estimates_and_answers_come_back_as_they_went(
    anchors: AnchorSet, logged: LoggedAnswers, tmp_path: Path
) -> None:
    estimates = estimates_of(anchors, logged)
    assert write_every_eval_ever(tmp_path / "eee", anchors, estimates, WHO, level=0.8, logged=logged)
    assert not write_every_eval_ever(tmp_path / "eee", anchors, estimates, WHO, level=0.8, logged=logged)
    read = read_every_eval_ever(tmp_path / "eee")
    for column in ("score", "lower", "upper", "standard_error"):
        np.testing.assert_array_equal(read.estimates[column], estimates[column])
    assert list(read.estimates.index) == ["one", "two"]
    assert set(read.estimates["level"]) == {0.8}
    assert logged.responses is not None
    assert list(read.answers.columns) == list(anchors.items)
    np.testing.assert_array_equal(read.answers, logged.responses.scores)


def test_every_document_is_valid_and_says_what_it_is(anchors: AnchorSet, logged: LoggedAnswers, tmp_path: Path) -> None:
    write_every_eval_ever(tmp_path / "eee", anchors, estimates_of(anchors, logged), WHO, level=0.8, logged=logged)
    record = json.loads((tmp_path / "eee" / "one.json").read_text(encoding="utf-8"))
    assert complaint(record, "aggregate") is None
    result = record["evaluation_results"][0]
    assert "Reconstructed from 8 anchors" in result["score_details"]["details"]["estimate"]
    assert "Reconstructed from 8 anchors" in result["metric_config"]["additional_details"]["estimate"]
    assert result["score_details"]["uncertainty"]["confidence_interval"]["confidence_level"] == 0.8
    assert record["evaluation_id"] == "letters/one/1700000000"
    assert record["retrieved_timestamp"] == "1700000000"
    details = record["detailed_evaluation_results"]
    data = (tmp_path / "eee" / details["file_path"]).read_bytes()
    assert details["checksum"] == hashlib.sha256(data).hexdigest()
    rows = [json.loads(line) for line in data.decode().splitlines()]
    assert details["total_rows"] == len(rows) == 8
    for row in rows:
        assert complaint(row, "instance") is None
        right = row["output"]["raw"] == row["input"]["reference"]
        assert row["evaluation"] == {"score": float(right), "is_correct": right}
        assert row["output"]["raw"][0] in row["input"]["choices"]
        assert row["sample_hash"] == anchors.table["doc_hash"][row["sample_id"]]


def test_generated_answers_show_what_was_said_and_what_was_read(tmp_path: Path) -> None:
    filters = [
        {"name": "low", "filter": [{"function": "regex", "regex_pattern": "([0-1])"}, {"function": "take_first"}]}
    ]
    tasks = load_tasks([generation_task(tmp_path, "free", filter_list=filters)], network=False)
    anchors = anchors_of(tasks, 6, fitted=True)
    write_task_folder(anchors, tmp_path / "export", tasks, metric="exact_match")
    run_lm_eval(HashLM("one"), ["anchors_letters_6"], tmp_path / "out", tmp_path / "export")
    logged = read_logged_answers([tmp_path / "out"], anchors)
    write_every_eval_ever(tmp_path / "eee", anchors, estimates_of(anchors, logged), WHO, level=0.8, logged=logged)
    rows = list(map(json.loads, (tmp_path / "eee" / "one_samples.jsonl").read_text(encoding="utf-8").splitlines()))
    for row in rows:
        (said,), (read,) = row["output"]["raw"], row["answer_attribution"]
        assert read["extracted_value"] == (said if said in "01" else "[invalid]")
        assert read["extraction_method"] == "lm-eval filter low"
        assert row["evaluation"]["is_correct"] == (read["extracted_value"] in row["input"]["reference"])
        assert "choices" not in row["input"]


def test_options_in_the_prompt_are_told_apart(tmp_path: Path) -> None:
    task = choice_task(tmp_path, "prompts", doc_to_text="answer", doc_to_target="{{question}} is it")
    tasks = load_tasks([task], network=False)
    anchors = anchors_of(tasks, 6, fitted=True)
    write_task_folder(anchors, tmp_path / "export", tasks)
    run_lm_eval(HashLM("one"), ["anchors_letters_6"], tmp_path / "out", tmp_path / "export")
    logged = read_logged_answers([tmp_path / "out"], anchors)
    write_every_eval_ever(tmp_path / "eee", anchors, estimates_of(anchors, logged), WHO, level=0.8, logged=logged)
    rows = list(map(json.loads, (tmp_path / "eee" / "one_samples.jsonl").read_text(encoding="utf-8").splitlines()))
    assert all(row["evaluation"]["is_correct"] == (row["output"]["raw"] == row["input"]["reference"]) for row in rows)


def table(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"score": [0.25], **columns}, index=["m"])


def test_subjects_are_results_of_their_own_and_unknown_columns_are_not(
    anchors: AnchorSet, tasks: TaskSet, tmp_path: Path
) -> None:
    subjects = ["law" if n % 2 else "score of law" for n in range(len(anchors.items))]
    with_subjects = anchors_of(tasks, 8)
    object.__setattr__(with_subjects, "table", with_subjects.table.assign(subject=subjects))
    estimates = table(law=[0.5], rank=[1], note=["text"], **{"score of law": [np.nan]})
    write_every_eval_ever(tmp_path / "eee", with_subjects, estimates, WHO)
    read = read_every_eval_ever(tmp_path / "eee").estimates
    assert read.loc["m", "law"] == 0.5
    assert "rank" not in read
    assert "score of law" not in read


def test_without_an_interval_none_is_made_up(anchors: AnchorSet, tmp_path: Path) -> None:
    write_every_eval_ever(tmp_path / "eee", anchors, table(lower=[np.nan], upper=[np.nan]), WHO)
    record = json.loads((tmp_path / "eee" / "m.json").read_text(encoding="utf-8"))
    details = record["evaluation_results"][0]["score_details"]
    assert details["uncertainty"] == {"num_samples": 8}
    assert "interval" not in details["details"]
    read = read_every_eval_ever(tmp_path / "eee" / "m.json").estimates
    assert read.loc["m", "score"] == 0.25
    assert np.isnan(read.loc["m", ["lower", "upper", "standard_error", "level"]].astype(float)).all()


def test_models_without_an_estimate_are_left_out(anchors: AnchorSet, tmp_path: Path) -> None:
    both = pd.DataFrame({"score": [0.25, np.nan]}, index=["m", "n"])
    write_every_eval_ever(tmp_path / "eee", anchors, both, WHO)
    assert list(read_every_eval_ever(tmp_path / "eee").estimates.index) == ["m"]
    with pytest.raises(ConfigurationError, match="no model has an estimate"):
        write_every_eval_ever(tmp_path / "eee", anchors, both.loc[["n"]], WHO)


def test_odd_names_do_no_harm(anchors: AnchorSet, tmp_path: Path) -> None:
    names = [HOSTILE, "../up", "_index", "a/b", "a_b"]
    estimates = pd.DataFrame({"score": np.linspace(0, 1, len(names))}, index=names)
    write_every_eval_ever(tmp_path / "safe" / "eee", anchors, estimates, WHO)
    assert [p.name for p in (tmp_path / "safe").iterdir()] == ["eee"]
    assert len(list((tmp_path / "safe" / "eee").iterdir())) == len(names) + 1
    read = read_every_eval_ever(tmp_path / "safe" / "eee").estimates
    assert read["score"].to_dict() == estimates["score"].to_dict()


def test_damage_is_named(anchors: AnchorSet, logged: LoggedAnswers, tmp_path: Path) -> None:
    folder = tmp_path / "eee"
    write_every_eval_ever(folder, anchors, estimates_of(anchors, logged), WHO, logged=logged)
    samples = folder / "one_samples.jsonl"
    samples.write_text(samples.read_text(encoding="utf-8").replace('"score": 0.0', '"score": 1.0'), encoding="utf-8")
    with pytest.raises(StoreError, match=r"one_samples\.jsonl: damaged or edited"):
        read_every_eval_ever(folder)
    record = json.loads((folder / "two.json").read_text(encoding="utf-8"))
    record["detailed_evaluation_results"]["file_path"] = "../secret.jsonl"
    (folder / "two.json").write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(StoreError, match="secret"):
        read_every_eval_ever(folder / "two.json")
    with pytest.raises(StoreError, match="no file of Every Eval Ever"):
        read_every_eval_ever(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"surprise": 1}, "additionalProperties|Additional properties"),
        ({"retrieved_timestamp": 1700000000}, "retrieved_timestamp"),
        ({"evaluation_results": []}, "evaluation_results"),
        ({"schema_version": "0.3"}, "schema_version"),
        ({"eval_library": {"name": "a", "version": "1", "additional_details": {"n": 1}}}, "additional_details"),
    ],
)
def test_the_schema_finds_what_breaks_the_format(anchors: AnchorSet, change: dict[str, Any], part: str) -> None:
    record = aggregate_record("m", table().loc["m"], anchors, WHO, 0.95)
    assert complaint(record, "aggregate") is None
    found = complaint({**record, **change}, "aggregate")
    assert found is not None
    assert any(word in found for word in part.split("|"))


def test_who_says_so_must_be_known() -> None:
    with pytest.raises(ConfigurationError, match="which organization"):
        Evaluator("", 0)
    with pytest.raises(ConfigurationError, match="relationship 'friend'"):
        Evaluator("A Lab", 0, "friend")
