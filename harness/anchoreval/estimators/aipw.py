"""AIPW: the sample mean, corrected for how easy the drawn items are by a regression with items as rows.

For each target a ridge regression explains its answers on the anchors by what the source models answered there; it
predicts the items that were not asked. The error of the prediction is estimated on the anchors themselves, weighted by
how many items each stands for (`mean` does the same with the answers), and taken out: the estimate is valid whatever
the regression is worth, and drift between sources and targets can cost precision but not make it biased. Needs anchors
drawn at random with known inclusion probabilities, and all answers of the sources. Measured with random anchors, its
error over that of `mean` is, in geometric mean, 0.79 on arc, musr, ifeval and mmlu_options (k = 20, 50, 100; targets at
random, by family, the best; 8 repeats), above 1 in 1 of 36 cells (1.03), 0.87 on livebench, cosmosqa_options and
alpacaeval2 (4 of 27 cells, at most 1.13), and 0.75 at k = 1,000 on mmlu_pro_cot (the best: 0.85). 3,000 sources x 200
items and 120 x 12,000 at k = 1,000 take some 2 s with 950 targets.

Each residual comes from a fit without its anchor (cross-fitting with as many folds as anchors, in closed form, so
nothing is random), and so does the part of the prediction that it corrects; under simple random sampling the estimate
is then exactly unbiased for a given penalty. The published code takes residuals of the fit itself, whose mean is zero
by construction, so that its correction does nothing. The prediction is scaled by lambda in [0, 1], the slope of the
answers on their left-out predictions: an uninformative one is dropped and the weighted mean is left (power tuning).
The penalty is each target's own, by the leave-one-out error. Choosing it by marginal likelihood was 2 % worse;
keeping 20 principal components, scaling sources to one variance, or fixing lambda = 1 changed little or hurt.

A subject's own residuals move it away from what the regression predicts for its items only as far as they exceed
what chance explains (a random effect, ours); a subject without anchors keeps the prediction. Where the matrix is a
part of the benchmark, a line learnt on the sources leads from the items at hand to the full score (ours).

Source: Zhang, Dorner and Hardt (arXiv 2506.07673); tuning: Angelopoulos et al., PPI++ (arXiv 2311.01453); the design
variance: Hajek (1964), in the form of Sarndal, Swensson and Wretman, Model Assisted Survey Sampling (1992).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.errors import NotApplicableError
from anchoreval.estimators.answered import Answered, State, anchor_positions
from anchoreval.estimators.at_hand import AtHand, open_weights
from anchoreval.estimators.flat_state import part_of, prefixed
from anchoreval.estimators.mean import stand_ins
from anchoreval.methods import Selection
from anchoreval.numerics.design_variance import hajek_variance
from anchoreval.numerics.item_ridge import ItemRidge
from anchoreval.responses import ResponseMatrix

FLAT = 1e-12
"""Predictions of a smaller variance than this predict nothing."""


@dataclass
class AIPW:
    """Cross-fitted regression on the sources' answers, corrected by its weighted residuals on the anchors."""

    needs: ClassVar[frozenset[str]] = frozenset({"inclusion", "complete"})
    whole_matrix: ClassVar[bool] = True
    answered_: Answered = field(init=False, repr=False, compare=False)
    at_hand_: AtHand = field(init=False, repr=False, compare=False)
    ridge_: ItemRidge = field(init=False, repr=False, compare=False)
    own_: Float64Array = field(init=False, repr=False, compare=False)
    inclusion_: Float64Array = field(init=False, repr=False, compare=False)

    def fit(self, sources: ResponseMatrix, selection: Selection, rng: np.random.Generator) -> Self:
        """Decompose the sources' answers; nothing is random."""
        if selection.inclusion is None:
            raise NotApplicableError("estimator aipw needs anchors drawn at random with known inclusion probabilities")
        self.answered_ = Answered.learn(sources.part(selection.items), selection)
        self.inclusion_ = np.asarray(selection.inclusion, dtype=np.float64)
        self.own_ = np.ascontiguousarray(np.nan_to_num(stand_ins(self.answered_.relative, self.inclusion_)))
        self.at_hand_ = AtHand.learn(self.answered_, sources)
        answers = np.ascontiguousarray(sources.scores.T, dtype=np.float64)  # items as rows
        anchors = answers[anchor_positions(self.answered_.anchors, sources)]
        open_means = open_weights(self.answered_, sources).T @ answers
        self.ridge_ = ItemRidge.of(anchors, open_means, self.own_[:, 0])
        return self

    def predict(self, targets: ResponseMatrix) -> pd.DataFrame:
        """Answered part plus the corrected prediction of the rest."""
        signatures = self.answered_.signatures(targets)
        rests = self.at_hand_.rests(signatures, self._open_means(self._reading(signatures)))
        return self.answered_.totals(signatures, rests, targets.models.index)

    def design_standard_error(self, targets: ResponseMatrix) -> pd.Series[Any]:
        """Standard error of the score under the random draw of the anchors, a row a target, in score units.

        For a total of left-out residuals, with Hajek's approximation of the joint inclusion probabilities: exact for
        simple random sampling of equally weighted items, too large for a stratified design. Where the items at hand
        are not the whole benchmark, the spread of the sources around the line is added. 0 where every anchor is
        certain, NaN with a single anchor and for a target that answered none.
        """
        signatures = self.answered_.signatures(targets)
        at_hand = np.sqrt(self._design_variance(self._reading(signatures).residuals))
        along = self.answered_.rest_share[0] * np.hypot(self.at_hand_.slope[0] * at_hand, self.at_hand_.spread[0])
        error = np.where(self.at_hand_.elsewhere[0] > 0, along, at_hand)
        return pd.Series(
            np.where(np.isnan(signatures).any(axis=1), np.nan, error),
            targets.models.index,
            name="design_standard_error",
        )

    def _design_variance(self, residuals: Float64Array) -> Float64Array:
        """(targets,) of the mean at hand, from (anchors, targets) residuals."""
        return hajek_variance(residuals.T, self.at_hand_.shares[:, 0], self.inclusion_)

    def _reading(self, signatures: Float64Array) -> _Reading:
        answers = np.nan_to_num(signatures).T  # (anchors, targets)
        weights = self.own_[:, 0]
        left_out = self.ridge_.left_out(answers)
        predicted = left_out.predicted - weights @ left_out.predicted
        power = _power(weights, answers, predicted)
        # the intercept is the mean of what the scaled prediction leaves over, so residuals have mean zero under the
        # anchors' weights; what was corrected stands in it
        leftovers = answers - power * left_out.predicted
        level = weights @ leftovers
        return _Reading(level + power * left_out.contrasts, leftovers - level)

    def _open_means(self, reading: _Reading) -> Float64Array:
        """(targets, outputs) means of the open items: predicted, and moved by a subject's own residuals."""
        return np.clip((reading.predicted + _moves(self.own_, reading.residuals)).T, 0.0, 1.0)

    def state(self) -> State:
        """The design, the decomposition and the weights with which anchors stand for others."""
        return {
            **prefixed(answered=self.answered_.state(), at_hand=self.at_hand_.state(), ridge=self.ridge_.state()),
            "own": self.own_,
            "inclusion": self.inclusion_,
        }

    def from_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """Restore what `state` describes."""
        self.answered_ = Answered.from_state(part_of(state, "answered"))
        self.at_hand_ = AtHand.from_state(part_of(state, "at_hand"))
        self.ridge_ = ItemRidge.from_state(part_of(state, "ridge"))
        self.own_ = np.array(state["own"], dtype=np.float64)
        self.inclusion_ = np.array(state["inclusion"], dtype=np.float64)
        return self


