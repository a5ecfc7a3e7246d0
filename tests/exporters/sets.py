"""Small anchor sets over local lm-eval tasks: what the tests of exports share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.anchors import AnchorSet
from anchoreval.protocol.anchoring import reconstruct, select
from anchoreval.responses import ResponseMatrix
from anchoreval.scoring.records import document_hash
from anchoreval.scoring.task_set import TaskSet


def benchmark_of(tasks: TaskSet, n_models: int = 40, name: str = "letters") -> ResponseMatrix:
    """Simulated answers to all documents of tasks, with ids and hashes as live scoring knows them."""
    rows = [
        (f"{task}/{n}", task, n, document_hash(document))
        for task, documents in tasks.documents.items()
        for n, document in enumerate(documents)
    ]
    items = pd.DataFrame(rows, columns=["item", "task", "doc_id", "doc_hash"]).set_index("item")
    rng = np.random.default_rng(0)
    chance = 1 / (1 + np.exp(-(rng.normal(size=(n_models, 1)) + rng.normal(size=len(items)))))
    return ResponseMatrix.from_arrays(
        (rng.random(chance.shape) < chance).astype(float),
        models=[f"m{n}" for n in range(n_models)],
        items=items,
        name=name,
    )


def anchors_of(tasks: TaskSet, k: int = 8, *, selector: str = "random", fitted: bool = False) -> AnchorSet:
    """An anchor set of a simulated benchmark over these tasks."""
    matrix = benchmark_of(tasks)
    anchors = select(matrix, selector, k=k, seed=1)
    return anchors.with_reconstruction(reconstruct(matrix, anchors, "weighted")) if fitted else anchors


def scores_by_item(records: Mapping[str, list[dict[str, Any]]], metric: str, filter_name: str) -> dict[str, float]:
    """Scores by item from lm-eval's records of exported tasks."""
    return {
        row["doc"]["item"]: row[metric] for rows in records.values() for row in rows if row["filter"] == filter_name
    }
