"""Replaying: answers that a benchmark already holds, as those of targets that answered the anchors only."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TypeAlias

import pandas as pd

from anchoreval.anchors import AnchorSet
from anchoreval.errors import AnchorSetError, TooFewModelsError
from anchoreval.groups import model_groups
from anchoreval.responses import ResponseMatrix

ReplayedAnchors: TypeAlias = AnchorSet | pd.DataFrame | Iterable[str]
"""An anchor set; a table indexed by item id; or the ids of the anchors."""


def replay(matrix: ResponseMatrix, anchors: ReplayedAnchors, models: Iterable[str] | None = None) -> ResponseMatrix:
    """The answers of models on the anchors and on nothing else.

    Args:
        matrix: a benchmark that holds their answers.
        anchors: an anchor set, a table with `doc_hash` where known, or ids of items.
        models: ids of the target models; None: all that had no part in making the anchor set, nor a variant that had.

    Returns:
        The models and the anchors, in the orders given. What a model did not answer is NaN, and known full scores are
        left out: a target's full score is what a reconstruction has to find.

    Raises:
        AnchorSetError: the anchors are of another benchmark, or their documents have changed.
        ResponseDataError: naming a model or an item that the benchmark does not have.
        TooFewModelsError: every model had such a part, and none is named.
    """
    roles = None
    if isinstance(anchors, AnchorSet):
        anchors.check_benchmark(matrix)
        items, roles = list(anchors.items), anchors.roles
    elif isinstance(anchors, pd.DataFrame):
        _check_documents(matrix, anchors)
        items = list(anchors.index)
    else:
        items = list(anchors)
    wanted = _without_part(matrix, roles) if models is None else list(models)
    part = matrix.subset(models=wanted).part(items)
    known = [column for column in part.models if str(column).partition("/")[0] == "full_score"]
    return dataclasses.replace(part, models=part.models.drop(columns=known))


def _without_part(matrix: ResponseMatrix, roles: pd.Series[str] | None) -> list[str]:
    """Models that have no role, and no variant or copy with one."""
    groups = model_groups(matrix)
    taken = set() if roles is None else set(groups[groups.index.isin(roles.index)])
    if not (models := [str(model) for model, group in groups.items() if group not in taken]):
        raise TooFewModelsError(
            f"every model of benchmark {matrix.name} had a part in the anchor set: name the models to replay"
        )
    return models


def _check_documents(matrix: ResponseMatrix, anchors: pd.DataFrame) -> None:
    if "doc_hash" not in anchors or "doc_hash" not in matrix.items:
        return
    recorded = matrix.items["doc_hash"].reindex(anchors.index)
    for item, known, found in zip(anchors.index, anchors["doc_hash"], recorded, strict=True):
        if isinstance(known, str) and isinstance(found, str) and known != found:
            raise AnchorSetError(f"item {item!r}: benchmark {matrix.name} has doc_hash {found}, the anchors {known}")
