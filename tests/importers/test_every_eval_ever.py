"""Every Eval Ever: lines and aggregates by hand, in the shapes of its converters and of our own export."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.errors import ResponseDataError
from anchoreval.exporters.eval_instances import instance_rows
from anchoreval.exporters.eval_schema import complaint
from anchoreval.importers.every_eval_ever import IMPORTER
from anchoreval.importers.imported import ReadOptions
from anchoreval.importers.recognising import units_of

from .written import runs_of, scores_of, skipped_of, write_json, write_lines


def answer(sample: Any, score: Any, **changes: Any) -> dict[str, Any]:
    """A line as the project's converter from HELM writes it."""
    return {
        "schema_version": "0.2.1",
        "evaluation_id": "mmlu/openai_gpt2/17",
        "model_id": "openai/gpt2",
        "evaluation_name": "mmlu",
        "sample_id": sample,
        "sample_hash": hashlib.sha256(str(sample).encode()).hexdigest(),
        "interaction_type": "single_turn",
        "input": {"raw": f"What is {sample}?", "formatted": None, "reference": ["b"], "choices": ["a", "b"]},
        "output": {"raw": [" D"], "reasoning_trace": []},
        "messages": None,
        "answer_attribution": [],
        "evaluation": {"score": score, "is_correct": score == 1.0, "num_turns": None},
        "error": None,
        "metadata": None,
        **changes,
    }


def aggregate(path: Path, score: float, config: dict[str, Any] | None = None, **changes: Any) -> Path:
    """The aggregate of a file of answers, as converters write it, beside it."""
    data = path.read_bytes()
    document = {
        "schema_version": "0.2.0",
        "evaluation_id": "mmlu/openai_gpt2/17",
        "retrieved_timestamp": "17",
        "source_metadata": {"source_type": "evaluation_run"},
        "model_info": {"name": "openai/gpt2", "id": "openai/gpt2"},
        "evaluation_results": [result("mmlu", score, config)],
        "detailed_evaluation_results": {
            "format": "jsonl",
            "file_path": f"instance_level_data/{path.name}",
            "hash_algorithm": "sha256",
            "checksum": hashlib.sha256(data).hexdigest(),
            "total_rows": len(data.splitlines()),
        },
        **changes,
    }
    return write_json(path.parent / "aggregate.json", document)


def result(name: str, score: float, config: dict[str, Any] | None = None) -> dict[str, Any]:
    metric = {"evaluation_description": "accuracy", "lower_is_better": False, "min_score": 0.0, "max_score": 1.0}
    return {
        "evaluation_name": name,
        "source_data": {"source_type": "hf_dataset", "dataset_name": name},
        "metric_config": {**metric, **(config or {})},
        "score_details": {"score": score},
    }


def test_lines_alone(tmp_path: Path) -> None:
    failed = answer("e", 0.0, error="timeout", output={"raw": [""]})
    refused = answer("f", 0.0, error="refusal", output={"raw": ["I cannot"]})
    rows = [answer("a", 1.0), answer(7, 0.25), answer("c", None), failed, refused]
    (run,) = runs_of(IMPORTER, write_lines(tmp_path / "samples.jsonl", rows))
    assert (run.model, run.task, run.metric, run.replicate, run.stated) == ("openai/gpt2", "mmlu", "score", "", None)
    np.testing.assert_array_equal(run.scores, np.float32([1, 0.25, np.nan, np.nan, 0]))
    assert list(run.items["key"]) == ["a", "7", "c", "e", "f"]
    assert run.items["text"][1] == "What is 7?"
    assert run.items["options"][0] == ["a", "b"]
    assert run.items["doc_hash"][0] == hashlib.sha256(b"a").hexdigest()
    assert "subject" not in run.items


def test_facts_that_some_rows_lack_are_left_out(tmp_path: Path) -> None:
    rows = [answer("a", 1, metadata={"subject": "law"}), answer("b", 1, sample_hash=None, metadata={"subject": "art"})]
    (run,) = runs_of(IMPORTER, write_lines(tmp_path / "s.jsonl", rows))
    assert list(run.items["subject"]) == ["law", "art"]
    assert "doc_hash" not in run.items


def test_models_and_evaluations_are_runs_and_repeats_are_replicates(tmp_path: Path) -> None:
    rows = [
        answer("a", 1.0),
        answer("b", 0.0),
        answer("a", 0.0, evaluation_name="gsm8k"),
        answer("a", 0.5),
        answer("b", 0.25),
        answer("a", 1.0, model_id="other"),
    ]
    path = write_lines(tmp_path / "s.jsonl", rows)
    runs = runs_of(IMPORTER, path)
    assert [(run.model, run.task, run.replicate, scores_of(run)) for run in runs] == [
        ("openai/gpt2", "mmlu", "1", {"a": 1.0, "b": 0.0}),
        ("openai/gpt2", "gsm8k", "", {"a": 0.0}),
        ("openai/gpt2", "mmlu", "2", {"a": 0.5, "b": 0.25}),
        ("other", "mmlu", "", {"a": 1.0}),
    ]
    assert skipped_of(IMPORTER, path, ReadOptions(tasks=("gsm8k",))) == ["task mmlu was not asked for"] * 3


