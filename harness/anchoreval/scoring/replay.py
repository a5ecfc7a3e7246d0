"""Replaying: answers that a benchmark already holds, as those of targets that answered the anchors only."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, Protocol, TypeAlias

import pandas as pd

from anchoreval.errors import AnchorSetError, TooFewModelsError
from anchoreval.responses import ResponseMatrix


class RecordedAnchors(Protocol):
    """What replaying needs of an `anchoreval.anchors.AnchorSet`."""

    @property
    def items(self) -> pd.Index[Any]:
        """Ids of the anchors."""
        ...

    @property
    def roles(self) -> pd.Series[str] | None:
        """The source models' roles, by model."""
        ...

    def check_benchmark(self, matrix: ResponseMatrix) -> None:
        """Raise AnchorSetError unless the anchors are items of this benchmark."""
        ...


ReplayedAnchors: TypeAlias = "RecordedAnchors | pd.DataFrame | Iterable[str]"
"""An anchor set; a table indexed by item id; or the ids of the anchors."""


def replay(matrix: ResponseMatrix, anchors: ReplayedAnchors, models: Iterable[str] | None = None) -> ResponseMatrix:
    """The answers of models on the anchors and on nothing else.

    Args:
        matrix: a benchmark that holds their answers.
        anchors: an anchor set, a table with `doc_hash` where known, or ids of items.
        models: ids of the target models; None: all that played no part in making the anchor set.

    Returns:
        The models and the anchors, in the orders given. What a model did not answer is NaN, and known full scores are
        left out: a target's full score is what a reconstruction has to find.

    Raises:
        AnchorSetError: the anchors are of another benchmark, or their documents have changed.
        ResponseDataError: naming a model or an item that the benchmark does not have.
        TooFewModelsError: every model played a part in making the anchor set, and none is named.
    """
    if isinstance(anchors, pd.DataFrame):
        _check_documents(matrix, anchors)
        items, roles = list(anchors.index), None
    elif isinstance(anchors, Iterable):
        items, roles = list(anchors), None
    else:
        anchors.check_benchmark(matrix)
        items, roles = list(anchors.items), anchors.roles
    wanted = _without_role(matrix, roles) if models is None else list(models)
    part = matrix.subset(models=wanted).part(items)
    known = [column for column in part.models if str(column).partition("/")[0] == "full_score"]
    return dataclasses.replace(part, models=part.models.drop(columns=known))


def _without_role(matrix: ResponseMatrix, roles: pd.Series[str] | None) -> list[str]:
    models = matrix.models.index if roles is None else matrix.models.index.difference(roles.index, sort=False)
    if models.empty:
        raise TooFewModelsError(
            f"every model of benchmark {matrix.name} has a role in the anchor set: name the models to replay"
        )
    return [str(model) for model in models]


def _check_documents(matrix: ResponseMatrix, anchors: pd.DataFrame) -> None:
    if "doc_hash" not in anchors or "doc_hash" not in matrix.items:
        return
    recorded = matrix.items["doc_hash"].reindex(anchors.index)
    for item, known, found in zip(anchors.index, anchors["doc_hash"], recorded, strict=True):
        if isinstance(known, str) and isinstance(found, str) and known != found:
            raise AnchorSetError(f"item {item!r}: benchmark {matrix.name} has doc_hash {found}, the anchors {known}")
