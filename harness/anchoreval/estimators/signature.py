"""Regression on signatures: from how a model answered the anchors to the mean of what it was not asked.

The metamodel of DISCO, for any signature: option probabilities where there are, else scores. A line through the anchor
mean (`line`) is corrected by a regression on the signature (ridge, kernel ridge, nearest neighbours, random forest,
gradient boosting, or the mean of several), learnt on source models; anchors that fail together tell of one weakness,
which a mean of answers cannot know. It works with any anchors, chosen or random, from about ten sources on, and is the
better the more there are. It assumes that targets resemble sources: a model of a new kind is pulled towards the line,
never beyond the largest correction that a source needed. Fitting takes milliseconds (ridge) to seconds (see each
regressor).

Defaults: ridge with the penalty chosen by leaving groups of kin out. In our trials on arc, musr, ifeval, mmlu_options
and cosmosqa_options (10 to 300 sources, 30 to 100 anchors, random and chosen by DISCO) kernel ridge was mostly a little
better, but its cost grows with the cube of the sources; the forest was as good on scores and mostly worse on
probabilities, neighbours were mostly worse. Adding scores to probabilities helped as often as it hurt. Principal
components are off: all of them change nothing for ridge, and they made the forest worse. With random anchors (arc,
musr, ifeval and mmlu_options; targets at random and by family; k = 30, 100; 3 draws) the errors over ridge's were, in
geometric mean: `average` 0.97, kernel ridge 0.98, boosting 1.05, forest 1.07; boosting as a fourth member of the
average did not help it (0.98), nor did leaving out kernel ridge (0.99) or the forest (0.98).

DISCO as published is `Signature(features="probabilities", regressor="forest", components=256, line=False)`.

Source: DISCO (arXiv 2510.07959), section 3; the line, the rest as the aim and the grouped choice of penalty are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.errors import MethodOptionError
from anchoreval.estimators.answered import Answered, State, lesson_of
from anchoreval.estimators.average import Average
from anchoreval.estimators.boosting import Boosting
from anchoreval.estimators.features import KINDS, SignatureSpace
from anchoreval.estimators.flat_state import part_of, prefixed
from anchoreval.estimators.forest import Forest
from anchoreval.estimators.kinship import kin
from anchoreval.estimators.line import Line
from anchoreval.estimators.neighbours import Neighbours
from anchoreval.estimators.regressors import KernelRidge, Lesson, Regressor, Ridge
from anchoreval.methods import Selection
from anchoreval.responses import ResponseMatrix

SINGLE = ("ridge", "kernel_ridge", "knn", "forest", "boosting")
REGRESSORS = (*SINGLE, "average")


@dataclass
class Signature:
    """Line through the anchor mean plus a regression on the signature.

    Attributes:
        features: `scores`, `probabilities`, `both`, or `auto`: probabilities where there are, else scores.
        regressor: `ridge`, `kernel_ridge`, `knn`, `forest`, `boosting` or `average`.
        components: principal components of the signature to keep, at most one less than sources; None keeps all.
        line: start from a line in the anchor mean; False starts from the sources' mean.
        alpha: penalty of the ridge regressions; None chooses it on the sources.
        neighbours: of knn; None chooses their number on the sources.
        trees: of the forest.
        rounds: of boosting.
        members: regressors whose mean `average` is.
        degree: of the kernel's polynomial.
    """

    needs: ClassVar[frozenset[str]] = frozenset()
    whole_matrix: ClassVar[bool] = False
    features: str = "auto"
    regressor: str = "ridge"
    components: int | None = None
    line: bool = True
    alpha: float | None = None
    neighbours: int | None = None
    trees: int = 100
    rounds: int = 100
    members: Sequence[str] = field(default_factory=lambda: ["ridge", "kernel_ridge", "forest"])
    degree: int = 2
    answered_: Answered = field(init=False, repr=False, compare=False)
    space_: SignatureSpace = field(init=False, repr=False, compare=False)
    line_: Line = field(init=False, repr=False, compare=False)
    regressor_: Regressor = field(init=False, repr=False, compare=False)
    known_: Float64Array = field(init=False, repr=False, compare=False)
    limits_: Float64Array = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _one_of("features", self.features, ("auto", *KINDS))
        _one_of("regressor", self.regressor, REGRESSORS)
        for member in self.members:
            _one_of("members", member, SINGLE)
        if not self.members:
            raise MethodOptionError("estimator signature: option members names no regressor")
        for option in ("components", "alpha", "neighbours", "trees", "rounds", "degree"):
            value = getattr(self, option)
            if value is not None and not value > 0:
                raise MethodOptionError(f"estimator signature: option {option} must be positive, not {value}")

    def fit(self, sources: ResponseMatrix, selection: Selection, rng: np.random.Generator) -> Self:
        """Learn from the sources whose full score is known.

        Raises:
            TooFewModelsError: there are fewer than two of them.
            NotApplicableError: probabilities are asked for and there are none.
        """
        whole = sources.part(selection.items)
        part = lesson_of(whole, "signature")
        self.answered_ = Answered.learn(whole, selection)
        self.space_ = SignatureSpace.learn(self.answered_, part, self.features, self.components)
        self._learn(part, rng)
        return self

    def _learn(self, part: ResponseMatrix, rng: np.random.Generator) -> None:
        rests, groups = self.answered_.rests(part), kin(part)
        # a subject whose score is known for no source stays NaN
        known = np.asarray(~np.isnan(rests).any(axis=0), dtype=np.bool_)
        lead = self.answered_.leads(self.answered_.signatures(part))
        self.line_ = Line.through(lead, rests[:, known], int(groups.max()) + 1, sloped=self.line)
        leftovers = rests[:, known] - self.line_.at(lead)
        lesson = Lesson(self.space_.coordinates(self.answered_, part), self.line_.columns(lead), leftovers, groups)
        self.regressor_ = self._new_regressor().learn(lesson, rng)
        self.known_ = known.astype(np.float64)
        self.limits_ = np.stack([leftovers.min(axis=0), leftovers.max(axis=0)])

    def _new_regressor(self) -> Regressor:
        made: dict[str, Regressor] = {
            "ridge": Ridge(self.alpha),
            "kernel_ridge": KernelRidge(self.degree, self.alpha),
            "knn": Neighbours(self.neighbours),
            "forest": Forest(self.trees),
            "boosting": Boosting(self.rounds),
        }
        if self.regressor == "average":
            return Average({name: made[name] for name in self.members})
        return made[self.regressor]

    def predict(self, targets: ResponseMatrix) -> pd.DataFrame:
        """Answered part plus line and correction for the rest; the correction stays within what sources needed."""
        signatures = self.answered_.signatures(targets)
        lead = self.answered_.leads(signatures)
        coordinates = self.space_.coordinates(self.answered_, targets)
        correction = self.regressor_.predict(coordinates, self.line_.columns(lead))
        rests = np.full((targets.n_models, len(self.answered_.outputs)), np.nan)
        rests[:, self.known_ > 0] = self.line_.at(lead) + np.clip(correction, *self.limits_)
        return self.answered_.totals(signatures, rests, targets.models.index)

    def state(self) -> State:
        """Everything learnt (that of trees as training data and seed)."""
        return {
            **prefixed(
                answered=self.answered_.state(),
                space=self.space_.state(),
                line=self.line_.state(),
                regressor=self.regressor_.state(),
            ),
            "known": self.known_,
            "limits": self.limits_,
        }

    def from_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """Restore what `state` describes."""
        self.answered_ = Answered.from_state(part_of(state, "answered"))
        self.space_ = SignatureSpace.from_state(part_of(state, "space"))
        self.line_ = Line.from_state(part_of(state, "line"))
        self.regressor_ = self._new_regressor().from_state(part_of(state, "regressor"))
        self.known_ = np.asarray(state["known"], dtype=np.float64)
        self.limits_ = np.asarray(state["limits"], dtype=np.float64)
        return self


def _one_of(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise MethodOptionError(f"estimator signature: option {option} is one of {', '.join(choices)}, not {value!r}")
