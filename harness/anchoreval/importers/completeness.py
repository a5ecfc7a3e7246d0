"""Models that answered a part of the items: kept with missing answers, dropped, or refused; never given zeros."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from anchoreval.counts import counted
from anchoreval.errors import ResponseDataError
from anchoreval.importers.imported import ImportedRun

NAMED = 5
"""Models that a sentence names."""


def settle_partial(runs: Sequence[ImportedRun], policy: str, notes: list[str]) -> list[ImportedRun]:
    """The runs of the models that stay.

    Args:
        runs: at most one a model and task.
        policy: `keep`, `drop` or `refuse` models that lack the answer to an item that another model was asked.
        notes: told to.

    Raises:
        ResponseDataError: a model is partial and the policy is to refuse; or none would be left.
    """
    total = sum(_item_counts(runs).values())
    answered: dict[str, int] = {}
    for run in runs:
        answered[run.model] = answered.get(run.model, 0) + int(np.count_nonzero(~np.isnan(run.scores)))
    lacking = {model: total - count for model, count in answered.items() if count < total}
    if not lacking:
        return list(runs)
    named = _named(lacking, total)
    if policy == "refuse":
        raise ResponseDataError(f"{named}; reading.partial=keep or drop decides")
    if policy == "keep":
        notes.append(f"{named}; these are missing, not wrong")
        return list(runs)
    kept = [run for run in runs if run.model not in lacking]
    if not kept:
        raise ResponseDataError(f"reading.partial=drop leaves no model: {named}")
    notes.append(f"{named}; dropped")
    return kept


def _item_counts(runs: Sequence[ImportedRun]) -> Mapping[str, int]:
    """Number of items of each task, by all runs together."""
    tables: dict[str, dict[int, pd.DataFrame]] = {}
    for run in runs:
        tables.setdefault(run.task, {})[id(run.items)] = run.items
    return {
        task: len(set().union(*(set(table["key"].astype(str)) for table in found.values())))
        for task, found in tables.items()
    }


def _named(lacking: Mapping[str, int], total: int) -> str:
    listed = [f"{model!r} {count:,}" for model, count in list(lacking.items())[:NAMED]]
    more = f" and {counted(len(lacking) - NAMED, 'more model')}" if len(lacking) > NAMED else ""
    return f"answers that models lack, of {counted(total, 'item')}: {', '.join(listed)}{more}"
