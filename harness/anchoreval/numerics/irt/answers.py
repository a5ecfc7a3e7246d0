"""Scores with gaps as the IRT fit reads them, and how likely models of each ability make them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array, FloatArray
from anchoreval.errors import ResponseDataError
from anchoreval.numerics.irt.parameters import ItemParameters, log_curves

CELLS = 1 << 16
"""Item-node pairs worked on at a time: temporary arrays of half a MiB stay in a core's cache."""
Result = TypeVar("Result")


@dataclass(frozen=True)
class Answers:
    """Validated scores.

    Attributes:
        scores: (models, items) in [0, 1], 0 where missing.
        answered: (models, items), or None where no cell is missing.
    """

    scores: FloatArray
    answered: BoolArray | None

    @classmethod
    def of(cls, scores: FloatArray) -> Answers:
        """Check scores and set gaps apart.

        Args:
            scores: (models, items) in [0, 1], NaN where a model did not answer.

        Raises:
            ResponseDataError: not a table, empty, or a score outside [0, 1].
        """
        table = np.asarray(scores)
        if table.dtype not in (np.float32, np.float64):
            table = table.astype(np.float64)
        if table.ndim != 2 or not table.size:
            raise ResponseDataError(f"scores: expected a (models, items) table, got shape {table.shape}")
        cls._check_range(table)
        if not np.isnan(table.min()):  # a gap anywhere would come through; no table of booleans is made
            return cls(table, None)
        answered = ~np.isnan(table)
        return cls(np.where(answered, table, table.dtype.type(0)), answered)

    @staticmethod
    def _check_range(scores: FloatArray) -> None:
        if np.fmin.reduce(scores, axis=None, initial=0) >= 0 and np.fmax.reduce(scores, axis=None, initial=1) <= 1:
            return
        model, item = np.argwhere((scores < 0) | (scores > 1))[0]
        raise ResponseDataError(f"scores: row {model}, column {item} is {scores[model, item]:g}, outside [0, 1]")

    def block(self, items: slice) -> tuple[Float64Array, Float64Array | None]:
        """Scores and, where cells are missing, the 0/1 answered mask of a range of items, in double precision."""
        mask = None if self.answered is None else self.answered[:, items].astype(np.float64)
        return self.scores[:, items].astype(np.float64, copy=False), mask


def blocks(items: int, width: int) -> list[slice]:
    """Ranges of items that cover them all, of CELLS pairs of item and one of `width` things each."""
    step = max(1, CELLS // width)
    return [slice(first, min(first + step, items)) for first in range(0, items, step)]


def each_block(work: Callable[[slice], Result], items: int, width: int) -> list[Result]:
    """What `work` makes of each block of items, in order."""
    return [work(block) for block in blocks(items, width)]


def log_likelihood(answers: Answers, parameters: ItemParameters, nodes: Float64Array) -> Float64Array:
    """(models, nodes) log-likelihood of each model's scores at each ability: sum of y log P + (1 - y) log(1 - P).

    Args:
        answers: scores of the same items; missing cells add nothing.
        parameters: of the items.
        nodes: (nodes,) abilities.
    """

    def of_block(items: slice) -> Float64Array:
        part = parameters.take(items)
        scores, mask = answers.block(items)
        log_odds, log_wrong = log_curves(part, nodes)
        missed = log_wrong.sum(axis=0) if mask is None else mask @ log_wrong
        if part.plain:  # log odds are linear in ability: two products instead of one a node
            steepness = np.einsum("mi,i->m", scores, part.discrimination)
            won = np.outer(steepness, nodes) + np.einsum("mi,i->m", scores, part.intercept)[:, None]
        else:
            won = scores @ log_odds
        return np.asarray(won + missed, dtype=np.float64)

    return np.asarray(sum(each_block(of_block, len(parameters), len(nodes))), dtype=np.float64)


def expected_counts(answers: Answers, posterior: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Expected number of right answers and of answers, per item and node.

    Sums over models are made in the precision of the scores: single loses less than 1e-6 of a count, and a common
    perturbation of the counts, which the M-step compares all steps under.

    Args:
        answers: of the models.
        posterior: (models, nodes) each row summing to 1.

    Returns:
        (items, nodes), and (items, nodes) or, where no cell is missing, (1, nodes).
    """
    n_items, nodes = answers.scores.shape[1], posterior.shape[1]
    weights = posterior.astype(answers.scores.dtype)
    right = (answers.scores.T @ weights).astype(np.float64)  # one large product: many small ones fight over cores
    if answers.answered is None:
        return right, posterior.sum(axis=0, keepdims=True)
    given = np.empty((n_items, nodes))
    for items in blocks(n_items, nodes):
        given[items] = answers.answered[:, items].astype(weights.dtype).T @ weights
    return right, given
