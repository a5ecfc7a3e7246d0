"""Auto: the policy `optimal` with as many abilities as test best, found by tests inside the sources (ours).

How many abilities a benchmark's curves need depends on what its models differ in, and not on their number alone, which
is all that `optimal` looks at by itself: on pocket, whose models come from many corners, one ability for 46 selecting
groups reads tests of 50 items with half as much error again as four do. So models drawn from the sources sit short
tests, by policies that were fitted without their fold. The number that `optimal` would take is kept unless another
one's error, over the second half of these tests, is less by two standard errors of the difference, paired by models:
the least error of several would be mere luck too often. Targets and calibration models are not looked at.

Fails where the sources are too few to be divided: then `optimal` is left as it is. Costs some fifteen fits of the
curves and as many short tests of 40 models: about 15 s for 110 sources and 1,172 items.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from anchoreval.adaptive.course import recorded
from anchoreval.adaptive.examiner import Examiner
from anchoreval.arrays import Float64Array, IntArray
from anchoreval.contract import generator
from anchoreval.methods import Answers
from anchoreval.numerics.conformal import group_weights
from anchoreval.numerics.correlated_curves import suited_to
from anchoreval.numerics.folds import group_folds
from anchoreval.policies.asked import check_numbers
from anchoreval.policies.optimal import Optimal
from anchoreval.responses import ResponseMatrix
from anchoreval.tables import base_model_codes

ABILITIES = (1, 2, 4, 8)
FOLDS, FEWEST_GROUPS, CLEAR = 3, 12, 2.0
MOST_MODELS, BATCH, MOST_ITEMS = 40, 10, 100
"""Of the tests that decide: models that sit them, items asked at a time, and in all."""


@dataclass
class Auto:
    """`optimal`, its number of abilities chosen inside the sources.

    Attributes:
        batch: items asked at a time; answers are looked at between batches.
        tried: after fitting, error in score units by number of abilities; empty where there was no choice.
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
        codes = base_model_codes(sources.models)
        usual, _ = suited_to(len(np.unique(codes)))
        errors, weights = _errors(sources, codes, sorted({usual, *ABILITIES}), min(k, MOST_ITEMS), seed)
        self.tried = {abilities: float(weights @ found) for abilities, found in errors.items()}
        chosen = _clearly_best(errors, weights, usual) if errors else None
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


def _errors(
    sources: ResponseMatrix, codes: IntArray, candidates: list[int], k: int, seed: int
) -> tuple[dict[int, Float64Array], Float64Array]:
    """(models,) errors by number of abilities, and weights; nothing where the sources are too few to be divided."""
    if len(np.unique(codes)) < FEWEST_GROUPS:
        return {}, np.zeros(0)
    sitting = _drawn(codes, generator(seed, "auto", "models"))
    errors = {abilities: np.zeros(len(codes)) for abilities in candidates}
    for held_out in group_folds(codes, FOLDS, generator(seed, "auto", "folds")):
        learners = sources.subset(models=sources.models.index[~held_out])
        tested = [row for row in sitting if held_out[row]]
        for abilities, found in errors.items():
            examiner = Examiner.fit(Optimal(dimensions=abilities, batch=BATCH), learners, k, seed)
            found[tested] = [_error(examiner, sources, row) for row in tested]
    return {abilities: found[sitting] for abilities, found in errors.items()}, group_weights(codes[sitting])


def _error(examiner: Examiner, sources: ResponseMatrix, row: int) -> float:
    """Mean absolute error over the second half of a model's test."""
    name = str(sources.models.index[row])
    errors = examiner.course(recorded(sources, name), name).estimate - float(sources.full_scores.iloc[row])
    return float(np.abs(errors[len(errors) // 2 :]).mean())


def _clearly_best(errors: Mapping[int, Float64Array], weights: Float64Array, usual: int) -> int:
    """The number with the least error, if that is less than the usual one's beyond doubt."""
    best = min(errors, key=lambda abilities: float(weights @ errors[abilities]))
    gain = errors[usual] - errors[best]
    mean = float(weights @ gain)
    doubt = float(np.sqrt(weights**2 @ (gain - mean) ** 2))
    return best if mean > CLEAR * doubt else usual


def _drawn(codes: IntArray, rng: np.random.Generator) -> IntArray:
    """Rows of the models that sit the tests: at most so many, no group twice before every group is in once."""
    order = rng.permutation(len(codes))
    turn = pd.Series(codes[order]).groupby(codes[order]).cumcount().to_numpy()
    return np.sort(order[np.argsort(turn, kind="stable")][:MOST_MODELS])
