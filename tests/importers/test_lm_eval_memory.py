"""lm-eval itself, run here: the same runs from its results in memory and from the files it writes."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.errors import ResponseDataError
from anchoreval.importers.imported import ImportedRun, ReadOptions, Skipped
from anchoreval.importers.lm_eval_logs import IMPORTER
from anchoreval.importers.lm_eval_memory import read_lm_eval_results

from ..exporters.runs import evaluated, run_lm_eval
from ..scoring.doubles import HashLM, choice_task, generation_task
from .lm_eval_samples import choice_row, results_document

SIZE = 10


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """A task of options, and one of texts with two filters."""
    folder = tmp_path_factory.mktemp("tasks")
    filters = [
        {"name": "whole", "filter": [{"function": "take_first"}]},
        {"name": "digits", "filter": [{"function": "regex", "regex_pattern": r"(\d+)"}, {"function": "take_first"}]},
    ]
    texts = generation_task(folder, "texts", filter_list=filters)
    return [choice_task(folder, "options", ("acc", "acc_norm")), texts]


@pytest.fixture(scope="module")
def results(tasks: list[dict[str, Any]]) -> dict[str, Any]:
    return evaluated(HashLM("a"), copy.deepcopy(tasks))


@pytest.fixture(scope="module")
def folder(tasks: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    run_lm_eval(HashLM("a"), copy.deepcopy(tasks), out)
    return out


def runs_of(results: dict[str, Any], **options: Any) -> dict[str, ImportedRun]:
    found = list(read_lm_eval_results(results, ReadOptions(**options)))
    return {run.task: run for run in found if isinstance(run, ImportedRun)}


@pytest.mark.parametrize("filter_name", ["whole", "digits"])
@pytest.mark.parametrize("normalised", [False, True])
def test_memory_and_disk_give_the_same(
    results: dict[str, Any], folder: Path, filter_name: str, normalised: bool
) -> None:
    options = ReadOptions(filter_name=None, normalised=normalised)
    chosen = ReadOptions(filter_name=filter_name, normalised=normalised)
    for task, wanted in (("options", options), ("texts", chosen)):
        (path,) = folder.rglob(f"samples_{task}_*.jsonl")
        (disk,) = IMPORTER.read(path, wanted)
        held = results | {"samples": {task: results["samples"][task]}}
        (memory,) = read_lm_eval_results(held, wanted)
        assert isinstance(disk, ImportedRun)
        assert isinstance(memory, ImportedRun)
        assert len(disk.scores) == SIZE
        np.testing.assert_array_equal(disk.scores, memory.scores)
        pd.testing.assert_frame_equal(disk.items, memory.items)
        assert (disk.task, disk.metric, disk.stated) == (memory.task, memory.metric, memory.stated)
        assert disk.stated == pytest.approx(disk.mean)
        assert (disk.probabilities is None) == (task == "texts") == (memory.probabilities is None)
        if disk.probabilities is not None and memory.probabilities is not None:
            np.testing.assert_allclose(disk.probabilities, memory.probabilities, rtol=1e-6)


@pytest.mark.parametrize(("metric", "normalised"), [("acc", False), ("acc_norm", True)])
def test_the_likeliest_option_decides_as_lm_eval_decides(
    results: dict[str, Any], metric: str, normalised: bool
) -> None:
    run = runs_of(results, metric={"options": metric}, normalised=normalised, filter_name="none", tasks=("options",))
    found = run["options"]
    answers = [row["doc"]["answer"] for row in results["samples"]["options"]]
    assert found.probabilities is not None
    np.testing.assert_array_equal(np.nanargmax(found.probabilities, axis=1) == answers, found.scores == 1)
    assert 0 < found.mean < 1


def test_hashes_are_lm_evals_own(results: dict[str, Any]) -> None:
    held = copy.deepcopy(results["samples"]["options"])
    known = [row.pop("doc_hash") for row in held]
    (run,) = read_lm_eval_results(results | {"samples": {"options": held}})
    assert isinstance(run, ImportedRun)
    assert list(run.items["doc_hash"]) == known


def test_several_filters_have_to_be_told_apart(results: dict[str, Any]) -> None:
    with pytest.raises(ResponseDataError, match=r"texts: has several filters, .*: 'digits', 'whole'"):
        list(read_lm_eval_results(results))


def test_wanted_tasks(results: dict[str, Any]) -> None:
    found = list(read_lm_eval_results(results, ReadOptions(tasks=("options",))))
    assert isinstance(found[0], ImportedRun)
    assert isinstance(found[1], Skipped)


def test_a_run_for_predictions_only_has_no_score(tasks: list[dict[str, Any]]) -> None:
    found = list(read_lm_eval_results(evaluated(HashLM("a"), copy.deepcopy(tasks[:1]), predict_only=True)))
    assert [type(one) for one in found] == [Skipped]


def test_a_part_of_the_documents(tasks: list[dict[str, Any]]) -> None:
    part = evaluated(HashLM("a"), copy.deepcopy(tasks[:1]), limit=4)
    (run,) = read_lm_eval_results(part)
    assert isinstance(run, ImportedRun)
    assert (len(run.scores), run.stated) == (4, pytest.approx(run.mean))


@pytest.mark.parametrize(
    ("results", "complaint"),
    [
        (None, "hold no samples"),
        ({"samples": {}}, "hold no samples"),
        ({"samples": {"toy": [choice_row(0)]}}, "do not name the model"),
        (results_document() | {"samples": {"toy": "text"}}, "samples of 'toy' are no list"),
        (results_document() | {"samples": {"toy": [choice_row(0), 3]}}, "toy: sample 2: is not a sample but 3"),
        (results_document() | {"samples": {"toy": [choice_row(0), choice_row(0)]}}, "sample 2: doc_id 0 stands twice"),
        (results_document(acc__none=0.5) | {"samples": {"toy": [choice_row(0)]}}, "states 0.5"),
        (results_document() | {"samples": {"a\nb": [choice_row(0)]}}, "control characters"),
    ],
)
def test_what_is_not_as_lm_eval_makes_it(results: Any, complaint: str) -> None:
    with pytest.raises(ResponseDataError, match=complaint):
        list(read_lm_eval_results(results))


def test_what_json_cannot_hold() -> None:
    doc = {"question": "?", "image": object, "n": np.int64(3), "tags": {"a"}}
    row = choice_row(0, doc=doc, doc_hash=None, acc=np.float32(1.0))
    loop: list[Any] = []
    loop.append(loop)
    (run,) = read_lm_eval_results(results_document() | {"samples": {"toy": [row]}})
    assert isinstance(run, ImportedRun)
    assert run.scores.tolist() == [1.0]
    with pytest.raises(ResponseDataError, match="sample 1: doc cannot be hashed"):
        list(read_lm_eval_results(results_document() | {"samples": {"toy": [{**row, "doc": loop}]}}))
