"""A deterministic model and local tasks: what the tests of live scoring run on."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

SIZES = {"alpha": 24, "beta": 17}


class HashLM(LM):  # type: ignore[misc]
    """Answers by a hash of the whole prompt: any other prompt, examples included, gets another answer."""

    def __init__(self, salt: str = "") -> None:
        super().__init__()
        self.salt = salt
        self.prompts: list[str] = []

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        return [(-10.0 * self._number(*request.args), False) for request in requests]

    def generate_until(self, requests: list[Instance]) -> list[str]:
        return [str(int(4 * self._number(request.args[0]))) for request in requests]

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:
        raise NotImplementedError

    def _number(self, *texts: str) -> float:
        self.prompts.append(texts[0])
        digest = hashlib.sha256("\x1f".join([self.salt, *texts]).encode()).hexdigest()
        return int(digest[:12], 16) / 16**12


class BrokenLM(HashLM):
    """Fails on its first request."""

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        raise RuntimeError("out of\nmemory")


def documents(name: str, size: int) -> list[dict[str, Any]]:
    """Questions with two to four options."""
    return [
        {
            "question": f"{name} question {n}?",
            "choices": [f"{name} option {'x' * (3 * option)}{n}.{option}" for option in range(2 + n % 3)],
            "answer": n % 2,
            "text": str(n % 4),
        }
        for n in range(size)
    ]


def write_documents(folder: Path, name: str, rows: list[dict[str, Any]]) -> Path:
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def choice_task(folder: Path, name: str, metrics: tuple[str, ...] = ("acc",), **changes: Any) -> dict[str, Any]:
    """Configuration of a multiple-choice task over a file that is written here."""
    path = write_documents(folder, name, documents(name, SIZES.get(name, 10)))
    return {
        "task": name,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(path)}},
        "test_split": "test",
        "fewshot_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "question",
        "doc_to_choice": "choices",
        "doc_to_target": "answer",
        "num_fewshot": 0,
        "metric_list": [{"metric": metric, "aggregation": "mean", "higher_is_better": True} for metric in metrics],
        **changes,
    }


def generation_task(folder: Path, name: str, **changes: Any) -> dict[str, Any]:
    """Configuration of a task that is answered in free text."""
    base = choice_task(folder, name, ("exact_match",), output_type="generate_until", doc_to_target="text")
    del base["doc_to_choice"]
    return {**base, "generation_kwargs": {"until": ["\n"]}, **changes}


def write_group(folder: Path) -> Path:
    """Task files of `alpha` and `beta`, both tagged `letters` and in the group `both`; returns the folder."""
    for name in SIZES:
        lines = [f"{key}: {json.dumps(value)}" for key, value in choice_task(folder, name, tag="letters").items()]
        (folder / f"{name}.yaml").write_text("\n".join(lines), encoding="utf-8")
    (folder / "both.yaml").write_text(f"group: both\ntask: [{', '.join(SIZES)}]", encoding="utf-8")
    return folder


def anchor_table(*pairs: tuple[str, int], **columns: list[Any]) -> pd.DataFrame:
    """Anchors by (task, doc_id), in this order."""
    table = pd.DataFrame(pairs, columns=["task", "doc_id"]).assign(**columns)
    return table.set_index(pd.Index([f"{task}/{doc_id}" for task, doc_id in pairs], name="item"))