@pytest.mark.parametrize("place", ["", "instance_level_data"])
def test_the_aggregate_states_the_mean(tmp_path: Path, place: str) -> None:
    rows = [answer("a", 1.0), answer("b", 0.0), answer("c", 0.0)]
    path = write_lines(tmp_path / place / "s.jsonl", rows)
    document = aggregate(path, 1 / 3)
    document.rename(tmp_path / "whatever.json")
    (run,) = runs_of(IMPORTER, tmp_path)
    assert run.stated == pytest.approx(1 / 3)
    assert run.metric == "accuracy"
    assert run.provenance == {"aggregate": "whatever.json", "stated": {"mmlu": pytest.approx(1 / 3)}}


def test_another_mean_is_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "s.jsonl", [answer("a", 1.0), answer("b", 0.0)])
    aggregate(path, 0.75)
    with pytest.raises(
        ResponseDataError, match=r"s.jsonl: mmlu: states a score of 0\.75, its answers have a mean of 0\.5"
    ):
        runs_of(IMPORTER, tmp_path)


def test_a_score_of_other_samples_states_nothing(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "s.jsonl", [answer("a", 1.0), answer("b", 0.0)])
    stated = result("mmlu", 0.75)
    stated["score_details"]["uncertainty"] = {"num_samples": 4}
    aggregate(path, 0, evaluation_results=[stated])
    assert runs_of(IMPORTER, tmp_path)[0].stated is None
    aggregate(path, 0, evaluation_results=[result("mmlu", 0.75), result("mmlu", 0.25)])
    assert runs_of(IMPORTER, tmp_path)[0].stated is None
    rows = [answer("a", 1.0), answer("b", None)]
    aggregate(write_lines(path, rows), 0.5)
    assert runs_of(IMPORTER, tmp_path)[0].stated is None


def test_a_metric_among_several_is_the_users(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "s.jsonl", [answer("a", 1.0), answer("b", 0.0)])
    results = [result("mmlu", 0.5), result("mmlu", 0.9, {"metric_name": "f1"})]
    aggregate(path, 0, evaluation_results=results)
    assert runs_of(IMPORTER, path, ReadOptions(metric="accuracy"))[0].stated == 0.5
    with pytest.raises(ResponseDataError, match=r"states a score of 0\.9"):
        runs_of(IMPORTER, path, ReadOptions(metric="f1"))
    with pytest.raises(ResponseDataError, match="task 'mmlu' has no metric 'bleu'"):
        runs_of(IMPORTER, path, ReadOptions(metric="bleu"))


@pytest.mark.parametrize(
    ("config", "stated", "given", "expected"),
    [
        ({"min_score": 1, "max_score": 5}, 3.0, [1, 5], [0.0, 1.0]),
        ({"min_score": 1, "max_score": 5}, 1.0, [1, 1], [0.0, 0.0]),
        ({"min_score": 1, "max_score": 5}, 5.0, [1, 1], [1.0, 1.0]),
        ({"min_score": 0, "max_score": 100}, 50.0, [1, 0], [1.0, 0.0]),
        ({"min_score": 0, "max_score": 100}, 40.0, [30, 50], [0.3, 0.5]),
        ({"lower_is_better": True}, 0.25, [0.5, 0.0], [0.5, 1.0]),
        ({"min_score": None, "max_score": None}, 0.5, [1, 0], [1.0, 0.0]),
    ],
)
def test_scales_are_brought_to_one(
    tmp_path: Path, config: dict[str, Any], stated: float, given: list[float], expected: list[float]
) -> None:
    path = write_lines(tmp_path / "s.jsonl", [answer(n, score) for n, score in enumerate(given)])
    aggregate(path, stated, config)
    (run,) = runs_of(IMPORTER, tmp_path)
    np.testing.assert_allclose(run.scores, expected, atol=1e-7)
    assert run.stated == pytest.approx(np.mean(expected))


@pytest.mark.parametrize("given", [[7, 1], [1e300, -1e300], [1e308, 1e308]])
def test_scores_beyond_the_scale_are_refused(tmp_path: Path, given: list[float]) -> None:
    path = write_lines(tmp_path / "s.jsonl", [answer(n, score) for n, score in enumerate(given)])
    with pytest.raises(ResponseDataError, match="outside"):
        runs_of(IMPORTER, path)
    document = aggregate(path, 3.0, {"min_score": 1, "max_score": 5})
    with pytest.raises(ResponseDataError, match="states a score of 3, its answers"):
        runs_of(IMPORTER, path)
    aggregate(
        path,
        3.0,
        {"min_score": 1, "max_score": 5},
        evaluation_results=json.loads(document.read_text())["evaluation_results"],
    )
    write_lines(path, [answer("a", given[0]), answer("b", None)])
    aggregate(path, 3.0, {"min_score": 1, "max_score": 5})
    with pytest.raises(ResponseDataError, match="outside the scale from 1 to 5"):
        runs_of(IMPORTER, path)


