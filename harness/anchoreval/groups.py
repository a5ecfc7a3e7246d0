"""Groups of models that count as one: variants of a base model, and models that are copies of each other, or nearly.

Splits and roles move whole groups. Were a merge, another prompt or a re-upload of a model to sit on the other side, a
method would be tested on what it has already seen.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from anchoreval.arrays import IntArray
from anchoreval.counts import counted
from anchoreval.near_duplicates import CEILING, EXACT, NEAR, exact_copies, near_duplicates
from anchoreval.numerics.chains import linked_groups
from anchoreval.responses import ResponseMatrix
from anchoreval.tables import base_models

LONGEST_CHAIN = 0.1
"""Share of the models above which a chain of near-copies is broken: splits need groups that they can move."""


def model_groups(matrix: ResponseMatrix, near: float | None = CEILING) -> pd.Series[str]:
    """The group of each model: the transitive union of equal `base_model`, exact copies and near-copies (ours).

    A model without a `base_model` is its own, so a row that carries the id of the base model itself joins its
    variants, and a variant of a variant joins them too. Copies are those of `anchoreval.near_duplicates`. Near-copies
    of near-copies join as well, since else some near-copy would sit on the other side; only where such a chain holds
    more than a tenth of the models is it broken into models and their near-copies.

    Args:
        matrix: models with their results.
        near: share of the items by which near-copies may differ; None joins exact copies alone.

    Returns:
        Index model in the matrix's order, values the lexicographically first model of the group: neither the order of
        the models nor that of the items changes it.

    Raises:
        MethodOptionError: `near` is not in [0, 1).
    """
    models = matrix.models.index.to_numpy(dtype=str)
    shared = [_base_models(matrix), *_copies(matrix, near)]
    # a base model may be a row; what copies share are nodes of their own
    nodes = [shared[0], *((2 + n) * len(models) + labels for n, labels in enumerate(shared[1:]))]
    label = connected(len(models), np.concatenate(nodes))
    order = np.argsort(models, kind="stable")
    first = order[np.unique(label[order], return_index=True)[1]]  # by component, the first model in id order
    return pd.Series(models[first][label].astype(object), index=matrix.models.index, name="group")


def duplicates_report(matrix: ResponseMatrix) -> str:
    """How many models are copies, exact or near, and what groups they make, in a sentence or two."""
    pairs, sizes = near_duplicates(matrix), model_groups(matrix).value_counts()
    held = f"{counted(matrix.n_models, 'model')} in {counted(len(sizes), 'group')}, the largest of {sizes.max()}."
    if pairs.empty:
        return f"No model is a copy of another: {held}"
    close = pairs[pairs["kind"] == NEAR]
    exact, near = len(pairs) - len(close), pd.concat([close["model"], close["twin"]]).nunique()
    found = []
    if exact:
        found.append(f"{counted(exact, 'model')} {'is an exact copy' if exact == 1 else 'are exact copies'} of others")
    if near:
        found.append(
            f"{counted(near, 'model')} {'has' if near == 1 else 'have'} a near-copy (differing on at most "
            f"{100 * CEILING:g} % of the items, far fewer than distinct models would)"
        )
    return f"{', and '.join(found)}. With variants of a base model they are kept on one side: {held}"


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
    """(count,) component of each model; `joined` holds a node for each model, then another for each, and so on.

    Nodes below `count` are the models themselves.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    models = np.tile(np.arange(count), len(joined) // count)
    nodes = max(count, int(joined.max()) + 1)
    graph = coo_array((np.ones(len(joined), dtype=np.int8), (models, joined)), shape=(nodes, nodes))
    return np.asarray(connected_components(graph, directed=False)[1][:count], dtype=np.int64)


def _base_models(matrix: ResponseMatrix) -> IntArray:
    """(models,) number of each model's node: that of its base model, which may be a row of the matrix."""
    ids = matrix.models.index.to_numpy(dtype=object)
    named = base_models(matrix.models)
    return np.asarray(pd.factorize(np.array([*ids, *named], dtype=object))[0][len(ids) :], dtype=np.int64)


def _copies(matrix: ResponseMatrix, near: float | None) -> list[IntArray]:
    """(models,) numbers each: the first exact copy of a model, then a model that stands for its near-copies."""
    if near is None:
        return [exact_copies(matrix.scores)]
    models = matrix.models.index
    place = pd.Series(np.argsort(np.argsort(models.to_numpy(dtype=str))), index=models)  # so that ties go by id
    pairs = near_duplicates(matrix, near)
    exact, close = (pairs[pairs["kind"] == kind] for kind in (EXACT, NEAR))
    first = place.copy()
    first[exact["model"]] = place[exact["twin"]].to_numpy()
    model, twin = (place[close[end]].to_numpy(dtype=np.int64) for end in ("model", "twin"))
    chains = linked_groups(len(models), model, twin, largest=max(2, int(LONGEST_CHAIN * len(models))))
    return [first.to_numpy(dtype=np.int64), chains[place.to_numpy()]]
