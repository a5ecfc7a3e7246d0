"""Bayes linear reconstruction: the posterior mean of what was not asked, given the answers, under one Gaussian (ours).

Answers on the anchors and the mean of the other items are taken for jointly Gaussian, with mean and shrunk covariance
learnt on the source models; answered items enter as they are, the rest by its posterior mean. It is the reading under
which the selector `optimal` picks its anchors. As the means are those of the sources, this is a ridge regression from
centred answers to the rest, with two directions of shrinkage: to items that vary each by itself (`shrinkage`), and to
items that are all alike (`pooling`), under which only the mean of the answers counts. Both are chosen by leaving kin
out. Unlike `signature` it has no free line, so a target beyond the sources is pulled towards them, the more the fewer
the anchors. Needs two sources, better 15 or more groups of them; costs some solutions of k equations: under a second.

It is no better than `signature`: in `results/published/optimal.md` the two differ by less than 2 % on arc, musr and
ifeval; with a dozen groups of sources either is ahead now and then by up to 10 %. Taking over the settings that
`optimal` chose with anchors picked anew in every fold made it worse than choosing its own.

`posterior_sd_` is what the Gaussian itself holds for its error: a belief, too small where the anchors were chosen on
the sources it was learnt from, and no interval. Intervals come from calibration models (`anchoreval.reconstruction`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.errors import MethodOptionError
from anchoreval.estimators.answered import Answered, State, lesson_of
from anchoreval.estimators.flat_state import part_of, prefixed
from anchoreval.estimators.kinship import kin
from anchoreval.methods import Selection
from anchoreval.numerics.design_tuning import Setting
from anchoreval.numerics.joint_moments import JointMoments, left_out_errors
from anchoreval.responses import ResponseMatrix

SHRINKAGES = (0.6, 0.2, 0.03)
POOLINGS = (1.0, 0.6, 0.2, 0.02)
"""Tried by cross-validation; of equal errors the strongest are taken."""

FEWEST_GROUPS = 5
"""With fewer groups of sources there is nothing to choose with, and `UNSEEN` is taken."""

UNSEEN = Setting(shrinkage=0.6, noise=0.03, pooling=0.6)


@dataclass
class BayesLinear:
    """Posterior mean under a Gaussian learnt on the sources.

    Attributes:
        shrinkage: how far covariances are pulled to those of unrelated items, 0 to 1; None: by cross-validation.
        pooling: how far they are pulled to those of items that are all alike, 0 to 1; None: by cross-validation.
        noise: variance of an answer that nothing else shares, in units of the anchors' mean variance.
        folds: of the cross-validation; whole groups of kin stay together.
        posterior_sd_: after fitting, (outputs,) standard deviation of the score and of each subject under the model,
            in score units; the same for every target. NaN where a subject is known for no source.
    """

    needs: ClassVar[frozenset[str]] = frozenset()
    whole_matrix: ClassVar[bool] = False
    shrinkage: float | None = None
    pooling: float | None = None
    noise: float = 0.03
    folds: int = 5
    answered_: Answered = field(init=False, repr=False, compare=False)
    centre_: Float64Array = field(init=False, repr=False, compare=False)
    slopes_: Float64Array = field(init=False, repr=False, compare=False)
    rest_mean_: Float64Array = field(init=False, repr=False, compare=False)
    posterior_sd_: Float64Array = field(init=False, repr=False, compare=False)
    settings_: Float64Array = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for option in ("shrinkage", "pooling"):
            value = getattr(self, option)
            if value is not None and not 0 <= value <= 1:
                raise MethodOptionError(f"estimator bayes_linear: option {option} must be from 0 to 1, not {value}")
        if not (self.noise > 0 and np.isfinite(self.noise)):
            raise MethodOptionError(f"estimator bayes_linear: option noise must be positive, not {self.noise}")
        if self.folds < 2:
            raise MethodOptionError(f"estimator bayes_linear: option folds must be at least 2, not {self.folds}")

    def fit(self, sources: ResponseMatrix, selection: Selection, rng: np.random.Generator) -> Self:
        """Learn from the sources whose full score is known.

        Raises:
            TooFewModelsError: there are fewer than two of them.
        """
        whole = sources.part(selection.items)
        part = lesson_of(whole, "bayes_linear")
        self.answered_ = Answered.learn(whole, selection)
        self._learn(self.answered_.signatures(part), self.answered_.rests(part), kin(part), rng)
        return self

    def _learn(self, answers: Float64Array, rests: Float64Array, groups: IntArray, rng: np.random.Generator) -> None:
        known = ~np.isnan(rests).any(axis=0)  # a subject whose score is known for no source stays NaN
        moments = JointMoments.of(answers, np.where(known, rests, 0.0))
        chosen = self._chosen(answers, np.where(known, rests, 0.0), groups, rng)
        slopes = np.column_stack([moments.slopes(setting)[:, n] for n, setting in enumerate(chosen)])
        variance = np.array([moments.open_variance(setting)[n] for n, setting in enumerate(chosen)])
        self.centre_ = moments.answer_mean
        self.slopes_ = np.where(known, slopes, np.nan)
        self.rest_mean_ = np.where(known, moments.rest_mean, np.nan)
        self.posterior_sd_ = np.where(known, self.answered_.rest_share * np.sqrt(variance), np.nan)
        self.settings_ = np.array([[setting.shrinkage, setting.pooling] for setting in chosen])

    def _chosen(
        self, answers: Float64Array, rests: Float64Array, groups: IntArray, rng: np.random.Generator
    ) -> list[Setting]:
        """The setting of each output."""
        few = len(np.unique(groups)) < FEWEST_GROUPS
        settings = [Setting(s, self.noise, p) for p, s in product(self._poolings(few), self._shrinkages(few))]
        if len(settings) == 1:
            return [settings[0] for _ in rests.T]
        errors = left_out_errors(answers, rests, groups, settings, self.folds, rng)
        return [settings[best] for best in np.argmin(errors, axis=0)]

    def _shrinkages(self, few: bool) -> tuple[float, ...]:
        if self.shrinkage is not None:
            return (float(self.shrinkage),)
        return (UNSEEN.shrinkage,) if few else SHRINKAGES

    def _poolings(self, few: bool) -> tuple[float, ...]:
        if self.pooling is not None:
            return (float(self.pooling),)
        return (UNSEEN.pooling,) if few else POOLINGS

    def predict(self, targets: ResponseMatrix) -> pd.DataFrame:
        """Answered part plus the posterior mean of the rest."""
        signatures = self.answered_.signatures(targets)
        rests = self.rest_mean_ + (signatures - self.centre_) @ self.slopes_
        return self.answered_.totals(signatures, rests, targets.models.index)

    def state(self) -> State:
        """The design, the slopes and what they are taken from, and the settings chosen, a row an output."""
        return {
            **prefixed(answered=self.answered_.state()),
            "centre": self.centre_,
            "slopes": self.slopes_,
            "rest_mean": self.rest_mean_,
            "posterior_sd": self.posterior_sd_,
            "settings": self.settings_,
        }

    def from_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """Restore what `state` describes."""
        self.answered_ = Answered.from_state(part_of(state, "answered"))
        for name in ("centre", "slopes", "rest_mean", "posterior_sd", "settings"):
            setattr(self, f"{name}_", np.asarray(state[name], dtype=np.float64))
        return self
