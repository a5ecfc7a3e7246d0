"""Groups of models that count as one: variants of a base model, and rows that are copies of each other.

Splits and roles move whole groups. Were a merge, another prompt or a re-upload of a model to sit on the other side, a
method would be tested on what it has already seen.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import IntArray
from anchoreval.responses import ResponseMatrix
from anchoreval.tables import base_models

FEWEST_ANSWERS = 20
"""Equal answers on fewer items than this happen by chance; they make no group."""


def model_groups(matrix: ResponseMatrix) -> pd.Series[str]:
    """The group of each model: the transitive union of equal `base_model` and exactly equal answers (ours).

    A model without a `base_model` is its own, so a row that carries the id of the base model itself joins its
    variants, and a variant of a variant joins them too. Two rows are copies where they answered the same items, at
    least 20 of them, with the same scores; on fewer items equal rows (all right, all wrong) happen by chance and are
    left alone.

    Returns:
        Index model in the matrix's order, values the lexicographically first model of the group: neither the order of
        the models nor that of the items changes it.
    """
    models = matrix.models.index.to_numpy(dtype=str)
    label = connected(len(models), np.concatenate([_base_models(matrix), _copies(matrix)]))
    order = np.argsort(models, kind="stable")
    first = order[np.unique(label[order], return_index=True)[1]]  # by component, the first model in id order
    return pd.Series(models[first][label].astype(object), index=matrix.models.index, name="group")


def draw_groups(groups: pd.Series[str], count: int, rng: np.random.Generator, most: int | None = None) -> list[str]:
    """Whole groups drawn at random that hold about `count` models.

    Groups are taken in random order; one that would leave the number of models further from `count` than it is
    stays out. If all are too large for that, the one that comes nearest is taken.

    Args:
        groups: index model, values group.
        count: number of models wanted.
        rng: orders the groups; their labels, not the models' order, decide what is drawn.
        most: number of models that must not be exceeded; by default all but one group's.

    Returns:
        The groups drawn, in the order drawn; empty if `count` is 0 or no group fits under `most`.
    """
    sizes = {str(group): int(size) for group, size in groups.value_counts().sort_index().items()}
    most = len(groups) - min(sizes.values(), default=0) if most is None else most
    order = [group for group in rng.permutation(list(sizes)).tolist() if sizes[group] <= most]
    drawn: list[str] = []
    total = 0
    for group in order if count > 0 else ():
        reached = total + sizes[group]
        if abs(reached - count) < count - total and reached <= most:
            drawn.append(group)
            total = reached
    nearest = sorted(order, key=sizes.__getitem__)[:1] if count > 0 else []
    return drawn or nearest


def connected(count: int, joined: IntArray) -> IntArray:
    """(count,) component of each model; `joined` holds a node for each model, then another node for each."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    models = np.tile(np.arange(count), 2)
    nodes = max(count, int(joined.max()) + 1)
    graph = coo_array((np.ones(len(joined), dtype=np.int8), (models, joined)), shape=(nodes, nodes))
    return np.asarray(connected_components(graph, directed=False)[1][:count], dtype=np.int64)


def _base_models(matrix: ResponseMatrix) -> IntArray:
    """(models,) number of each model's node: that of its base model, which may be a row of the matrix."""
    ids = matrix.models.index.to_numpy(dtype=object)
    named = base_models(matrix.models)
    return np.asarray(pd.factorize(np.array([*ids, *named], dtype=object))[0][len(ids) :], dtype=np.int64)


def _copies(matrix: ResponseMatrix) -> IntArray:
    """(models,) number of the first model with the same answers, its own where there is none before it."""
    keys = [_answers_key(row) or f"row {n}" for n, row in enumerate(matrix.scores)]
    codes = np.asarray(pd.factorize(np.array(keys, dtype=object))[0])
    return np.asarray(np.unique(codes, return_index=True)[1][codes], dtype=np.int64)


def _answers_key(row: Any) -> str:
    """Digest of a row's scores with one NaN for all; empty where too few items were answered."""
    answered = ~np.isnan(row)
    if np.count_nonzero(answered) < FEWEST_ANSWERS:
        return ""
    return hashlib.sha256(np.where(answered, row + np.float32(0.0), np.float32("nan")).tobytes()).hexdigest()
