"""What every policy does with the answers so far: where its items are, which are open, how many may still be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from anchoreval.arrays import BoolArray, Float64Array, IntArray
from anchoreval.errors import AnchorSetError, MethodOptionError
from anchoreval.methods import Answers


@dataclass(frozen=True, eq=False)
class Asked:
    """Answers by position.

    Attributes:
        items: positions of the items that were answered, in order.
        scores: their scores.
        open: (all items,) not asked yet.
    """

    items: IntArray
    scores: Float64Array
    open: BoolArray

    @classmethod
    def of(cls, answers: Answers, items: pd.Index[Any]) -> Self:
        """Look the answers up among all items.

        Raises:
            AnchorSetError: naming an item that is not among them.
        """
        position = np.asarray(items.get_indexer(answers.items), dtype=np.int64)
        if (position < 0).any():
            raise AnchorSetError(f"answers to item {answers.items[position < 0][0]!r}, which the policy does not know")
        scores = np.asarray(answers.scores, dtype=np.float64)
        still_open = np.ones(len(items), dtype=np.bool_)
        still_open[position] = False
        given = ~np.isnan(scores)
        return cls(position[given], scores[given], still_open)

    def best(self, value: Float64Array, count: int) -> IntArray:
        """At most `count` positions of open items, from the greatest value down; of equal ones the first."""
        count = min(count, int(self.open.sum()))
        reachable = np.where(self.open, value, -np.inf)
        if count <= 1:
            return np.array([np.argmax(reachable)], dtype=np.int64)[:count]
        return np.asarray(np.argsort(-reachable, kind="stable")[:count], dtype=np.int64)


def check_numbers(policy: str, **fewest: tuple[Any, int]) -> None:
    """Refuse options that are not whole numbers of at least so many; each is given as (value, fewest).

    Raises:
        MethodOptionError: names the policy and the option.
    """
    for option, (value, low) in fewest.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            raise MethodOptionError(
                f"policy {policy}: option {option} must be a whole number of at least {low}, not {value!r}"
            )
