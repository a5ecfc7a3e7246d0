"""Runs of many models put together as one benchmark.

Items are known by task and key, and across versions by the hash of their document. A model that did not answer an item
has no score there; what becomes of models that answered a part only, or twice, the user decides
(`anchoreval.importers.merging`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import IntArray
from anchoreval.errors import ResponseDataError
from anchoreval.importers.imported import ImportedRun
from anchoreval.responses import ResponseMatrix

ITEM_FACTS = ("doc_hash", "subject", "text", "options", "doc_id", "cost")


def gather(
    runs: Sequence[ImportedRun], name: str, aggregation: str = "micro", provenance: Mapping[str, Any] | None = None
) -> ResponseMatrix:
    """One response matrix of merged runs: at most one run a model and task.

    Args:
        runs: merged (`anchoreval.importers.merging`).
        name: of the benchmark.
        aggregation: `micro` or `macro`.
        provenance: plain data kept with the matrix.

    Raises:
        ResponseDataError: there are no runs, or what they say does not fit together.
    """
    if not runs:
        raise ResponseDataError("nothing was read: there are no runs to make a benchmark of")
    items = _item_table(runs)
    models = _model_table(runs)
    position = {item: n for n, item in enumerate(items.index)}
    row = {model: n for n, model in enumerate(models.index)}
    scores = np.full((len(models), len(items)), np.nan, dtype=np.float32)
    options = max((run.probabilities.shape[1] for run in runs if run.probabilities is not None), default=0)
    probabilities = np.full((*scores.shape, options), np.nan, dtype=np.float32) if options else None
    places: dict[tuple[str, int], IntArray] = {}
    for run in runs:
        table = run.task, id(run.items)
        if table not in places:  # models that were asked the same items share one table
            places[table] = np.array([position[item] for item in item_ids(run)], dtype=np.int64)
        columns = places[table]
        scores[row[run.model], columns] = run.scores
        if probabilities is not None and run.probabilities is not None:
            probabilities[row[run.model], columns, : run.probabilities.shape[1]] = run.probabilities
    return ResponseMatrix.from_arrays(
        scores,
        models=models,
        items=items,
        probabilities=probabilities,
        aggregation=aggregation,
        name=name,
        provenance={**_provenance(runs), **(provenance or {})},
    )


def item_ids(run: ImportedRun) -> list[str]:
    """Ids of a run's items in the benchmark: task and key."""
    return [f"{run.task}/{key}" for key in run.items["key"].astype(str)]


def _item_table(runs: Sequence[ImportedRun]) -> pd.DataFrame:
    """Every item once, tasks in order of appearance, keys in natural order within a task."""
    tables: dict[str, list[pd.DataFrame]] = {}
    seen: set[tuple[str, int]] = set()
    for run in runs:
        if (run.task, id(run.items)) not in seen:
            seen.add((run.task, id(run.items)))
            tables.setdefault(run.task, []).append(run.items)
    table = pd.concat([_of_task(task, found) for task, found in tables.items()])
    if "subject" in table:  # a task that is not divided is a subject of its own
        table["subject"] = table["subject"].fillna(table["task"])
    return table


def _of_task(task: str, tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    every = pd.concat(tables, ignore_index=True)
    every["key"] = every["key"].astype(str)
    first = every.groupby("key", sort=False).first()  # of each column the first that is known
    order = sorted(first.index, key=_natural)
    table = first.loc[order, [column for column in ITEM_FACTS if column in first]].assign(task=task)
    table.index = pd.Index([f"{task}/{key}" for key in order], dtype=object, name="item")
    return table


def _natural(key: str) -> tuple[int, int, str]:
    """Numbers by their size, before all else."""
    return (0, int(key), key) if key.isdecimal() and len(key) < 19 else (1, 0, key)


def _model_table(runs: Sequence[ImportedRun]) -> pd.DataFrame:
    facts: dict[str, dict[str, Any]] = {}
    for run in runs:
        facts.setdefault(run.model, {}).update({k: v for k, v in run.model_facts.items() if v is not None})
    table = pd.DataFrame.from_dict(facts, orient="index")
    table.index = pd.Index(list(facts), dtype=object, name="model")
    return table


def _provenance(runs: Sequence[ImportedRun]) -> dict[str, Any]:
    return {
        "metric": sorted({run.metric for run in runs}),
        "tasks": sorted({run.task for run in runs}),
        "sources": len({str(run.source) for run in runs}),
    }