def test_damage_is_told(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "s.jsonl", [answer("a", 1.0), answer("b", 0.0)])
    aggregate(path, 0.5)
    whole = path.read_text()
    path.write_text(whole.replace('"score": 0.0', '"score": 1.0'))
    with pytest.raises(ResponseDataError, match=r"s\.jsonl: damaged or edited: .* checksum in aggregate\.json"):
        runs_of(IMPORTER, path)
    path.write_text(whole.splitlines()[0] + "\n")
    with pytest.raises(ResponseDataError, match=r"holds 1 row, aggregate\.json says 2"):
        runs_of(IMPORTER, path)
    document = aggregate(write_lines(path, [answer("a", 1.0, evaluation_id="another")]), 1.0)
    assert len(runs_of(IMPORTER, path)) == 1
    document.write_text(document.read_text().replace('"sha256"', '"md5"'))
    with pytest.raises(ResponseDataError, match="line 1: is of evaluation 'another', not of 'mmlu/openai_gpt2/17'"):
        runs_of(IMPORTER, path)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (answer("b", "1"), "line 2: score: '1' is not a number"),
        (answer("b", 1, evaluation=None), "line 2: evaluation: None is not an object"),
        (answer(None, 1), "line 2: sample_id: None is not a name"),
        (answer("b", 1, model_id=[]), "line 2: model_id: a list of 0 is not a name"),
        (answer("b", 1, input="x"), "line 2: input: 'x' is not an object"),
        (answer("b", 1, metadata=[1]), "line 2: metadata: a list of 1 is not an object"),
        (answer("b", 1, input={"choices": "ab"}), "line 2: choices: 'ab' is not a list"),
        (answer("b", 2), "item 'b': score 2 is outside [0, 1]"),
    ],
)
def test_faults_name_the_line(tmp_path: Path, row: Any, message: str) -> None:
    path = write_lines(tmp_path / "s.jsonl", [answer("a", 1.0), row])
    with pytest.raises(ResponseDataError) as caught:
        runs_of(IMPORTER, path)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_aggregates_without_lines_are_left_out_and_damaged_ones_told(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "s.jsonl", [answer("a", 1.0)])
    document = aggregate(path, 1.0)
    assert list(units_of(IMPORTER, tmp_path)) == [path]
    path.unlink()
    assert skipped_of(IMPORTER, tmp_path) == ["aggregate scores without a file of answers"]
    document.write_text(document.read_text()[:-5])
    with pytest.raises(ResponseDataError, match=r"aggregate\.json: is not JSON"):
        skipped_of(IMPORTER, tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"evaluation_results": {}}, "evaluation_results: an object of 0 is not a list"),
        ({"evaluation_results": [1]}, "evaluation_results[0]: 1 is not an object"),
        ({"evaluation_results": [result("mmlu", "x")]}, "evaluation_results[0].score: 'x' is not a number"),  # type: ignore[arg-type]
        ({"evaluation_id": None}, "evaluation_id: None is not a name"),
    ],
)
def test_an_aggregate_that_breaks_the_format_is_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    document = aggregate(write_lines(tmp_path / "s.jsonl", [answer("a", 1.0)]), 1.0, **changes)
    with pytest.raises(ResponseDataError) as caught:
        runs_of(IMPORTER, tmp_path / "s.jsonl")
    assert str(caught.value) == f"{document}: {message}"


def test_what_anchoreval_exports_is_read_and_its_estimate_is_no_mean(tmp_path: Path) -> None:
    sample = {
        "arguments": {
            "gen_args_0": {"arg_0": "Which?", "arg_1": " a"},
            "gen_args_1": {"arg_0": "Which?", "arg_1": " b"},
        },
        "doc": {"target": 1},
        "target": "1",
        "resps": [[(-1.0, False)], [(-0.5, False)]],
        "filter": "none",
    }
    facts = pd.DataFrame({"task": "t", "doc_id": [3, 4], "doc_hash": ["h3", "h4"], "weight": 0.5}, index=["t/3", "t/4"])
    identity = {"evaluation_id": "mmlu/openai_gpt2/17", "model_id": "m", "evaluation_name": "mmlu"}
    rows = instance_rows(dict.fromkeys(facts.index, sample), {"t/3": 1.0, "t/4": 0.25}, facts, identity)
    assert not any(complaint(row, "instance") for row in rows)
    path = write_lines(tmp_path / "m_samples.jsonl", rows)
    aggregate(path, 0.9, eval_library={"name": "anchoreval", "version": "1"}).rename(tmp_path / "m.json")
    (run,) = runs_of(IMPORTER, tmp_path)
    assert (run.model, run.task, run.stated) == ("m", "mmlu", None)
    assert scores_of(run) == {"t/3": 1.0, "t/4": 0.25}
    assert list(run.items["doc_hash"]) == ["h3", "h4"]
    assert run.provenance["estimates"] == {"mmlu": 0.9}


@pytest.mark.real_data
def test_its_originals_of_other_formats_are_not_taken_for_its_own(data_folder: Path) -> None:
    assert not list(units_of(IMPORTER, data_folder / "raw"))