@dataclass(frozen=True, eq=False)
class _Reading:
    """What regressions say of targets.

    Attributes:
        predicted: (outputs, targets) mean of the open items, corrected as a whole.
        residuals: (anchors, targets) left-out residuals, of weighted mean 0.
    """

    predicted: Float64Array
    residuals: Float64Array


def _power(weights: Float64Array, answers: Float64Array, predicted: Float64Array) -> Float64Array:
    """(targets,) lambda: slope of the answers on their left-out predictions (of weighted mean 0), in [0, 1]."""
    variance = weights @ predicted**2
    slope = (weights @ (predicted * answers)) / np.where(variance > FLAT, variance, 1.0)
    return np.asarray(np.clip(np.where(variance > FLAT, slope, 0.0), 0.0, 1.0), dtype=np.float64)


def _moves(own: Float64Array, residuals: Float64Array) -> Float64Array:
    """(outputs, targets) how far a subject's own residuals move it; the score's have mean zero.

    Args:
        own: (anchors, outputs) weights with which anchors stand for an output's open items; columns sum to 1 or 0.
        residuals: (anchors, targets) left-out residuals.

    Returns:
        mean residual times the share of it that is not chance: sigma^2 / (sigma^2 + v), v its variance by chance and
        sigma^2 the variance between subjects, by moments, of one target.
    """
    means = own.T @ residuals
    chance = (own**2).sum(axis=0)[:, None] * (own[:, 0] @ residuals**2)
    there = np.asarray(own.any(axis=0), dtype=np.bool_)[:, None] & (np.arange(own.shape[1]) > 0)[:, None]
    between = np.where(there, means**2 - chance, 0.0).sum(axis=0) / max(int(there.sum()), 1)
    between = np.maximum(between, 0.0)
    total = between + chance
    return np.where(there, means * between / np.where(total > 0, total, 1.0), 0.0)
