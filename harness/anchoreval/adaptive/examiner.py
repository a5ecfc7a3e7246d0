"""A fitted policy together with what reads the answers: lets a target sit the test, batch by batch.

Policies that offer `predict` and `standard_deviation` (as `optimal` does) read their own tests. The answers to what any
other one asks (`fisher`, third parties) are read under the model of `optimal`, fitted on the same models, which takes
answers to whatever items.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
import pandas as pd

from anchoreval.adaptive.course import EMPTY, ENDED, NARROW, SPENT, Ask, Course
from anchoreval.arrays import IntArray
from anchoreval.contract import fit_policy
from anchoreval.errors import MethodError
from anchoreval.methods import Answers, Policy
from anchoreval.policies.optimal import Optimal
from anchoreval.registry import method_name
from anchoreval.responses import ResponseMatrix


@runtime_checkable
class Reader(Protocol):
    """Reads answers to any items."""

    def predict(self, answers: Answers) -> float:
        """The full score to expect, in [0, 1]."""
        ...

    def standard_deviation(self, answers: Answers) -> float:
        """How uncertain that is, in score units; positive."""
        ...


@dataclass(frozen=True, eq=False)
class Examiner:
    """Asks and reads.

    Attributes:
        policy: fitted; says what to ask next.
        reader: fitted on the same models; the policy itself where it can read.
        items: ids of all items.
        budget: answers that a test must not exceed.
    """

    policy: Policy
    reader: Reader
    items: pd.Index[Any]
    budget: int

    @classmethod
    def fit(cls, policy: Policy, sources: ResponseMatrix, budget: int, seed: int) -> Self:
        """Fit policy and reader on models whose full scores are known.

        Raises:
            BudgetError: the budget is not between 1 and the number of items.
            NotApplicableError: a need of the policy is not met.
        """
        fitted = fit_policy(policy, sources, budget, seed)
        other: Any = fitted if isinstance(fitted, Reader) else fit_policy(Optimal(), sources, budget, seed)
        return cls(fitted, other, sources.items.index, budget)

    def course(self, ask: Ask, target: str = "", enough: Callable[[float], bool] | None = None) -> Course:
        """Test one target.

        Args:
            ask: gives its answers.
            target: its id: a policy that draws at random draws for each target anew.
            enough: whether a belief is small enough to stop; None: ask to the budget.

        Raises:
            MethodError: the policy asks an item twice, an unknown one, or more than the budget.
            Anything that `ask` raises.
        """
        known = Answers(self.items[:0], np.zeros(0), target)
        seen = np.zeros(0, dtype=np.int64)
        steps: list[tuple[int, int, float, float]] = []
        while len(following := self.policy.next_items(known)):
            position = np.asarray(self.items.get_indexer(following), dtype=np.int64)
            self._check(position, following, seen, known)
            seen = np.concatenate([seen, position])
            known = Answers(self.items[seen], np.concatenate([known.scores, ask(following)]), target)
            belief = float(self.reader.standard_deviation(known))
            steps.append((len(seen), _answered(known), float(self.reader.predict(known)), belief))
            if enough is not None and enough(belief):
                return _course(known, steps, NARROW)
        return _course(known, steps, self._reason(known))

    def _reason(self, known: Answers) -> str:
        if _answered(known) >= self.budget:
            return SPENT
        return EMPTY if len(known.items) == len(self.items) else ENDED

    def _check(self, position: IntArray, following: pd.Index[Any], seen: IntArray, known: Answers) -> None:
        name = method_name(self.policy)
        if (position < 0).any():
            raise MethodError(f"policy {name} asks unknown item {following[position < 0][0]!r}")
        if (again := np.isin(position, seen) | following.duplicated()).any():
            raise MethodError(f"policy {name} asks item {following[again][0]!r} twice")
        if _answered(known) + len(following) > self.budget:
            raise MethodError(f"policy {name} asks target {known.target!r} more than {self.budget} items")


def _answered(known: Answers) -> int:
    return int((~np.isnan(known.scores)).sum())


def _course(known: Answers, steps: list[tuple[int, int, float, float]], ended: str) -> Course:
    table = np.array(steps, dtype=np.float64).reshape(-1, 4)
    return Course(
        known.items,
        known.scores,
        table[:, 0].astype(np.int64),
        table[:, 1].astype(np.int64),
        table[:, 2],
        table[:, 3],
        ended,
    )
