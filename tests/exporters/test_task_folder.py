"""Exported folders of lm-eval tasks: the same requests, the same scores, the same anchors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from anchoreval.anchors import load_anchors
from anchoreval.errors import AnchorSetError, ConfigurationError
from anchoreval.exporters.identity import first_difference, identity_table
from anchoreval.exporters.names import safe_name
from anchoreval.exporters.task_folder import group_name, read_task_folder, write_task_folder
from anchoreval.scoring.live import score_live
from anchoreval.scoring.task_set import TaskSet, load_tasks

from ..scoring.doubles import HashLM, choice_task, documents, generation_task, write_documents
from .runs import records_of
from .sets import anchors_of, scores_by_item

DIGIT = [{"function": "regex", "regex_pattern": "([0-2])"}, {"function": "take_first"}]
FILTERS = [{"name": "low", "filter": DIGIT}, {"name": "none", "filter": [{"function": "take_first"}]}]


def shown(document: dict[str, Any]) -> str:
    """A prompt by Python code."""
    return f"<{document['question']}>"


def graded(document: dict[str, Any], results: list[Any]) -> dict[str, float]:
    return {"acc": 1.0}


def variants(folder: Path) -> dict[str, dict[str, Any]]:
    """Tasks that differ in how they ask, by name."""
    both = ("acc", "acc_norm")
    return {
        "plain": choice_task(folder, "plain", (*both, "acc_bytes", "acc_mutual_info")),
        "examples": choice_task(folder, "examples", both, num_fewshot=3, description="About {{question}}\n\n"),
        "delimited": choice_task(
            folder, "delimited", both, num_fewshot=1, target_delimiter="\n->", fewshot_delimiter="\n##\n"
        ),
        "prefixed": choice_task(folder, "prefixed", both, num_fewshot=1, gen_prefix="Answer:"),
        "template": choice_task(
            folder, "template", both, doc_to_text="Q: {{question}}\nA:", doc_to_choice="{{choices}}", num_fewshot=2
        ),
        "coded": choice_task(folder, "coded", both, doc_to_text=shown, num_fewshot=2),
        "first": choice_task(folder, "first", both, num_fewshot=2, fewshot_config={"sampler": "first_n"}),
        "letters": choice_task(
            *(folder, "letters", both), doc_to_choice=["A", "B"], doc_to_target="{{['A', 'B'][answer]}}", num_fewshot=1
        ),
        "either": choice_task(folder, "either", (*both, "exact_match"), doc_to_target="{{[answer, 1]}}"),
        "prompts": choice_task(
            folder, "prompts", both, doc_to_text="answer", doc_to_target="{{question}} is it", num_fewshot=2
        ),
        "free": generation_task(folder, "free", filter_list=FILTERS, num_fewshot=2),
        "several": generation_task(folder, "several", doc_to_target="{{[text, '9']}}"),
        "typed": generation_task(folder, "typed", doc_to_target="answer", generation_kwargs={"until": ["é\U0001f600"]}),
        "whole": choice_task(folder, "whole", ("acc",), output_type="loglikelihood", doc_to_target="{{text}} \u2028é"),
    }


NAMES = (
    *("plain", "examples", "delimited", "prefixed", "template", "coded", "first", "letters", "either", "prompts"),
    *("free", "several", "typed", "whole"),
)


def metrics_of(configuration: dict[str, Any]) -> list[str]:
    return [entry["metric"] for entry in configuration["metric_list"]]


@pytest.mark.parametrize("name", NAMES)
def test_requests_and_scores_are_those_of_a_full_run(tmp_path: Path, name: str) -> None:
    configuration = variants(tmp_path)[name]
    tasks = load_tasks([configuration], network=False)
    anchors = anchors_of(tasks, 4)
    metrics = metrics_of(configuration)
    write_task_folder(anchors, tmp_path / "export", tasks, metric=metrics[0])
    exported = records_of(HashLM(), ["anchors_letters_4"], folder=tmp_path / "export")
    full = records_of(HashLM(), [tasks.tasks[name]])[name]
    asked = {f"{name}/{row['doc_id']}": row["arguments"] for row in full}
    rows = exported[f"anchors_letters_4_{name}"]
    assert {row["doc"]["item"] for row in rows} == set(anchors.items)
    assert all(row["arguments"] == asked[row["doc"]["item"]] for row in rows)
    for metric in metrics:
        for filter_name in {row["filter"] for row in rows}:
            expected = {f"{name}/{row['doc_id']}": row[metric] for row in full if row["filter"] == filter_name}
            found = scores_by_item(exported, metric, filter_name)
            assert found == {item: expected[item] for item in anchors.items}


def test_examples_are_those_of_a_full_run_and_settings_count(tmp_path: Path) -> None:
    """The number of examples may be the run's instead of the task's."""
    free = {key: value for key, value in choice_task(tmp_path, "free").items() if key != "num_fewshot"}
    tasks = load_tasks([free], network=False)
    anchors = anchors_of(tasks, 4)
    settings = {"num_fewshot": 2, "system_instruction": "Be brief."}
    write_task_folder(anchors, tmp_path / "export", tasks, **settings)
    exported = records_of(HashLM(), [group_name(anchors)], folder=tmp_path / "export")
    live = score_live(HashLM(), anchors, tasks=tasks, name="m", **settings)
    assert scores_by_item(exported, "acc", "none") == dict(zip(live.items.index, live.scores[0], strict=True))
    prompt = next(iter(exported.values()))[0]["arguments"][0][0]
    assert prompt.startswith("Be brief.")
    assert prompt.count("question") == 3


def test_the_folder_reads_back_to_the_anchors(tasks: TaskSet, tmp_path: Path) -> None:
    anchors = anchors_of(tasks, 9, selector="stratified_difficulty", fitted=True)
    assert write_task_folder(anchors, tmp_path / "export", tasks)
    read, saved = read_task_folder(tmp_path / "export"), load_anchors(tmp_path / "export" / "anchors")
    assert first_difference(read, anchors) is None
    assert first_difference(read, saved) is None
    pd.testing.assert_frame_equal(read, identity_table(saved), check_dtype=False)
    read.loc[read.index[2], "weight"] += 1e-9
    assert "has weight" in str(first_difference(read, anchors))
    assert "is missing" in str(first_difference(read.drop(index=read.index[0]), anchors))
    assert "another order" in str(first_difference(read[::-1], anchors))


def test_the_same_export_is_the_same_bytes(tasks: TaskSet, tmp_path: Path) -> None:
    anchors = anchors_of(tasks, 6, fitted=True)
    assert write_task_folder(anchors, tmp_path / "one", tasks)
    assert write_task_folder(anchors, tmp_path / "two", tasks)
    assert not write_task_folder(anchors, tmp_path / "two", tasks)
    files = {path.relative_to(tmp_path / "one"): path for path in (tmp_path / "one").rglob("*") if path.is_file()}
    assert {str(path) for path in files} >= {"README.md", "export.json", "anchors_data.py", "anchors/anchors.json"}
    for relative, path in files.items():
        assert path.read_bytes() == (tmp_path / "two" / relative).read_bytes()
        assert str(tmp_path) not in path.read_bytes().decode("latin-1"), "no paths of this machine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one", "two"], "nothing temporary is left"
    assert write_task_folder(anchors_of(tasks, 7), tmp_path / "two", tasks)


def test_an_edited_folder_is_refused(tasks: TaskSet, tmp_path: Path) -> None:
    write_task_folder(anchors_of(tasks, 6), tmp_path / "export", tasks)
    path = tmp_path / "export" / "anchors_letters_6_alpha.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("question", "riddle"), encoding="utf-8")
    with pytest.raises(AnchorSetError, match=r"alpha\.jsonl: damaged or edited"):
        read_task_folder(tmp_path / "export")
    mark = tmp_path / "export" / "export.json"
    document = json.loads(mark.read_text(encoding="utf-8"))
    document["tasks"]["anchors_letters_6_alpha"]["file"] = "../../secret.jsonl"
    mark.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(AnchorSetError, match=r"export\.json.*secret"):
        read_task_folder(tmp_path / "export")


def test_other_folders_stay(tasks: TaskSet, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="mine: is there already and is no export"):
        write_task_folder(anchors_of(tasks), tmp_path / "mine", tasks)
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.tex"]


def custom_filter(resps: Any, docs: Any) -> Any:
    return resps


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"process_results": graded}, "process_results grades by Python code"),
        (
            {"metric_list": [{"metric": graded, "aggregation": "mean", "higher_is_better": True}]},
            r"metric_list holds Python code \(graded\)",
        ),
        (
            {"filter_list": [{"name": "own", "filter": [{"function": "custom", "filter_fn": custom_filter}]}]},
            r"filter_list holds Python code \(custom_filter\)",
        ),
        ({"unsafe_code": True}, "more than text"),
    ],
)
def test_grading_by_code_is_refused(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    tasks = load_tasks([choice_task(tmp_path, "coded", **changes)], network=False)
    metric = "graded" if "metric_list" in changes else "acc"
    with pytest.raises(ConfigurationError, match=rf"task 'coded'.*{reason}.*export\.kind=samples works"):
        write_task_folder(anchors_of(tasks, 4), tmp_path / "export", tasks, metric=metric)
    assert not (tmp_path / "export").exists()


def test_grading_that_hangs_on_the_first_document_is_refused(tmp_path: Path) -> None:
    """lm-eval decides by a task's first document whether targets are lists; the first anchor may say otherwise."""
    target = "{{ [answer, 0] if answer else answer }}"
    tasks = load_tasks([choice_task(tmp_path, "mixed", doc_to_target=target)], network=False)
    with pytest.raises(ConfigurationError, match=r"task 'mixed'.*would be graded otherwise than in a full run"):
        write_task_folder(anchors_of(tasks, 5), tmp_path / "export", tasks)


