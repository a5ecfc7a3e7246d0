"""Models with exactly the same answers under different names: merges, copies, and one model called twice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

from anchoreval.importers.imported import ImportedRun


def twins(runs: Sequence[ImportedRun]) -> Iterator[tuple[list[str], int]]:
    """Names of models whose scores are equal on every task, and on how many items; replicates of one model are none.

    Args:
        runs: at most one a model and task.
    """
    tasks: dict[str, dict[str, str]] = {}
    bases: dict[str, str] = {}
    counts: dict[str, int] = {}
    for run in runs:
        tasks.setdefault(run.model, {})[run.task] = _digest(run)
        bases[run.model] = str(run.model_facts.get("base_model") or run.model)
        counts[run.model] = counts.get(run.model, 0) + int(np.count_nonzero(~np.isnan(run.scores)))
    groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for model, digests in tasks.items():
        groups.setdefault(tuple(sorted(digests.items())), []).append(model)
    for models in groups.values():
        if len({bases[model] for model in models}) > 1 and counts[models[0]]:
            yield models, counts[models[0]]


def _digest(run: ImportedRun) -> str:
    """Of keys and scores, in the order of the keys; answers that are missing count as not there."""
    keys = run.items["key"].astype(str).to_numpy(dtype=object)
    order = np.argsort(keys, kind="stable")
    known = order[~np.isnan(run.scores[order])]
    digest = hashlib.sha256("\x1f".join(keys[known]).encode("utf-8", "surrogatepass"))
    digest.update((run.scores[known] + np.float32(0.0)).tobytes())
    return digest.hexdigest()
