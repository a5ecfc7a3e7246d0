"""Which source models must leave together in cross-validation: variants of one base model, and copies of each other."""

from __future__ import annotations

import numpy as np

from anchoreval.arrays import IntArray
from anchoreval.groups import connected
from anchoreval.responses import ResponseMatrix
from anchoreval.tables import base_models


def kin(part: ResponseMatrix) -> IntArray:
    """(models,) group numbers: the same `base_model`, or the same answers on the anchors and the same totals.

    Totals count because on a few easy anchors many unrelated models answer alike. Only what the part on the anchors
    holds is looked at, so that a stored anchor set gives the same groups as the whole benchmark.
    """
    names = part.models.index.to_numpy(dtype=str)
    base = base_models(part.models)
    totals = part.totals().to_numpy(dtype=np.float32)
    rows = np.nan_to_num(np.column_stack([part.scores, totals]), nan=-1.0)
    _, copies = np.unique(rows, axis=0, return_inverse=True)
    _, bases = np.unique(np.where(base == "", names, base), return_inverse=True)
    # models on one side, their bases and rows on the other: whatever is connected is kin
    links = np.concatenate([bases, copies + bases.max() + 1])
    labels = connected(part.n_models, part.n_models + links)
    return np.asarray(np.unique(labels, return_inverse=True)[1], dtype=np.int64)
