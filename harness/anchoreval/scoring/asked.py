"""Which items a model is asked, and the response matrix that its answers make.

Live scoring knows an item by its lm-eval task and its position in that task's documents (`doc_id`), and recognises the
document by lm-eval's `doc_hash`. The matrix of answers is a part of the benchmark: it carries the benchmark's own
weights on the items and says what share of the whole they are, so that nobody mistakes the mean over a few anchors for
a full score.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from anchoreval.anchors import AnchorSet
from anchoreval.arrays import Float64Array, FloatArray, Probabilities
from anchoreval.errors import AnchorSetError
from anchoreval.responses import SCORE, ResponseMatrix
from anchoreval.tables import ITEM_COLUMNS

Anchors: TypeAlias = AnchorSet | pd.DataFrame | Mapping[str, Iterable[int]]
"""An anchor set; a table of that shape indexed by item id; or the document ids of each task."""


@dataclass(frozen=True, eq=False)
class AskedItems:
    """The items that models are asked, in the order of the answers.

    Attributes:
        table: one row an item, indexed by item id; columns `task`, `doc_id`, where known `doc_hash`, and others of the
            item table.
        benchmark: the benchmark's name.
        weights: (items,) weights of the items in the benchmark; None: all the same.
        coverage: share of the whole benchmark that the items carry (see `ResponseMatrix`); empty: all of it.
    """

    table: pd.DataFrame
    benchmark: str = "benchmark"
    weights: Float64Array | None = None
    coverage: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of_anchors(cls, anchors: Anchors) -> AskedItems:
        """The items of an anchor set, of a table of that shape, or of a mapping from tasks to document ids.

        Raises:
            AnchorSetError: there are no anchors, or they have no `task` and `doc_id`.
        """
        if isinstance(anchors, Mapping):
            return cls(_checked(_table_of_ids(anchors)))
        if isinstance(anchors, pd.DataFrame):
            return _part(cls(_checked(anchors)))
        return _part(cls(_checked(anchors.table), anchors.benchmark), anchors.sources)

    @classmethod
    def of_benchmark(cls, matrix: ResponseMatrix) -> AskedItems:
        """All items of a benchmark, with its weights."""
        return cls(_checked(matrix.items), matrix.name, matrix.weights, matrix.coverage)

    @classmethod
    def of_tasks(cls, sizes: Mapping[str, int]) -> AskedItems:
        """All documents of tasks, given how many each has."""
        return cls(_checked(_table_of_ids({task: range(size) for task, size in sizes.items()})))

    def numbered(self) -> AskedItems:
        """The same items with document ids as integers, once `sample_request` has found that they are."""
        table = self.table.assign(task=self.table["task"].astype(str), doc_id=self.table["doc_id"].astype(np.int64))
        return dataclasses.replace(self, table=table)

    def of_task(self, task: str) -> pd.DataFrame:
        """The items of one task, with column `item`, indexed by document id."""
        rows = self.table[self.table["task"] == task]
        return rows.assign(item=rows.index).set_index("doc_id", drop=False)

    def responses(
        self, names: Iterable[str], scores: Any, probabilities: Probabilities | None, provenance: Mapping[str, Any]
    ) -> ResponseMatrix:
        """The answers of models as a response matrix.

        Args:
            names: of the models.
            scores: (models, items) in [0, 1].
            probabilities: (models, items, options), or None.
            provenance: plain data kept with the matrix.
        """
        matrix = ResponseMatrix.from_arrays(
            scores,
            models=names,
            items=self.table[[column for column in ITEM_COLUMNS if column in self.table]],
            probabilities=probabilities,
            weights=self.weights,
            name=self.benchmark,
            provenance=provenance,
        )
        return dataclasses.replace(matrix, coverage=dict(self.coverage)) if self.coverage else matrix


def _table_of_ids(ids: Mapping[str, Iterable[int]]) -> pd.DataFrame:
    rows = [(f"{task}/{doc_id}", task, doc_id) for task, doc_ids in ids.items() for doc_id in doc_ids]
    table = pd.DataFrame(rows, columns=["item", "task", "doc_id"])
    return table.set_index("item")


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    if missing := [column for column in ("task", "doc_id") if column not in table]:
        raise AnchorSetError(f"live scoring needs the items' task and doc_id; the table has no column {missing[0]!r}")
    if table.empty:
        raise AnchorSetError("there are no items to score: give at least one document of one task")
    if table.index.has_duplicates:
        raise AnchorSetError(f"item {table.index[table.index.duplicated()][0]!r} is to be scored twice")
    return table


def _part(asked: AskedItems, sources: ResponseMatrix | None = None) -> AskedItems:
    """The same items with what is known of their share of the benchmark."""
    if sources is not None:
        weights = pd.Series(sources.weights, index=sources.items.index).reindex(asked.table.index).to_numpy()
        return dataclasses.replace(asked, weights=_positive(weights), coverage=sources.coverage)
    if "share" not in asked.table:
        return asked
    share = asked.table["share"].to_numpy(dtype=np.float64)
    subjects = asked.table["subject"].astype(str).unique() if "subject" in asked.table else ()
    # How much of a subject the anchors carry is not known here: with share 0 no total is made up for it.
    coverage = {SCORE: float(share.sum()), **{str(subject): 0.0 for subject in subjects}}
    return dataclasses.replace(asked, weights=_positive(share), coverage=coverage)


def _positive(weights: FloatArray) -> Float64Array | None:
    return np.asarray(weights, dtype=np.float64) if weights.sum() > 0 else None
