"""`Suite`: several benchmarks whose models are aligned by id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from anchoreval.errors import ResponseDataError, TooFewModelsError
from anchoreval.responses import ResponseMatrix


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

    def __repr__(self) -> str:
        return f"Suite({', '.join(map(repr, self))}: {len(self.models)} models on all)"
