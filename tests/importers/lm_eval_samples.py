"""Sample logs in the shape that lm-eval documents, for the tests of its importer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from anchoreval.importers.imported import Imported, ImportedRun, ReadOptions
from anchoreval.importers.lm_eval_logs import IMPORTER

TIME = "2025-03-04T05-06-07.891011"
HASHES = {"doc_hash": "a" * 64, "prompt_hash": "b" * 64, "target_hash": "c" * 64}


def choice_row(doc_id: int, lls: Sequence[float] = (-1.0, -2.0), acc: Any = 1.0, **changes: Any) -> dict[str, Any]:
    """A row of a multiple-choice task as it stands on disk; a change to None takes the key away."""
    texts = [f"option {'x' * n}" for n in range(len(lls))]
    row = {
        "doc_id": doc_id,
        "doc": {"question": f"Which is number {doc_id}?", "choices": texts, "answer": 0},
        "target": "0",
        "arguments": {
            f"gen_args_{n}": {"arg_0": f"Which is number {doc_id}?", "arg_1": f" {text}"}
            for n, text in enumerate(texts)
        },
        "resps": [[[str(value), "False"]] for value in lls],
        "filtered_resps": [[str(value), "False"] for value in lls],
        "filter": "none",
        "metrics": ["acc"],
        **HASHES,
        "acc": acc,
        **changes,
    }
    return {key: value for key, value in row.items() if value is not None}


def text_row(doc_id: int, exact_match: Any = 1.0, **changes: Any) -> dict[str, Any]:
    """A row of a task that asks for text."""
    row = {
        "doc_id": doc_id,
        "doc": {"problem": f"{doc_id} + 1 = ?", "solution": "?"},
        "target": str(doc_id + 1),
        "arguments": {"gen_args_0": {"arg_0": "2 + 2 = ?\n4\n\n1 + 1 = ?", "arg_1": {"until": ["\n"]}}},
        "resps": [[f"{doc_id + 1}"]],
        "filtered_resps": [f"{doc_id + 1}"],
        "filter": "none",
        "metrics": ["exact_match"],
        **HASHES,
        "exact_match": exact_match,
        **changes,
    }
    return {key: value for key, value in row.items() if value is not None}


def write_log(folder: Path, rows: Sequence[Any], task: str = "toy", time: str = TIME) -> Path:
    """A sample log called as lm-eval calls them."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"samples_{task}_{time}.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def results_document(task: str = "toy", count: int | None = None, **scores: Any) -> dict[str, Any]:
    """A results file's content; `acc__none=0.5` states `acc,none`."""
    stated = {name.replace("__", ",").replace("_by_", "-"): value for name, value in scores.items()}
    document: dict[str, Any] = {
        "results": {task: {"alias": task, **stated}},
        "group_subtasks": {task: []},
        "configs": {task: {"task": task}},
        "versions": {task: 1.0},
        "n-shot": {task: 5},
        "config": {"model": "hf", "model_args": "pretrained=org/model,dtype=float16", "limit": None},
        "git_hash": "abc",
    }
    return document | ({} if count is None else {"n-samples": {task: {"original": 100, "effective": count}}})


def write_results(folder: Path, document: Any, time: str = TIME) -> Path:
    path = folder / f"results_{time}.json"
    path.write_text(json.dumps(document, indent=2), encoding="utf-8")
    return path


def read(path: Path, **options: Any) -> Imported:
    """The one thing that a sample log gives."""
    (found,) = IMPORTER.read(path, ReadOptions(**options))
    return found


def read_run(path: Path, **options: Any) -> ImportedRun:
    """The run that a sample log gives."""
    found = read(path, **options)
    assert isinstance(found, ImportedRun), found
    return found