def test_a_metric_that_is_not_there_is_missed_before_the_run(tmp_path: Path) -> None:
    tasks = load_tasks([generation_task(tmp_path, "free")], network=False)
    with pytest.raises(ConfigurationError, match=r"'free' gives no metric 'acc' \(there are: exact_match\)"):
        write_task_folder(anchors_of(tasks, 5), tmp_path / "export", tasks)


def test_a_chat_template_is_refused(tasks: TaskSet, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="chat template"):
        write_task_folder(anchors_of(tasks), tmp_path / "export", tasks, apply_chat_template=True)


def test_odd_names_do_no_harm(tmp_path: Path) -> None:
    """Task names become safe file names; different ones stay different."""
    names = ["../../up", "a/b", "a b", "x: !function os.system", "é*[?]"]
    path = write_documents(tmp_path, "documents", documents("odd", 10))
    files = {"dataset_kwargs": {"data_files": {"test": str(path)}}}
    tasks = load_tasks([{**choice_task(tmp_path, "odd"), "task": name, **files} for name in names], network=False)
    anchors = anchors_of(tasks, 30)
    assert set(anchors.table["task"]) == set(names)
    write_task_folder(anchors, tmp_path / "safe" / "export", tasks)
    written = sorted(p.name for p in (tmp_path / "safe" / "export").iterdir())
    assert len([name for name in written if name.endswith(".jsonl")]) == len(names)
    assert [p.name for p in (tmp_path / "safe").iterdir()] == ["export"]
    assert first_difference(read_task_folder(tmp_path / "safe" / "export"), anchors) is None
    exported = records_of(HashLM(), ["anchors_letters_30"], folder=tmp_path / "safe" / "export")
    live = score_live(HashLM(), anchors, tasks=tasks, name="m")
    assert scores_by_item(exported, "acc", "none") == dict(zip(live.items.index, live.scores[0], strict=True))
    with pytest.raises(ConfigurationError, match="group name"):
        write_task_folder(anchors, tmp_path / "other", tasks, group="../up")


@pytest.mark.parametrize(("name", "safe"), [("arc_challenge", "arc_challenge"), ("mmlu-pro", "mmlu-pro")])
def test_safe_names_stay(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@pytest.mark.parametrize("name", ["", "-rf", "_x", "a.b", "x" * 300, "ü", "a\nb", "..", "con/aux"])
def test_other_names_change_and_stay_apart(name: str) -> None:
    safe = safe_name(name)
    assert safe.isascii()
    assert safe[0].isalnum()
    assert len(safe) < 100
    assert safe != safe_name(name + " ")
    assert safe_name(safe) == safe
