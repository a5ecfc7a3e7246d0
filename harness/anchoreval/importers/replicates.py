"""Runs of one model on the same items under other seeds, epochs or times: rows of their own, or their mean.

A replicate is a row `<model>@<replicate>` whose `base_model` is the model, so that splits keep all of them together. A
mean weighs the replicates alike, and takes at each item those that have it. Replicates that are all equal say nothing
about chance (a temperature of 0, a run that was logged again), and become one.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.errors import ResponseDataError
from anchoreval.importers.imported import ImportedRun
from anchoreval.importers.repeated_runs import agree


def settle_replicates(runs: Sequence[ImportedRun], policy: str, notes: list[str]) -> list[ImportedRun]:
    """At most one run a row and task.

    Args:
        runs: at most one a model, task and replicate.
        policy: `rows` or `mean`.
        notes: told to.

    Raises:
        ResponseDataError: a replicate's row would have the name of another model.
    """
    models: dict[str, list[ImportedRun]] = {}
    for run in runs:
        models.setdefault(run.model, []).append(run)
    settled = {model: _of_model(own, policy, notes) for model, own in models.items()}
    owner: dict[str, str] = {}
    for model, own in settled.items():
        for name in {run.model for run in own}:
            if (other := owner.setdefault(name, model)) != model:
                raise ResponseDataError(f"model {name!r} is called as a replicate of {min(model, other, key=len)!r} is")
    return [run for own in settled.values() for run in own]


def _of_model(runs: Sequence[ImportedRun], policy: str, notes: list[str]) -> list[ImportedRun]:
    tasks: dict[str, list[ImportedRun]] = {}
    for run in runs:
        tasks.setdefault(run.task, []).append(run)
    single = {task: _without_copies(own, notes) for task, own in tasks.items()}
    if all(len(own) == 1 for own in single.values()):
        return [_plain(own[0]) for own in single.values()]
    if policy == "mean":
        return [_mean(own, notes) if len(own) > 1 else _plain(own[0]) for own in single.values()]
    kept = [run for own in single.values() for run in own]
    labels = sorted({run.replicate for run in kept})
    notes.append(f"model {runs[0].model!r}: {len(labels)} replicates ({_some(labels)}) are rows of their own")
    return [_row(run) for run in kept]


def _without_copies(runs: list[ImportedRun], notes: list[str]) -> list[ImportedRun]:
    if len(runs) > 1 and all(agree(runs[0], run) for run in runs[1:]):
        notes.append(f"model {runs[0].model!r}, task {runs[0].task!r}: {len(runs)} replicates are equal; one is kept")
        return runs[:1]
    return runs


def _plain(run: ImportedRun) -> ImportedRun:
    """The run as the model's only one; what was told of the replicate stays with its facts."""
    return (
        run if not run.replicate else replace(run, replicate="", model_facts={**run.model_facts, "run": run.replicate})
    )


def _row(run: ImportedRun) -> ImportedRun:
    if not run.replicate:
        return run
    facts = {"base_model": run.model, **run.model_facts, "run": run.replicate}
    return replace(run, model=f"{run.model}@{run.replicate}", replicate="", model_facts=facts)


def _mean(runs: Sequence[ImportedRun], notes: list[str]) -> ImportedRun:
    """One run with the mean of the replicates at each item."""
    first = runs[0]
    notes.append(f"model {first.model!r}, task {first.task!r}: the mean of {len(runs)} replicates is its score")
    items = pd.concat([run.items for run in runs], ignore_index=True).drop_duplicates("key", ignore_index=True)
    positions = {key: n for n, key in enumerate(items["key"].astype(str))}
    places = [np.array([positions[key] for key in run.items["key"].astype(str)], dtype=np.int64) for run in runs]
    scores = np.full((len(runs), len(items)), np.nan)
    for n, run in enumerate(runs):
        scores[n, places[n]] = run.scores
    return replace(
        first,
        items=first.items if len(items) == len(first.items) else items,
        scores=_known_mean(scores).astype(np.float32),
        probabilities=_mean_probabilities(runs, places, len(items)),
        replicate="",
        stated=None,
        provenance={**first.provenance, "replicates": [run.replicate for run in runs]},
    )


def _mean_probabilities(runs: Sequence[ImportedRun], places: Sequence[Any], count: int) -> Any:
    """Means of distributions are distributions; None unless every replicate has them."""
    found = [run.probabilities for run in runs if run.probabilities is not None]
    if len(found) < len(runs):
        return None
    cells = np.full((len(runs), count, max(one.shape[1] for one in found)), np.nan)
    for n, one in enumerate(found):
        cells[n, places[n], : one.shape[1]] = one
    return _known_mean(cells).astype(np.float32)


def _known_mean(values: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # where nothing is known, the mean is NaN
        return np.nanmean(values, axis=0)


def _some(labels: Sequence[str]) -> str:
    named = [repr(label) if label else "without a name" for label in labels[:5]]
    return ", ".join(named) + (" ..." if len(labels) > 5 else "")
