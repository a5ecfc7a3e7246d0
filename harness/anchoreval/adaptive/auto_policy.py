"""Auto: the policy `optimal` with as many abilities as test best, found by tests inside the sources (ours).

How many abilities a benchmark's curves need depends on what its models differ in, and not on their number alone, which
is all that `optimal` looks at by itself: on pocket, whose models come from 90 groups and many corners, one ability for
46 selecting groups reads tests of 50 items with half as much error again as four do. So models drawn from the sources
sit short tests, by policies that were fitted without their fold, and the number with the least squared error over the
second half of these tests is taken; of equal ones the smallest. Targets and calibration models are not looked at.

Fails where the sources are too few to be divided: then `optimal` is left as it is. Costs a dozen fits of the curves and
as many short tests of 40 models: half a minute for 100 sources and 1,000 items.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from anchoreval.adaptive.course import recorded
from anchoreval.adaptive.examiner import Examiner
from anchoreval.arrays import IntArray
from anchoreval.contract import generator
from anchoreval.methods import Answers
from anchoreval.numerics.conformal import group_weights
from anchoreval.numerics.folds import group_folds
from anchoreval.policies.asked import check_numbers
from anchoreval.policies.optimal import Optimal
from anchoreval.responses import ResponseMatrix
from anchoreval.tables import base_model_codes

ABILITIES = (1, 2, 4, 8)
FOLDS, FEWEST_GROUPS = 3, 12
MOST_MODELS, BATCH, MOST_ITEMS = 40, 10, 100
"""Of the tests that decide: models that sit them, items asked at a time, and in all."""


@dataclass
class Auto:
    """`optimal`, its number of abilities chosen inside the sources.

    Attributes:
        batch: items asked at a time; answers are looked at between batches.
        tried: after fitting, squared error in score units by number of abilities; empty where there was no choice.
    """

    needs: ClassVar[frozenset[str]] = Optimal.needs
    batch: int = 1
    policy_: Optimal = field(init=False, repr=False, compare=False)
    tried: dict[int, float] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        check_numbers("auto", batch=(self.batch, 1))

    def fit(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Self:
        """Choose, then fit on all sources."""
        seed = int(rng.integers(2**31))
        self.tried = _errors(sources, min(k, MOST_ITEMS), seed)
        chosen = min(self.tried, key=lambda abilities: self.tried[abilities]) if self.tried else None
        self.policy_ = Optimal(dimensions=chosen, batch=self.batch).fit(sources, k, rng)
        return self

    def next_items(self, answers: Answers) -> pd.Index[Any]:
        """As `optimal` does; none to stop."""
        return self.policy_.next_items(answers)

    def predict(self, answers: Answers) -> float:
        """The target's full score as the model expects it, in [0, 1]."""
        return self.policy_.predict(answers)

    def standard_deviation(self, answers: Answers) -> float:
        """What is left to know of the target's full score, in score units."""
        return self.policy_.standard_deviation(answers)


def _errors(sources: ResponseMatrix, k: int, seed: int) -> dict[int, float]:
    """Squared error by number of abilities; nothing where the sources are too few to be divided."""
    codes = base_model_codes(sources.models)
    if len(np.unique(codes)) < FEWEST_GROUPS:
        return {}
    sitting = _drawn(codes, generator(seed, "auto", "models"))
    folds = list(group_folds(codes, FOLDS, generator(seed, "auto", "folds")))
    errors = {abilities: np.zeros(len(codes)) for abilities in ABILITIES}
    for held_out in folds:
        learners = sources.subset(models=sources.models.index[~held_out])
        tested = [row for row in sitting if held_out[row]]
        for abilities, found in errors.items():
            examiner = Examiner.fit(Optimal(dimensions=abilities, batch=BATCH), learners, k, seed)
            found[tested] = [_squared_error(examiner, sources, row) for row in tested]
    weights = group_weights(codes[sitting])
    return {abilities: float(weights @ found[sitting]) for abilities, found in errors.items()}


def _squared_error(examiner: Examiner, sources: ResponseMatrix, row: int) -> float:
    """Mean over the second half of a model's test."""
    name = str(sources.models.index[row])
    errors = examiner.course(recorded(sources, name), name).estimate - float(sources.full_scores.iloc[row])
    return float((errors[len(errors) // 2 :] ** 2).mean())


def _drawn(codes: IntArray, rng: np.random.Generator) -> IntArray:
    """Rows of the models that sit the tests: at most so many, no group twice before every group is in once."""
    order = rng.permutation(len(codes))
    turn = pd.Series(codes[order]).groupby(codes[order]).cumcount().to_numpy()
    return np.sort(order[np.argsort(turn, kind="stable")][:MOST_MODELS])
