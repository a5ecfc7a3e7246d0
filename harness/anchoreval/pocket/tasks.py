"""pocket as lm-eval tasks: one JSONL file and one inline configuration a subject."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from anchoreval.atomic import write_text
from anchoreval.pocket.items import SUBJECTS, Item, all_items


def write_tasks(folder: str | Path) -> list[dict[str, Any]]:
    """Write `<task>.jsonl` for each task under `folder` and return lm-eval's task configurations.

    The configurations are plain dictionaries for `simple_evaluate(tasks=...)` with
    `TaskManager(include_defaults=False)`. Columns are named bare: a template would cost eleven times the time.
    """
    target = Path(folder).resolve()
    target.mkdir(parents=True, exist_ok=True)
    return [_write_task(target, f"pocket_{subject}") for subject in SUBJECTS]


def doc_hash(item: Item) -> str:
    """lm-eval's `doc_hash` of the item's document: SHA-256 of its indented JSON."""
    return hashlib.sha256(json.dumps(item.document, indent=2, ensure_ascii=False).encode()).hexdigest()


def _write_task(folder: Path, task: str) -> dict[str, Any]:
    path = folder / f"{task}.jsonl"
    lines = [json.dumps(item.document, ensure_ascii=False) for item in all_items() if item.task == task]
    write_text(path, "\n".join(lines) + "\n")
    return {
        "task": task,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(path)}},
        "test_split": "test",
        "fewshot_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "prompt",
        "doc_to_choice": "choices",
        "doc_to_target": "answer",
        "num_fewshot": 0,
        "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
        "metadata": {"version": 1.0},
    }
