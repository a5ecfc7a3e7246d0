"""HELM's run folders: the real ones score as they say, and what is unusual is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anchoreval.errors import ResponseDataError
from anchoreval.importers.helm import IMPORTER
from anchoreval.importers.helm_metrics import usual_metric
from anchoreval.importers.imported import ImportedRun, ReadOptions, Skipped
from anchoreval.importers.recognising import units_of

HELLASWAG = "commonsense-dataset=hellaswag,method=multiple_choice_joint,model=eleutherai_pythia-1b-v0"
MMLU = "mmlu-subject=philosophy,method=multiple_choice_joint,model=openai_gpt2"
REAL = [
    (HELLASWAG, "commonsense:dataset=hellaswag,method=multiple_choice_joint,split=valid", 10, 0.3),
    (MMLU, "mmlu:subject=philosophy,method=multiple_choice_joint,split=test", 9, 1 / 9),
    (MMLU, "mmlu:subject=philosophy,method=multiple_choice_joint,split=valid", 1, 0.0),
]
"""Run, task, instances, and the exact match that stats.json states."""


def read(folder: Path, **options: Any) -> tuple[list[ImportedRun], list[Skipped]]:
    found = [one for unit in units_of(IMPORTER, folder) for one in IMPORTER.read(unit, ReadOptions(**options))]
    return [r for r in found if isinstance(r, ImportedRun)], [s for s in found if isinstance(s, Skipped)]


@pytest.mark.real_data
@pytest.mark.parametrize(("run", "task", "count", "stated"), REAL)
def test_real_runs_score_what_they_state(data_folder: Path, run: str, task: str, count: int, stated: float) -> None:
    runs, skipped = read(data_folder / "raw" / "helm" / run, tasks=(task,))
    assert not skipped
    (found,) = runs
    statistics = json.loads((data_folder / "raw" / "helm" / run / "stats.json").read_text())
    split = task.rpartition("split=")[2]
    (said,) = [s for s in statistics if s["name"] == {"name": "exact_match", "split": split}]
    assert said["mean"] == pytest.approx(stated)
    assert (len(found.scores), found.metric) == (count, "exact_match")
    assert found.mean == pytest.approx(stated, abs=1e-6)
    assert found.stated == pytest.approx(stated, abs=1e-6)
    assert found.items["text"].notna().all()
    assert found.items["options"].map(len).tolist() == [4] * count


@pytest.mark.real_data
def test_every_real_run_is_in_the_table(data_folder: Path) -> None:
    folder = data_folder / "raw" / "helm"
    assert {unit.name for unit in units_of(IMPORTER, folder)} == {case[0] for case in REAL}
    runs, _ = read(folder)
    assert sorted(run.task for run in runs) == sorted(case[1] for case in REAL)
    assert {run.model for run in runs} == {"eleutherai/pythia-1b-v0", "openai/gpt2"}


# --- runs written by hand --------------------------------------------------------------------------------------------


def statistic(name: str, value: float | None, split: str = "test", **more: Any) -> dict[str, Any]:
    count = 0 if value is None else 2
    return {"name": {"name": name, "split": split, **more}, "count": count, "sum": 0 if value is None else 2 * value}


def entry(instance: str, *statistics: dict[str, Any], trial: int = 0, **more: Any) -> dict[str, Any]:
    return {"instance_id": instance, "train_trial_index": trial, "stats": list(statistics), **more}


def make(
    folder: Path,
    entries: Any,
    stats: Any = None,
    states: Any = None,
    method: str = "generation",
    groups: tuple[str, ...] = (),
) -> Path:
    folder.mkdir(exist_ok=True)
    spec = {
        "name": "toy:level=2,model=lab_m",
        "scenario_spec": {"class_name": "x.Toy", "args": {}},
        "adapter_spec": {"method": method, "model": "lab/m"},
        "groups": groups,
    }
    documents = {"run_spec": spec, "per_instance_stats": entries, "stats": stats}
    if states is not None:
        documents["scenario_state"] = {"adapter_spec": {}, "request_states": states}
    for name, document in documents.items():
        if document is not None:
            (folder / f"{name}.json").write_text(json.dumps(document))
    return folder


def test_sums_are_divided_by_counts_and_what_is_missing_is_not_zero(tmp_path: Path) -> None:
    folder = make(
        tmp_path / "run",
        [
            entry("a", statistic("exact_match", 1.0), statistic("quasi_exact_match", 1.0)),
            entry("b", statistic("exact_match", 0.0), statistic("quasi_exact_match", 0.5)),
            entry("c", statistic("exact_match", 0.0), statistic("quasi_exact_match", None)),
            entry("d", statistic("exact_match", 0.0)),
        ],
        stats=[statistic("quasi_exact_match", 0.75)],
    )
    ((run,), skipped) = read(folder)
    assert run.metric == "quasi_exact_match"
    np.testing.assert_array_equal(run.scores, np.float32([1, 0.5, np.nan, np.nan]))
    assert (run.mean, run.stated) == (0.75, 0.75)
    assert (run.model, run.task, run.replicate) == ("lab/m", "toy:level=2,split=test", "")
    assert not skipped
    assert read(folder, metric="exact_match")[0][0].mean == 0.25


def test_perturbed_copies_are_left_out_and_counted(tmp_path: Path) -> None:
    typos = {"name": "typos", "computed_on": "perturbed"}
    folder = make(
        tmp_path / "run",
        [
            entry("a", statistic("exact_match", 1.0)),
            entry("a", statistic("exact_match", 0.0, perturbation=typos), perturbation=typos),
        ],
        stats=[statistic("exact_match", 0.5, perturbation=typos), statistic("exact_match", 1.0)],
    )
    ((run,), (skipped,)) = read(folder)
    assert run.scores.tolist() == [1.0]
    assert run.stated == 1.0
    assert skipped.reason == "perturbed copies of instances, which are left out: 1"


def test_trials_are_replicates_and_their_common_mean_is_of_none(tmp_path: Path) -> None:
    entries = [
        entry(key, statistic("exact_match", score), trial=trial)
        for trial, scores in enumerate([[1, 0], [1, 1]])
        for key, score in zip("ab", scores, strict=True)
    ]
    runs, _ = read(make(tmp_path / "run", entries, stats=[statistic("exact_match", 0.75)]))
    assert [run.replicate for run in runs] == ["trial 0", "trial 1"]
    assert [run.scores.tolist() for run in runs] == [[1, 0], [1, 1]]
    assert [run.stated for run in runs] == [None, None]
    assert runs[0].provenance["stated_over_trials"] == np.mean([run.mean for run in runs])


def test_splits_and_their_parts_are_tasks(tmp_path: Path) -> None:
    folder = make(
        tmp_path / "run",
        [
            entry("a", statistic("exact_match", 1.0)),
            entry("b", statistic("exact_match", 0.0, split="valid")),
            entry("c", statistic("exact_match", 0.5, sub_split="hard")),
        ],
    )
    runs, _ = read(folder)
    assert {run.task.partition("split=")[2]: run.mean for run in runs} == {
        "test": 1.0,
        "valid": 0.0,
        "test,sub_split=hard": 0.5,
    }
    assert all(run.stated is None for run in runs)


def state(instance: str, result: Any = None, **more: Any) -> dict[str, Any]:
    references = [{"output": {"text": text}, "tags": []} for text in ("red fox", "cat")]
    described = {"id": instance, "input": {"text": f"ask {instance}"}, "references": references, "split": "test"}
    return {"instance": described, "train_trial_index": 0, "result": result, **more}


def completion(*tokens: tuple[str, float], top: Any = None) -> dict[str, Any]:
    listed: list[dict[str, Any]] = [{"text": text, "logprob": value} for text, value in tokens]
    if top is not None:
        listed[0]["top_logprobs"] = top
    return {"success": True, "completions": [{"text": "", "logprob": 0.0, "tokens": listed}]}


def softmax(*values: float) -> list[float]:
    shares = np.exp(np.array(values))
    return list(shares / shares.sum())


def test_log_likelihoods_of_options_asked_one_by_one(tmp_path: Path) -> None:
    ending = completion(("Q:", -9.0), (" red", -1.0), (" fox", -0.5)), completion(("Q:", -9.0), (" cat", -2.0))
    blank = completion((" red", -0.25), (" fox", -0.25)), completion((" cat", -1.5))
    states = [state("a", result, reference_index=n, request_mode="original") for n, result in enumerate(ending)]
    entries = [entry("a", statistic("exact_match", 1.0)), entry("b", statistic("exact_match", 0.0))]
    method = "multiple_choice_separate_original"
    folder = make(tmp_path / "run", entries, states=[*states, state("b", ending[0], reference_index=0)], method=method)
    ((run,), _) = read(folder)
    assert run.probabilities is not None
    np.testing.assert_allclose(run.probabilities[0], softmax(-1.5, -2.0), rtol=1e-6)
    assert np.isnan(run.probabilities[1]).all(), "an option of b is missing"
    normalised = read(folder, normalised=True)[0][0].probabilities
    assert normalised is not None
    np.testing.assert_allclose(normalised[0], softmax(-0.75, -2.0), rtol=1e-6)
    calibrating = [state("a", result, reference_index=n, request_mode="calibration") for n, result in enumerate(blank)]
    folder = make(tmp_path / "two", entries[:1], states=[*states, *calibrating], method=method)
    calibrated = read(folder)[0][0].probabilities
    assert calibrated is not None
    np.testing.assert_allclose(calibrated[0], softmax(-1.0, -0.5), rtol=1e-6)


def test_log_likelihoods_of_letters(tmp_path: Path) -> None:
    letters = {"A": "red fox", "B": "cat"}
    top = {" A": -0.1, "A": -3.0, " B": -2.5, " the": -4.0}
    states = [
        state("a", completion((" A", -0.1), top=top), output_mapping=letters),
        state("b", completion((" A", -0.1), top={" A": -0.1}), output_mapping=letters),
        state("c", completion((" A", 0.0)), output_mapping=letters),
    ]
    entries = [entry(key, statistic("exact_match", 1.0)) for key in "abc"]
    ((run,), _) = read(make(tmp_path / "run", entries, states=states, method="multiple_choice_joint"))
    assert run.probabilities is not None
    np.testing.assert_allclose(run.probabilities[0], softmax(-0.1, -2.5), rtol=1e-6)
    assert np.isnan(run.probabilities[1:]).all()
    assert run.items["text"].tolist() == ["ask a", "ask b", "ask c"]
    assert run.items["options"].tolist() == [["red fox", "cat"]] * 3


@pytest.mark.parametrize(
    ("names", "groups", "method", "metric"),
    [
        ({"exact_match", "quasi_exact_match"}, ["mmlu"], "multiple_choice_joint", "exact_match"),
        ({"exact_match", "quasi_exact_match"}, ["boolq"], "generation", "quasi_exact_match"),
        ({"exact_match", "quasi_exact_match", "f1_score"}, ["narrative_qa"], "generation", "f1_score"),
        ({"exact_match", "rouge_2"}, ["summarization_xsum"], "generation", "rouge_2"),
        ({"exact_match", "ifeval_strict_accuracy"}, ["ifeval"], "generation", "ifeval_strict_accuracy"),
        ({"toxic_frac"}, [], "generation", None),
    ],
)
def test_the_usual_metric(names: set[str], groups: list[str], method: str, metric: str | None) -> None:
    assert usual_metric(names, groups, method) == metric


GOOD = entry("a", statistic("exact_match", 1.0))
FAULTS = [
    ("twice", [GOOD, GOOD], "instance 'a' stands twice"),
    ("no id", [{"stats": []}], "byte 2: instance_id: None is not a name"),
    ("no list", [{"instance_id": "a", "stats": 3}], "instance 'a': stats: 3 is not a list"),
    ("above 1", [entry("a", statistic("exact_match", 1.5))], "instance 'a': exact_match: 1.5 is outside"),
    ("a text", [entry("a", {"name": {"name": "exact_match"}, "count": "1", "sum": 1})], "count: '1' is not a number"),
    ("a negative count", [entry("a", {"name": {"name": "exact_match"}, "count": -1, "sum": 1})], "is not a count"),
    ("huge", [entry("a", {"name": {"name": "exact_match"}, "count": 1, "sum": 10**400})], "not a finite number"),
    ("no metric we know", [entry("a", statistic("toxic", 0.5))], "none of the usual metrics; name one .*toxic"),
    ("a trial", [{**GOOD, "train_trial_index": -1}], "train_trial_index -1 is not"),
    ("metric twice", [entry("a", *[statistic("exact_match", 1.0)] * 2)], "exact_match stands twice"),
    ("no list at all", {"a": 1}, "byte 1: '{' where"),
]  # fmt: skip


@pytest.mark.parametrize(("entries", "message"), [case[1:] for case in FAULTS], ids=[case[0] for case in FAULTS])
def test_a_fault_names_file_and_place(tmp_path: Path, entries: Any, message: str) -> None:
    folder = make(tmp_path / "run", entries)
    with pytest.raises(ResponseDataError, match=message) as caught:
        read(folder)
    assert str(caught.value).startswith(f"{folder / 'per_instance_stats.json'}: ")
    assert "\n" not in str(caught.value)


def test_a_metric_that_is_not_there_is_refused(tmp_path: Path) -> None:
    folder = make(tmp_path / "run", [GOOD])
    with pytest.raises(ResponseDataError, match=r"has no metric 'bleu' \(there are: exact_match"):
        read(folder, metric="bleu")
    assert read(folder, tasks=("other",)) == ([], [])


def test_runs_that_hold_nothing_are_skipped(tmp_path: Path) -> None:
    empty = make(tmp_path / "run", [])
    assert read(empty)[1][0].reason == "holds no instance as it was asked"
    (empty / "per_instance_stats.json").unlink()
    assert "was not finished" in read(empty)[1][0].reason
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "run_spec.json").write_text("{}")
    assert list(units_of(IMPORTER, tmp_path / "other")) == []
