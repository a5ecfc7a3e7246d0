"""A benchmark as a table of models by subjects: what selectors of whole subjects look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.responses import ResponseMatrix


@dataclass(frozen=True, eq=False)
class SubjectTable:
    """Scores by subject.

    Attributes:
        names: of the subjects that have items, in alphabetical order.
        of_item: (items,) place of each item's subject in `names`.
        sizes: (subjects,) share of the benchmark's weight; they sum to 1.
        within: (items,) share of its subject's weight; equal in a subject without weight.
        scores: (models, subjects) weighted mean of each model on each subject's items.
    """

    names: tuple[str, ...]
    of_item: IntArray
    sizes: Float64Array
    within: Float64Array
    scores: Float64Array

    @classmethod
    def of(cls, responses: ResponseMatrix) -> Self:
        """From responses without gaps whose items have subjects."""
        names, of_item = np.unique(responses.items["subject"].to_numpy(dtype=str), return_inverse=True)
        sizes = np.bincount(of_item, weights=responses.weights)
        counts = np.bincount(of_item)
        within = np.where(
            sizes[of_item] > 0,
            responses.weights / np.where(sizes > 0, sizes, 1.0)[of_item],
            1.0 / counts[of_item],
        )
        member = np.zeros((responses.n_items, len(names)))
        member[np.arange(responses.n_items), of_item] = within
        scores = responses.scores.astype(np.float64) @ member
        return cls(
            names=tuple(names.tolist()),
            of_item=of_item.astype(np.int64),
            sizes=np.asarray(sizes, dtype=np.float64),
            within=np.asarray(within, dtype=np.float64),
            scores=np.round(scores, 12),  # the order of summation leaves no trace
        )

    def interactions(self) -> Float64Array:
        """(subjects, models) scores less the model's and the subject's mean, plus the grand mean."""
        scores = self.scores.T
        without_means = scores - scores.mean(axis=0) - scores.mean(axis=1, keepdims=True) + scores.mean()
        return np.asarray(without_means, dtype=np.float64)
