"""`Suite`: several benchmarks whose models are aligned by id."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import Probabilities
from anchoreval.errors import ResponseDataError, TooFewModelsError
from anchoreval.responses import SCORE, ResponseMatrix
from anchoreval.tables import AGGREGATIONS

OWN_SUBJECT = "benchmark_subject"
"""Column of a stacked suite's items that keeps the subjects inside each benchmark."""


class Suite(Mapping[str, ResponseMatrix]):
    """Several benchmarks by name, in the order given; a mapping that does not change."""

    def __init__(self, matrices: Mapping[str, ResponseMatrix]) -> None:
        """Keep the matrices as they are; `aligned` restricts them to the models they share.

        Raises:
            ResponseDataError: there is none, or one is not a response matrix.
        """
        if not matrices:
            raise ResponseDataError("a suite needs at least one benchmark")
        for name, matrix in matrices.items():
            if not isinstance(matrix, ResponseMatrix):
                raise ResponseDataError(f"suite: {name!r} is a {type(matrix).__name__}, not a ResponseMatrix")
        self._matrices = dict(matrices)

    def __getitem__(self, name: str) -> ResponseMatrix:
        return self._matrices[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._matrices)

    def __len__(self) -> int:
        return len(self._matrices)

    @property
    def models(self) -> pd.Index[Any]:
        """Ids of the models that every benchmark has, in the order of the first."""
        first, *others = self._matrices.values()
        shared = set(first.models.index).intersection(*(matrix.models.index for matrix in others))
        return first.models.index[first.models.index.isin(list(shared))]

    @property
    def full_scores(self) -> pd.DataFrame:
        """Full score of every model (rows) on every benchmark (columns); NaN where it has none."""
        return pd.DataFrame({name: matrix.full_scores for name, matrix in self.items()}).rename_axis("model")

    def aligned(self) -> Suite:
        """The same benchmarks for the shared models only, in one order.

        Raises:
            TooFewModelsError: no model has results on all benchmarks.
        """
        models = self.models
        if not len(models):
            raise TooFewModelsError(f"no model has results on all of {', '.join(self)}")
        return Suite({name: matrix.subset(models=models) for name, matrix in self.items()})

    def stacked(self, name: str = "suite", aggregation: str = "macro") -> ResponseMatrix:
        """One response matrix with the benchmarks side by side, for the models they share.

        Item ids become `<benchmark>/<item>` and `subject` becomes the benchmark, whose own subjects are kept in the
        column `benchmark_subject`. A model's columns are those of the first benchmark that knows them. Where a
        benchmark is only a part of a larger one, or knows full scores, every benchmark's full score is kept as
        `full_score/<benchmark>` and their mean as `full_score`. If one of them was measured outside of its items
        altogether, so is the suite's: answers then enter no score as they are, all of it is predicted.

        Args:
            name: of the matrix.
            aggregation: `macro` (every benchmark counts the same) or `micro` (every item of them all does).

        Raises:
            TooFewModelsError: no model has results on all benchmarks.
            ResponseDataError: an unknown aggregation, or a benchmark called like a reserved column.
        """
        if aggregation not in AGGREGATIONS:
            raise ResponseDataError(f"aggregation {aggregation!r} is not one of {', '.join(AGGREGATIONS)}")
        parts = dict(self.aligned())
        sizes = np.array([part.n_items for part in parts.values()], dtype=np.float64)
        counts = sizes / sizes.sum() if aggregation == "micro" else np.full(len(parts), 1.0 / len(parts))
        covered = np.array([part.coverage.get(SCORE, 1.0) for part in parts.values()])
        models = _models(parts)
        coverage: dict[str, float] = {}
        if (covered < 1.0).any() or any("full_score" in part.models for part in parts.values()):
            totals = self.aligned().full_scores
            models = models.join(totals.add_prefix("full_score/")).assign(full_score=totals.to_numpy() @ counts)
            whole = float(counts @ covered) if covered.all() else 0.0
            coverage = {SCORE: whole, **dict(zip(parts, covered.tolist(), strict=True))}
        carried = counts * covered if covered.all() else counts
        made = ResponseMatrix.from_arrays(
            np.hstack([part.scores for part in parts.values()]),
            models=models,
            items=_items(parts),
            probabilities=_probabilities(list(parts.values())),
            weights=np.concatenate([c * part.weights for c, part in zip(carried, parts.values(), strict=True)]),
            name=name,
            provenance={"aggregation": aggregation, "benchmarks": {b: dict(p.provenance) for b, p in parts.items()}},
        )
        return dataclasses.replace(made, coverage=coverage)

    def __repr__(self) -> str:
        return f"Suite({', '.join(map(repr, self))}: {len(self.models)} models on all)"


def _models(parts: Mapping[str, ResponseMatrix]) -> pd.DataFrame:
    """The models' columns, without scores, each from the first benchmark that knows a value."""
    merged = pd.DataFrame(index=next(iter(parts.values())).models.index)
    for part in parts.values():
        known = part.models[[c for c in part.models if not str(c).startswith("full_score")]]
        for column in known:
            merged[column] = (
                merged[column].where(merged[column].notna(), known[column]) if column in merged else known[column]
            )
    return merged


def _items(parts: Mapping[str, ResponseMatrix]) -> pd.DataFrame:
    """The items' columns under prefixed ids, in the order of the benchmarks."""
    tables = []
    for name, part in parts.items():
        table = part.items.rename(columns={"subject": OWN_SUBJECT}).drop(columns="position")
        tables.append(table.set_index(name + "/" + table.index.astype(str)).assign(subject=name))
    return pd.concat(tables)


def _probabilities(parts: list[ResponseMatrix]) -> Probabilities | None:
    """(models, items, options) side by side, NaN beyond a benchmark's options; None unless all have some."""
    known = [part.probabilities for part in parts if part.probabilities is not None]
    if len(known) < len(parts):
        return None
    widest = max(block.shape[2] for block in known)
    wide = [np.pad(b, ((0, 0), (0, 0), (0, widest - b.shape[2])), constant_values=np.nan) for b in known]
    return np.concatenate(wide, axis=1)
