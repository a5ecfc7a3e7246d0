"""metabench's reconstruction: smooth curves from ability and anchor mean to the mean of what was not asked.

An item response model fitted to the sources' answers on the anchors gives every model an ability; a generalised
additive model adds a curve in it to a curve in the anchor mean. It assumes that one ability (or, in the joint form, one
a subject) and the mean tell all that the anchors know; where anchors that fail together tell of a weakness of their
own, the signature estimator knows more. It needs a few dozen sources; below 25 groups of them curves become straight
lines, below five a line of slope 1. Curves go on straight beyond the sources, so that better models are not pulled
back.

`joint` is for a suite of benchmarks side by side (`Suite.stacked`: a subject is a benchmark), all of which every target
must have answered. The curves of a subject's score are then in every subject's ability, in the subject's own anchor
mean and linear term, and in their means over the subjects; those of the score leave the subject's own out. A linear
term is a regression of the score on all anchors. As published it is ordinary least squares, read in the sample it was
fitted to: with fewer models than a few times the anchors it promises what it cannot keep for new models
(`linear="in_sample"` reproduces it; on arc, with 148 models and 100 anchors, it doubled the error). By default it is a
ridge regression, read out of folds that keep kin together; on arc, ifeval and musr it lowered the error of the separate
form too, by 1, 6 and 17 %.

Costs half a second for 300 models and 100 anchors, a few for 3,000 (joint: about a second a subject more).

Source: Kipnis et al., metabench (arXiv 2407.12844); the rest as the aim and the folds are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.errors import MethodOptionError
from anchoreval.estimators.anchor_readings import AnchorReadings
from anchoreval.estimators.answered import Answered, State, lesson_of
from anchoreval.estimators.curves import FEWEST_FOR_SLOPE, Curves
from anchoreval.estimators.flat_state import part_of, prefixed
from anchoreval.estimators.kinship import kin
from anchoreval.estimators.linear_terms import LinearTerms, out_of_fold
from anchoreval.methods import Selection
from anchoreval.responses import ResponseMatrix

FEATURES = ("both", "ability", "mean")
THETAS = ("map", "eap")
MODELS = ("1pl", "2pl", "3pl", "4pl")
LINEAR = (None, False, True, "in_sample")
SPLINES, JOINT_SPLINES = 10, 6
"""Basis functions a curve; the joint form has many curves."""


@dataclass
class Gam:
    """Curves in abilities, anchor means and, if asked for, linear terms.

    Attributes:
        features: `both`, `ability` or `mean`, of what metabench reads.
        joint: one ability a subject, shared by all, and the joint form's means and linear terms.
        linear: a regression on all anchors as one more curve: True reads it out of fold, `in_sample` as published,
            False leaves it out; None does what the form does: True if joint, else False.
        model: of item response theory.
        theta: kind of ability: map or eap.
        splines: basis functions a curve, at least 4; None is 10, and 6 in the joint form; fewer with few sources.
    """

    needs: ClassVar[frozenset[str]] = frozenset()
    whole_matrix: ClassVar[bool] = False
    features: str = "both"
    joint: bool = False
    linear: bool | str | None = None
    model: str = "2pl"
    theta: str = "map"
    splines: int | None = None
    answered_: Answered = field(init=False, repr=False, compare=False)
    readings_: AnchorReadings = field(init=False, repr=False, compare=False)
    terms_: LinearTerms | None = field(init=False, repr=False, compare=False)
    curves_: dict[int, Curves] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        choices = {"features": FEATURES, "theta": THETAS, "model": MODELS, "linear": LINEAR}
        for option, allowed in choices.items():
            if getattr(self, option) not in allowed:
                listed = ", ".join(str(value) for value in allowed)
                raise MethodOptionError(
                    f"estimator gam: option {option} is one of {listed}, not {getattr(self, option)!r}"
                )
        if self.splines is not None and (isinstance(self.splines, bool) or self.splines < 4):
            raise MethodOptionError(f"estimator gam: option splines is at least 4, not {self.splines}")

    def fit(self, sources: ResponseMatrix, selection: Selection, rng: np.random.Generator) -> Self:
        """Learn from the sources whose full score is known.

        Raises:
            TooFewModelsError: there are fewer than two of them.
        """
        whole = sources.part(selection.items)
        part = lesson_of(whole, "gam")
        self.answered_ = Answered.learn(whole, selection)
        self.readings_ = AnchorReadings.learn(
            self.answered_, part, joint=self.joint, model=self.model, theta=self.theta
        )
        rests, groups = self.answered_.rests(part), kin(part)
        known = np.flatnonzero(~np.isnan(rests).any(axis=0))  # a subject known for no source stays NaN
        signatures, n_groups = self.answered_.signatures(part), int(groups.max()) + 1
        terms = self._linear_terms(signatures, rests, groups, rng)
        features = self._features(part, signatures, terms)
        self.curves_ = {
            int(output): Curves.learn(features, self._columns(int(output)), rests[:, output], n_groups, self._splines)
            for output in known
        }
        return self

    @property
    def _splines(self) -> int:
        return self.splines or (JOINT_SPLINES if self.joint else SPLINES)

    def _linear_terms(
        self, signatures: Float64Array, rests: Float64Array, groups: IntArray, rng: np.random.Generator
    ) -> Float64Array | None:
        """Fit the regressions; (models, outputs) terms of the sources to learn curves from, or None without."""
        self.terms_ = None
        wanted = self.joint if self.linear is None else self.linear
        if not wanted or len(np.unique(groups)) < FEWEST_FOR_SLOPE:
            return None
        rests = np.nan_to_num(rests)  # unknown outputs get no curve
        if wanted == "in_sample":
            self.terms_ = LinearTerms.least_squares(signatures, rests)
            return self.terms_.at(signatures)
        self.terms_ = LinearTerms.ridge(signatures, rests, groups)
        return out_of_fold(signatures, rests, groups, rng)

    def _features(self, part: ResponseMatrix, signatures: Float64Array, terms: Float64Array | None) -> Float64Array:
        """(models, features): an anchor mean an output, the abilities, a linear term an output if there are any."""
        blocks = [self.readings_.means(signatures), self.readings_.abilities(self.answered_, part)]
        if terms is not None:
            if self._by_subject:
                terms = np.column_stack([terms[:, 1:].mean(axis=1), terms[:, 1:]])
            blocks.append(terms)
        return np.concatenate(blocks, axis=1)

    @property
    def _by_subject(self) -> bool:
        return self.joint and len(self.answered_.outputs) > 1

    def _columns(self, output: int) -> list[int]:
        """Numbers of an output's features, the most useful first: its own and the score's."""
        own = [output] if self.readings_.within[:, output].any() else []
        both = list(dict.fromkeys([*own, 0] if self._by_subject else [0, *own]))
        n_outputs, n_abilities = len(self.answered_.outputs), self.readings_.n_abilities
        mine = int(self.readings_.owner[output])
        abilities = [n_outputs + n for n in sorted(range(n_abilities), key=lambda n: n != mine)]
        linear = []
        if self.terms_ is not None:
            last = n_outputs + n_abilities
            linear = [last + n for n in (dict.fromkeys([output, 0]) if self._by_subject else [output])]
        means = both if self.features != "ability" else []
        abilities = abilities if self.features != "mean" else []
        if self._by_subject:
            return [*means, *linear, *abilities] or [0]
        return [*means[:1], *abilities, *means[1:], *linear] or [0]

    def predict(self, targets: ResponseMatrix) -> pd.DataFrame:
        """Answers as they are, and the curves for what was not asked."""
        signatures = self.answered_.signatures(targets)
        features = self._features(targets, signatures, None if self.terms_ is None else self.terms_.at(signatures))
        rests = np.full((targets.n_models, len(self.answered_.outputs)), np.nan)
        for output, curves in self.curves_.items():
            rests[:, output] = curves.at(features)
        return self.answered_.totals(signatures, rests, targets.models.index)

    def state(self) -> State:
        """Everything learnt."""
        parts = {f"curves/{output}": curves.state() for output, curves in self.curves_.items()}
        if self.terms_ is not None:
            parts["terms"] = self.terms_.state()
        fixed = prefixed(answered=self.answered_.state(), readings=self.readings_.state(), **parts)
        return {**fixed, "curved": np.array(list(self.curves_), dtype=np.int64)}

    def from_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """Restore what `state` describes."""
        self.answered_ = Answered.from_state(part_of(state, "answered"))
        self.readings_ = AnchorReadings.from_state(part_of(state, "readings"))
        terms = part_of(state, "terms")
        self.terms_ = LinearTerms.from_state(terms) if terms else None
        self.curves_ = {int(n): Curves.from_state(part_of(state, f"curves/{n}")) for n in state["curved"]}
        return self
