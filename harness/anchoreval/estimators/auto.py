"""Choose the estimator by cross-validation inside the models it is fitted on.

Every applicable candidate (see `anchoreval.estimators.candidates`) predicts each source from a fit without it and its
kin. The simplest one that is no more than one standard error worse than the best wins, the standard error being that of
the paired difference over groups of kin. Calibration models are never looked at. With few sources there is nothing to
choose with; the simplest applicable candidate is then taken unseen. For anchors drawn at random that is `fusion`, which
leans on the sample mean where sources say little.

Where the selector `auto` picked the anchors it has tried readings as well, with the anchors picked anew each time and
on models as far from the sources as targets will be: its choice is then followed.

The anchors were selected once, on all of these sources, and the selection is not repeated in the folds. The errors in
`tried` therefore rank candidates but are no error bars; those come from calibration models
(`anchoreval.reconstruction`). Costs `folds` + 1 fits of every candidate: 1 to 3 s at 300 sources and 100 anchors.
Beyond 1,000 sources kernel ridge is left out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.errors import MethodOptionError, TooFewModelsError
from anchoreval.estimators.answered import State, scored
from anchoreval.estimators.candidates import CANDIDATES, LABELS, Candidate, candidate
from anchoreval.estimators.flat_state import part_of, prefixed
from anchoreval.estimators.kinship import kin
from anchoreval.methods import Estimator, Selection
from anchoreval.numerics.conformal import group_weights
from anchoreval.numerics.folds import group_folds
from anchoreval.responses import SCORE, ResponseMatrix

READING = "reading"
"""Key of `Selection.details`: the label of the candidate that the selector `auto` chose with the anchors."""

FEWEST_GROUPS = 8
"""With fewer groups of sources, differences in cross-validated error are noise."""


@dataclass
class Auto:
    """The simplest estimator within one standard error of the best.

    Attributes:
        candidates: labels of those to choose among; None for the usual ones (and for what the selector chose).
        folds: of the cross-validation; whole groups of kin stay together.
        tried: after fitting, mean absolute error of each candidate in cross-validation, in score units; empty where
            there was nothing to choose with.
        chosen: after fitting, the label of the winner.
    """

    needs: ClassVar[frozenset[str]] = frozenset()
    whole_matrix: ClassVar[bool] = False
    candidates: Sequence[str] | None = None
    folds: int = 5
    tried: dict[str, float] = field(init=False, default_factory=dict, compare=False)
    chosen: str = field(init=False, default="", compare=False)
    estimator_: Estimator = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for label in self.candidates or ():
            if label not in LABELS:
                raise MethodOptionError(f"estimator auto: {label!r} is no candidate (there are: {', '.join(LABELS)})")
        if self.folds < 2:
            raise MethodOptionError(f"estimator auto: option folds must be at least 2, not {self.folds}")

    def fit(self, sources: ResponseMatrix, selection: Selection, rng: np.random.Generator) -> Self:
        """Cross-validate the candidates and fit the winner on all sources.

        Raises:
            TooFewModelsError: no candidate applies to so few sources.
        """
        whole = sources.part(selection.items)
        part = scored(whole)
        applicable = [c for c in self._wanted(selection) if c.applies(part, selection)]
        if not applicable:
            raise TooFewModelsError(
                f"estimator auto: none of its candidates applies to the {part.n_models} source models"
                f" of benchmark {sources.name} that have a full score"
            )
        groups = kin(part) if part.n_models else np.zeros(0, dtype=np.int64)
        seed = int(rng.integers(2**31))
        self.tried = {}
        winner = applicable[0]
        if len(applicable) > 1 and len(np.unique(groups)) >= FEWEST_GROUPS:
            errors = self._cross_validated(applicable, part, selection, groups, seed)
            winner = applicable[simplest_within_one_error(errors, groups)]
            mean_errors = errors @ group_weights(groups)
            self.tried = {c.label: float(error) for c, error in zip(applicable, mean_errors, strict=True)}
        self.chosen = winner.label
        self.estimator_ = winner.make().fit(whole, selection, np.random.default_rng(seed))
        return self

    def _wanted(self, selection: Selection) -> list[Candidate]:
        if self.candidates is not None:
            return [one for one in CANDIDATES if one.label in self.candidates]
        if (chosen := selection.details.get(READING)) in LABELS:
            return [candidate(str(chosen))]
        return [one for one in CANDIDATES if one.usual]

    def _cross_validated(
        self, candidates: list[Candidate], part: ResponseMatrix, selection: Selection, groups: IntArray, seed: int
    ) -> Float64Array:
        """(candidates, models) absolute errors of the score, each model predicted without its kin."""
        part = score_only(part)
        truth = part.full_scores.to_numpy()
        errors = np.zeros((len(candidates), part.n_models))
        for held_out in group_folds(groups, self.folds, np.random.default_rng(seed)):
            sources = part.subset(models=part.models.index[~held_out])
            targets = part.subset(models=part.models.index[held_out])
            for row, tried in enumerate(candidates):
                fitted = tried.make().fit(sources, selection, np.random.default_rng(seed))
                errors[row, held_out] = np.abs(fitted.predict(targets)[SCORE].to_numpy() - truth[held_out])
        return np.where(np.isnan(errors), np.nanmax(errors), errors)  # a model without answers says nothing

    def predict(self, targets: ResponseMatrix) -> pd.DataFrame:
        """What the winner predicts."""
        return self.estimator_.predict(targets)

    def state(self) -> State:
        """The winner's state, its name, and the record of what was tried."""
        return {
            **prefixed(estimator=self.estimator_.state()),
            "chosen": np.array([self.chosen]),
            "tried_labels": np.array(list(self.tried), dtype=str),
            "tried_errors": np.array(list(self.tried.values()), dtype=np.float64),
        }

    def from_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """Restore winner and record."""
        self.chosen = str(state["chosen"][0])
        labels, errors = state["tried_labels"], state["tried_errors"]
        self.tried = {str(label): float(error) for label, error in zip(labels, errors, strict=True)}
        self.estimator_ = candidate(self.chosen).make().from_state(part_of(state, "estimator"))
        return self


def score_only(part: ResponseMatrix) -> ResponseMatrix:
    """The same models and items without subjects, which cost time and take no part in the choice."""
    known = [column for column in part.models if str(column).startswith("full_score/")]
    items = part.items.drop(columns="subject", errors="ignore")
    return dataclasses.replace(part, models=part.models.drop(columns=known), items=items)


def simplest_within_one_error(errors: Float64Array, groups: IntArray) -> int:
    """The first row whose mean error exceeds the least one by at most a standard error of their difference.

    Args:
        errors: (candidates, models) from the simplest candidate to the most elaborate.
        groups: (models,) every group counts once.
    """
    _, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    by_group = np.stack([np.bincount(inverse, row) / sizes for row in errors])  # (candidates, groups)
    excess = by_group - by_group[np.argmin(by_group.mean(axis=1))]
    standard_error = excess.std(axis=1, ddof=1) / np.sqrt(excess.shape[1])
    return int(np.argmax(excess.mean(axis=1) <= standard_error))
