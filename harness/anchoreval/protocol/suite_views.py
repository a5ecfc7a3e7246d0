"""Several benchmarks as one matrix of the models they share, and that matrix as each benchmark sees it.

Seen by a benchmark, the matrix holds the items of all, but only its own carry weight and the full score is its own. Any
estimator can then read that benchmark's score from answers to all anchors (its own enter the score as they are, the
line goes through their mean, the others' answers help to explain the rest) or, from a part of the items, from its own.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from anchoreval.arrays import BoolArray
from anchoreval.errors import ResponseDataError, TooFewModelsError
from anchoreval.methods import Selection
from anchoreval.responses import SCORE, ResponseMatrix
from anchoreval.suite import Suite

GRAND_MEAN = "grand mean"
"""The mean of all benchmarks' scores, each counting the same, wherever it stands beside them."""


def shared_matrix(suite: Suite) -> tuple[ResponseMatrix, dict[str, int]]:
    """The benchmarks side by side for the models whose full score is known on all; and how many others each has.

    Returns:
        The stacked matrix (see `Suite.stacked`), whose full scores are those of the benchmarks; by benchmark, the
        number of its models that are left out.

    Raises:
        ResponseDataError: a benchmark is called like the grand mean.
        TooFewModelsError: no model has a full score on all benchmarks.
    """
    if GRAND_MEAN in suite:
        raise ResponseDataError(f"a suite's benchmark must not be called {GRAND_MEAN!r}")
    known = suite.aligned().full_scores.dropna()
    if known.empty:
        raise TooFewModelsError(f"no model has a full score on all of {', '.join(suite)}")
    shared = Suite({name: matrix.subset(models=known.index) for name, matrix in suite.items()})
    stacked = shared.stacked()
    scores = known.add_prefix("full_score/").assign(full_score=known.mean(axis=1))
    others = stacked.models.drop(columns=scores.columns, errors="ignore")
    stacked = dataclasses.replace(stacked, models=pd.concat([others, scores], axis=1))
    return stacked, {name: matrix.n_models - len(known) for name, matrix in suite.items()}


def seen_by(stacked: ResponseMatrix, benchmark: str) -> ResponseMatrix:
    """The stacked matrix with one benchmark's weights and full scores; subjects take no part."""
    weights = np.where(items_of(stacked, benchmark), stacked.weights, 0.0)
    models = stacked.models[[c for c in stacked.models if not str(c).startswith("full_score")]]
    return dataclasses.replace(
        stacked,
        models=models.assign(full_score=stacked.totals()[benchmark]),
        items=stacked.items.drop(columns="subject"),
        weights=weights / weights.sum(),
        name=benchmark,
        coverage={SCORE: stacked.coverage.get(benchmark, 1.0)},
    )


def items_of(stacked: ResponseMatrix, benchmark: str) -> BoolArray:
    """(items,) which items of a stacked matrix are a benchmark's."""
    return np.asarray(stacked.items["subject"] == benchmark, dtype=np.bool_)


def selection_for(selection: Selection, own: BoolArray, *, others: bool) -> Selection:
    """The anchors as one benchmark reads them.

    Args:
        selection: anchors of all benchmarks.
        own: (anchors,) which of them are its own.
        others: whether the others' are read as well; the selector's weights, if any, then count among its own alone.
    """
    kept = np.ones_like(own) if others else own
    weights = None if selection.weights is None else np.where(own, selection.weights, 0.0)[kept]
    return Selection(
        items=selection.items[kept],
        weights=None if weights is None or not weights.sum() > 0 else weights / weights.sum(),
        inclusion=None if selection.inclusion is None else selection.inclusion[kept],
        details=selection.details,
    )
