"""`anchors.json`: an anchor set's plain facts as a document, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from anchoreval.anchors.table import shown
from anchoreval.errors import MethodError
from anchoreval.registry import provider
from anchoreval.schema import plain
from anchoreval.tables import ITEM_COLUMNS
from anchoreval.versions import installed_versions

if TYPE_CHECKING:
    from anchoreval.anchors.anchor_set import AnchorSet

VERSION = 1


def document_of(anchors: AnchorSet, files: Mapping[str, str]) -> dict[str, Any]:
    """The document that describes an anchor set; `files` are the digests of the files beside it."""
    sources = anchors.sources
    return {
        "schema": VERSION,
        "benchmark": {
            "name": anchors.benchmark,
            "items_digest": anchors.items_digest,
            **({} if anchors.n_items is None else {"items": anchors.n_items}),
        },
        "selector": {"name": anchors.selector, "options": dict(anchors.selector_options)},
        "k": anchors.k,
        "unit": anchors.unit,
        "seed": anchors.seed,
        "weighted": anchors.weighted,
        "expected_error": anchors.expected_error,
        "estimator": _estimator(anchors),
        "sources": None
        if sources is None
        else {
            "models": sources.n_models,
            "options": 0 if sources.probabilities is None else int(sources.probabilities.shape[2]),
            "roles": anchors.roles is not None,
            "coverage": {name: float(share) for name, share in sources.coverage.items()},
            "provenance": plain(sources.provenance, "provenance"),
        },
        "details": dict(anchors.details),
        "versions": dict(anchors.versions),
        "files": dict(files),
        "anchors": _rows(anchors),
    }


def facts_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of an anchor set that its document alone decides."""
    estimator = document["estimator"] or {}
    return {
        "benchmark": document["benchmark"]["name"],
        "items_digest": document["benchmark"]["items_digest"],
        "n_items": document["benchmark"].get("items"),
        "table": shown(_frame(document)),
        "selector": document["selector"]["name"],
        "selector_options": document["selector"]["options"],
        "estimator": estimator.get("name"),
        "estimator_options": estimator.get("options", {}),
        "estimator_seed": estimator.get("seed", 0),
        "whole_matrix": estimator.get("whole_matrix", False),
        "intervals": estimator.get("intervals", "auto"),
        **{name: document[name] for name in ("k", "unit", "seed", "weighted", "expected_error", "details", "versions")},
    }


def source_items(document: Mapping[str, Any]) -> tuple[pd.DataFrame, Any]:
    """The sources' item table and (anchors,) weights.

    Raises:
        KeyError: the document has no `item_weight`.
    """
    frame = _frame(document)
    weights = frame["item_weight"].to_numpy(dtype=np.float64)
    return frame[[name for name in ITEM_COLUMNS if name in frame]], weights


def plain_data(value: Any, what: str) -> Any:
    """The value as plain data.

    Raises:
        MethodError: a method kept something else; says where.
    """
    try:
        return plain(value, what)
    except (TypeError, ValueError) as error:
        raise MethodError(str(error)) from error


def versions_with(**methods: str) -> dict[str, str]:
    """Versions of Python, of the libraries that results depend on, and of what provides these methods.

    Args:
        methods: by kind (selector, estimator), the name of a method.
    """
    providers = (provider(kind, name).rpartition(" ") for kind, name in methods.items())
    return {**installed_versions(), **{name: number for name, _, number in providers if name}}


def _estimator(anchors: AnchorSet) -> dict[str, Any] | None:
    if anchors.estimator is None:
        return None
    return {
        "name": anchors.estimator,
        "options": dict(anchors.estimator_options),
        "seed": anchors.estimator_seed,
        "whole_matrix": anchors.whole_matrix,
        "intervals": anchors.intervals,
    }


def _rows(anchors: AnchorSet) -> list[dict[str, Any]]:
    frame = anchors.table
    if anchors.sources is not None:
        frame = frame.assign(item_weight=anchors.sources.weights)
        extra = [name for name in anchors.sources.items if name not in frame]
        frame = pd.concat([frame, anchors.sources.items[extra]], axis=1)
    columns = {str(name): frame[name].astype(object).tolist() for name in frame}
    return [
        {"item": str(item), **{name: plain(values[n], f"{item}.{name}") for name, values in columns.items()}}
        for n, item in enumerate(frame.index)
    ]


def _frame(document: Mapping[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame(document["anchors"])
    frame.index = pd.Index(frame.pop("item"), dtype=object, name="item")
    return frame
