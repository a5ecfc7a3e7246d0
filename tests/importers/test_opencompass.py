"""OpenCompass's results, on files written in their shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anchoreval.errors import ResponseDataError
from anchoreval.importers.imported import ImportedRun, ReadOptions, Skipped
from anchoreval.importers.opencompass import IMPORTER
from anchoreval.importers.recognising import units_of

RUN = "20250102_030405"


def read(path: Path, **options: Any) -> tuple[list[ImportedRun], list[Skipped]]:
    found = [one for unit in units_of(IMPORTER, path) for one in IMPORTER.read(unit, ReadOptions(**options))]
    return [r for r in found if isinstance(r, ImportedRun)], [s for s in found if isinstance(s, Skipped)]


def put(folder: Path, kind: str, document: Any, name: str = "toy") -> Path:
    path = folder / RUN / kind / "lab-m" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=4, ensure_ascii=False))
    return path


def generated(correct: Any, **more: Any) -> dict[str, Any]:
    return {
        "prompt": "ask",
        "origin_prediction": "x",
        "predictions": "x",
        "references": "y",
        "correct": correct,
        **more,
    }


def test_details_by_number(tmp_path: Path) -> None:
    details = {"type": "GEN", "0": generated(True), "1": generated(False), "2": generated(None), "10": generated(1)}
    put(tmp_path, "results", {"accuracy": 200 / 3, "details": details})
    ((run,), _) = read(tmp_path)
    assert (run.model, run.task, run.metric, run.replicate) == ("lab-m", "toy", "correct", RUN)
    assert run.items["key"].tolist() == ["0", "1", "2", "10"]
    np.testing.assert_array_equal(run.scores, np.float32([1, 0, np.nan, 1]))
    assert run.stated == pytest.approx(run.mean) == pytest.approx(2 / 3)
    assert run.items["text"].tolist() == ["ask"] * 4


def test_details_in_a_list_take_their_prompts_from_the_parts_of_predictions(tmp_path: Path) -> None:
    details = [{"pred": "x", "answer": "x", "correct": n < 2} for n in range(3)]
    put(tmp_path, "results", {"accuracy": 200 / 3, "details": details, "type": "GEN"})
    chat = [{"role": "HUMAN", "prompt": "first"}, {"role": "BOT", "prompt": "second"}]
    put(tmp_path, "predictions", {"0": {"origin_prompt": chat, "prediction": "x"}, "1": {"prediction": "x"}}, "toy_0")
    put(tmp_path, "predictions", {"0": {"origin_prompt": "third", "prediction": "x"}}, "toy_1")
    runs, skipped = read(tmp_path)
    assert runs[0].items["text"].tolist() == ["first\nsecond", None, "third"]
    assert runs[0].mean == pytest.approx(2 / 3)
    assert len(skipped) == 2
    assert all("not graded" in one.reason for one in skipped)


def ppl(correct: bool, **options: float) -> dict[str, Any]:
    shown = {label: {"prompt": "p", "PPL": value} for label, value in options.items()}
    return {"origin_prediction": shown, "predictions": "A", "references": "A", "correct": correct}


def test_perplexities_are_normalised_log_likelihoods(tmp_path: Path) -> None:
    put(tmp_path, "results", {"accuracy": 50.0, "details": {"0": ppl(True, A=1.0, B=2.5), "1": ppl(False, A=1.0)}})
    assert read(tmp_path)[0][0].probabilities is None
    ((run,), _) = read(tmp_path, normalised=True)
    assert run.probabilities is not None
    share = 1 / (1 + np.exp(-1.5))
    np.testing.assert_allclose(run.probabilities[0], [share, 1 - share], rtol=1e-6)
    assert np.isnan(run.probabilities[1]).all()


def test_another_entry_may_be_the_score(tmp_path: Path) -> None:
    details = {"0": generated(False, model_extract_correct=True), "1": generated(True, model_extract_correct=True)}
    put(tmp_path, "results", {"accuracy": 50, "model_postprocess_accuracy": 100.0, "details": details})
    ((run,), _) = read(tmp_path, metric="model_extract_correct")
    assert (run.mean, run.stated) == (1.0, 1.0)
    with pytest.raises(ResponseDataError, match=r"its details have no 'f1' \(there are: prompt, "):
        read(tmp_path, metric={"toy": "f1"})
    assert read(tmp_path, tasks=("other",)) == ([], [])


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"accuracy": 50.0}, "has no details"),
        ({"score": 50.0, "details": {}}, "has no details"),
        ({"details": {"type": "GEN", "0": {"prompt": "p", "predictions": "x"}}}, "do not say what is correct"),
    ],
)
def test_results_without_scores_of_items_are_skipped(tmp_path: Path, document: Any, reason: str) -> None:
    put(tmp_path, "results", document)
    runs, (skipped,) = read(tmp_path)
    assert not runs
    assert reason in skipped.reason


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"details": {"0": {"correct": "True"}}}', "item 0: correct: 'True' is not a number"),
        ('{"details": {"0": {"correct": 2}}}', "item 0: correct: 2 is outside"),
        ('{"details": {"0": {"correct": 1e400}}}', "item 0: correct: inf is not a finite number"),
        ('{"details": {"0": {"correct": [true]}}}', "item 0: correct: a list of 1 is not a number"),
        ('{"details": {"0": {"correct": 1}, "0": {"correct": 0}}}', "key '0' stands twice"),
        ('{"details": [7]}', r"byte 14: details: 7 is not an object"),
        ('{"accuracy": "high", "details": [{"correct": 1}]}', "byte 14: accuracy: 'high' is not a number"),
        ('{"details": {"0": {"correct": 1}', "the end where ',' or '}' should be"),
    ],
)
def test_a_fault_names_file_and_place(tmp_path: Path, text: str, message: str) -> None:
    path = put(tmp_path, "results", {})
    path.write_text(text)
    with pytest.raises(ResponseDataError, match=message) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_mean_that_can_be_none_is_not_stated(tmp_path: Path) -> None:
    for accuracy in (None, -1, 101, float("nan")):
        put(tmp_path, "results", {"accuracy": accuracy, "details": [{"correct": True}]})
        assert read(tmp_path)[0][0].stated is None


def test_results_of_others_are_not_taken(tmp_path: Path) -> None:
    put(tmp_path, "results", {"config_general": {}, "results": {}, "details": {}})
    put(tmp_path, "summary", {"accuracy": 1.0, "details": [{"correct": True}]})
    put(tmp_path, "predictions", {"config": {}}, "other")
    assert list(units_of(IMPORTER, tmp_path)) == []
