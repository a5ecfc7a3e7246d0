"""SWE-bench's results: every shape by hand, what the denominator is, and what contradicts itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anchoreval.errors import ResponseDataError
from anchoreval.importers.imported import ReadOptions
from anchoreval.importers.recognising import units_of
from anchoreval.importers.swe_bench import IMPORTER

from .written import runs_of, scores_of, skipped_of, write_json, write_lines

A, B, C, D, E = (f"django__django-1{n}" for n in range(5))


def report(**changes: Any) -> dict[str, Any]:
    """As SWE-bench's harness writes it: one resolved of three submitted, two not submitted."""
    return {
        "total_instances": 5,
        "submitted_instances": 3,
        "completed_instances": 2,
        "resolved_instances": 1,
        "unresolved_instances": 1,
        "empty_patch_instances": 1,
        "error_instances": 0,
        "completed_ids": [A, B],
        "incomplete_ids": [D, E],
        "empty_patch_ids": [C],
        "submitted_ids": [A, B, C],
        "resolved_ids": [A],
        "unresolved_ids": [B],
        "error_ids": [],
        "schema_version": 2,
        **changes,
    }


def test_a_report_of_the_harness(tmp_path: Path) -> None:
    (run,) = runs_of(IMPORTER, write_json(tmp_path / "org__gpt-4.1.run7.json", report()))
    assert (run.model, run.replicate, run.task, run.metric) == ("org__gpt-4.1", "run7", "swe_bench", "resolved")
    read = scores_of(run)
    assert {key: read[key] for key in (A, B, C)} == {A: 1.0, B: 0.0, C: 0.0}
    assert np.isnan([read[D], read[E]]).all()
    assert run.stated == pytest.approx(1 / 3)
    assert run.mean == pytest.approx(1 / 3)
    assert set(run.items["subject"]) == {"django/django"}
    assert run.provenance["outcomes"]["total_instances"] == 5


def test_multi_swe_bench_calls_its_list_resolved(tmp_path: Path) -> None:
    document = report(
        resolved=["cli/cli:pr-1"], submitted_ids=["cli/cli:pr-1", "cli/cli:pr-2"], unresolved_ids=["cli/cli:pr-2"]
    )
    del document["resolved_ids"], document["schema_version"]
    document |= {"completed_ids": [], "incomplete_ids": [], "empty_patch_ids": [], "submitted_instances": 2}
    path = write_json(tmp_path / "evaluation" / "go" / "20250329_Agent" / "results" / "results.json", document)
    (run,) = runs_of(IMPORTER, path)
    assert (run.model, run.replicate) == ("20250329_Agent", "")
    assert scores_of(run) == {"cli/cli:pr-1": 1.0, "cli/cli:pr-2": 0.0}
    assert set(run.items["subject"]) == {"cli/cli"}


def test_an_old_report_lists_everything_that_was_generated(tmp_path: Path) -> None:
    document = {"no_generation": [C], "generated": [A, B], "with_logs": [A, B], "test_errored": [A, B], "resolved": [A]}
    (run,) = runs_of(IMPORTER, write_json(tmp_path / "20231010_rag" / "results" / "results.json", document))
    assert run.model == "20231010_rag"
    assert scores_of(run) == {A: 1.0, B: 0.0, C: 0.0}
    assert run.stated is None


@pytest.mark.parametrize("place", ["", "results"])
@pytest.mark.parametrize("name", ["all_preds.jsonl", "preds.json", "all_preds.json"])
def test_failures_that_are_not_listed_come_from_the_predictions(tmp_path: Path, place: str, name: str) -> None:
    folder = tmp_path / "20240402_sweagent"
    document = {"no_generation": [C], "no_logs": [], "resolved": [A]}
    path = write_json(folder / "results" / "results.json", document)
    (reason,) = skipped_of(IMPORTER, path)
    assert reason.startswith("lists what was resolved, and neither what was submitted nor what failed")
    predictions = [{"instance_id": key, "model_patch": "..."} for key in (A, B, C)]
    if name.endswith("l"):
        write_lines(folder / place / name, predictions)
    else:
        write_json(folder / place / name, {p["instance_id"]: p for p in predictions} if "all" in name else predictions)
    (run,) = runs_of(IMPORTER, path)
    assert scores_of(run) == {A: 1.0, B: 0.0, C: 0.0}
    assert run.mean == pytest.approx(1 / 3)


def test_flat_maps_and_maps_of_objects(tmp_path: Path) -> None:
    pro = "instance_NodeBB__NodeBB-2657804c1fb6b84dc76ad3b18ecf061aaab5f29f-vf2cf3cbd463b7ad942381f1c6d077626485a1e9e"
    write_json(tmp_path / "traj" / "gpt-5" / "eval_results.json", {pro: True, A: False})
    write_json(
        tmp_path / "mini" / "per_instance_details.json", {A: {"cost": 0.7, "resolved": True}, B: {"resolved": None}}
    )
    details, flat = runs_of(IMPORTER, tmp_path)
    assert (flat.model, details.model) == ("gpt-5", "mini")
    assert scores_of(flat) == {pro: 1.0, A: 0.0}
    assert dict(zip(flat.items["key"], flat.items["subject"], strict=True)) == {
        pro: "NodeBB/NodeBB",
        A: "django/django",
    }
    assert scores_of(details)[A] == 1.0
    assert np.isnan(scores_of(details)[B])


def test_subjects_need_every_repository(tmp_path: Path) -> None:
    document = {"resolved_ids": ["plain"], "submitted_ids": ["plain", A]}
    (run,) = runs_of(IMPORTER, write_json(tmp_path / "mine.json", document))
    assert run.model == "mine"
    assert "subject" not in run.items


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"unresolved_ids": [A, B]}, f"instance {A!r} is both resolved and in unresolved_ids"),
        ({"submitted_ids": [A, C]}, f"instance {B!r} is in unresolved_ids and was not submitted"),
        ({"resolved_instances": 2}, "counts 2 resolved instances and lists 1"),
        ({"submitted_instances": 4}, "counts 4 submitted instances and lists 3"),
        ({"resolved_instances": "1"}, "resolved_instances: '1' is not a count"),
        ({"resolved_instances": True}, "resolved_instances: True is not a count"),
        ({"resolved_ids": A}, "resolved_ids: 'django__django-10' is not a list of ids"),
        ({"error_ids": [None]}, "error_ids: None is not a name"),
    ],
)
def test_contradictions_name_the_instance(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = write_json(tmp_path / "m.r.json", report(**changes))
    with pytest.raises(ResponseDataError) as caught:
        runs_of(IMPORTER, path)
    assert str(caught.value) == f"{path}: {message}"


def test_a_map_holds_true_and_false_alone(tmp_path: Path) -> None:
    path = write_json(tmp_path / "eval_results.json", {A: True, B: 1})
    with pytest.raises(ResponseDataError, match=rf"instance '{B}': 1 is neither true nor false"):
        runs_of(IMPORTER, path)


def test_counts_alone_are_left_out(tmp_path: Path) -> None:
    path = write_json(tmp_path / "report.json", {"total_instances": 3, "resolved_instances": 2})
    assert skipped_of(IMPORTER, path) == ["counts instances and does not name them"]
    assert skipped_of(IMPORTER, path, ReadOptions(tasks=("x",))) == ["task swe_bench was not asked for"]
    with pytest.raises(ResponseDataError, match="has no metric 'acc'"):
        runs_of(IMPORTER, path, ReadOptions(metric="acc"))


def test_lists_further_down_are_no_result(tmp_path: Path) -> None:
    path = write_json(tmp_path / "issues.json", {"open": [], "team": {"resolved": [1], "unresolved": [2]}})
    assert skipped_of(IMPORTER, path) == ["neither lists instances nor maps them"]


def test_nothing_submitted_is_no_run(tmp_path: Path) -> None:
    path = write_json(tmp_path / "r.json", {"resolved_ids": [], "submitted_ids": []})
    assert skipped_of(IMPORTER, path) == ["no instance was submitted"]


@pytest.mark.parametrize(
    "document",
    [
        {"do_sample": True, "early_stopping": False},
        {A: {"resolved": True, "tests_status": {}}},
        {"packages": {"x": {"resolved": "https://registry.npmjs.org/x.tgz"}}, "generated": "now"},
        {},
        [],
        {("x" * 400 + "__-") * 50: True},
    ],
)
def test_other_documents_are_not_recognised(tmp_path: Path, document: Any) -> None:
    write_json(tmp_path / "some.json", document)
    assert not list(units_of(IMPORTER, tmp_path))
