"""Fusion: of a metamodel as much as it has earned among the sources, of a valid sample estimate the rest.

A metamodel (`signature`) is the better the more targets resemble sources; a sample estimate (`aipw`) is valid whatever
the targets are, and its error vanishes with k. Sources are left out, kin together, to see how far off either is and how
much of the error they share; the mixture of least expected squared error follows, for the score and for each subject.
Both errors grow with how variable a target's answers are, for which the design variance of its sample estimate stands.
Where a target's anchor mean lies beyond the middle 90 % of the sources', the metamodel is believed less: `distrust`
times the distance beyond counts as a further error, one that the sample estimate does not share. With every item an
anchor the score is exact. Needs anchors drawn at random; with fewer than 8 groups of sources it is the sample estimate.
Where full scores were measured on more than the items at hand, a mean of these is no estimate of them: it is first put
on the line that the sources' full scores follow along it, its design variance taken off (regression calibration).
Costs `folds` + 1 fits of both.

Measured with random anchors, error over that of `mean`, geometric means over k = 20, 50, 100 and 8 repeats on arc,
musr, ifeval and mmlu_options: targets at random 0.56 (`signature` 0.55, `aipw` 0.78), by family 0.58 (0.57, 0.79), the
best models 0.82 (0.92, 0.80). `distrust` and where it begins were set on these four; on livebench, cosmosqa_options and
alpacaeval2, looked at afterwards: 0.71 (0.71, 0.86), 0.75 (0.73, 0.87), 0.82 (1.16, 0.87). At k = 1,000 on
mmlu_pro_cot: 0.75, the best models 0.86. Tried as well, for the best models in a first trial where it had 0.79: no
`distrust` (0.92); learning it from the best and the worst sources, left out as a whole (0.83); counting it from the
ends of the sources' range (0.83), or from the middle 80 % (0.76, but 1 % worse at random); the distance to the nearest
source in place of that of the anchor mean (0.86); `mean` in place of `aipw` (0.80, equal elsewhere).

Source: ours; mixing goes back to gp-IRT (Maia Polo et al., arXiv 2402.14992); regression calibration: Carroll et al.,
Measurement Error in Nonlinear Models (2006), chapter 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.errors import MethodOptionError, NotApplicableError
from anchoreval.estimators.aipw import AIPW
from anchoreval.estimators.answered import State, scored
from anchoreval.estimators.flat_state import part_of, prefixed
from anchoreval.estimators.kinship import kin
from anchoreval.estimators.mean import Mean
from anchoreval.estimators.signature import Signature
from anchoreval.methods import Selection
from anchoreval.numerics.conformal import group_weights
from anchoreval.numerics.error_shares import ErrorMoments
from anchoreval.numerics.folds import group_folds
from anchoreval.responses import SCORE, ResponseMatrix

FEWEST_GROUPS = 8
"""With fewer groups of sources, shares learnt by leaving some out are noise."""

MIDDLE = (0.05, 0.95)
"""Quantiles of the sources' anchor means between which the metamodel is believed as it was among the sources."""

PRIOR_ANCHORS = 10
"""A target's design variance counts as k anchors, the sources' mean as this many: few answers may all be right."""

WHOLE = 0.9
"""Share of the benchmark's weight that the anchors stand for, by their inclusion probabilities, from which on the items
that they were drawn from are taken to be the benchmark."""

LEAST_RELIABILITY = 0.1
"""Share of the variance of sources' sample means that is taken to be real at least: a slope stays finite."""

SAMPLES: dict[str, type[AIPW] | type[Mean]] = {"aipw": AIPW, "mean": Mean}


@dataclass
class Fusion:
    """Mixture of a regression on signatures and AIPW, in shares learnt on left-out sources.

    Attributes:
        sample: the sample estimate, `aipw`, or `mean`, for which the anchors' part of the sources is enough.
        regressor: of the metamodel (see `anchoreval.estimators.signature`).
        features: of the metamodel.
        distrust: error of the metamodel beyond the middle of the sources, as a share of the distance; 0 trusts it.
        folds: in which sources are left out; whole groups of kin stay together.
    """

    sample: str = "aipw"
    regressor: str = "ridge"
    features: str = "auto"
    distrust: float = 1 / 3
    folds: int = 5
    sample_: AIPW | Mean = field(init=False, repr=False, compare=False)
    metamodel_: Signature | None = field(init=False, repr=False, compare=False)
    moments_: ErrorMoments = field(init=False, repr=False, compare=False)
    variance_: float = field(init=False, repr=False, compare=False)
    middle_: Float64Array = field(init=False, repr=False, compare=False)
    line_: Float64Array = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._new_metamodel()
        if self.sample not in SAMPLES:
            raise MethodOptionError(
                f"estimator fusion: option sample is one of {', '.join(SAMPLES)}, not {self.sample!r}"
            )
        if not 0 <= self.distrust < np.inf:
            raise MethodOptionError(f"estimator fusion: option distrust must be 0 or more, not {self.distrust}")
        if self.folds < 2:
            raise MethodOptionError(f"estimator fusion: option folds must be at least 2, not {self.folds}")

    @property
    def needs(self) -> frozenset[str]:
        """Anchors drawn at random; AIPW needs all answers besides."""
        return frozenset({"inclusion", "complete"} if self.sample == "aipw" else {"inclusion"})

    @property
    def whole_matrix(self) -> bool:
        """Whether fitting reads more than the anchors: AIPW does."""
        return self.sample == "aipw"

    def _new_sample(self) -> AIPW | Mean:
        return SAMPLES[self.sample]()

    def _new_metamodel(self) -> Signature:
        return Signature(features=self.features, regressor=self.regressor)

    def fit(self, sources: ResponseMatrix, selection: Selection, rng: np.random.Generator) -> Self:
        """Fit both on all sources, and without a fold of them at a time to see their errors."""
        if selection.inclusion is None:
            raise NotApplicableError(
                "estimator fusion needs anchors drawn at random with known inclusion probabilities"
            )
        part = scored(sources.part(selection.items))
        groups = kin(part) if part.n_models else np.zeros(0, dtype=np.int64)
        self.sample_ = self._new_sample().fit(sources, selection, rng)
        self.metamodel_ = None
        self.line_ = self._line(part, groups)
        if len(np.unique(groups)) >= FEWEST_GROUPS:
            self.metamodel_ = self._new_metamodel().fit(sources, selection, rng)
            self._learn_shares(sources.subset(models=part.models.index), selection, groups, rng)
        return self

    def _line(self, sources: ResponseMatrix, groups: IntArray) -> Float64Array:
        """(2,) intercept and slope that put sample means on the scale of full scores."""
        stood_for = float(np.sum(sources.shares[SCORE].to_numpy() / self.sample_.inclusion_))
        if self.whole_matrix or not groups.size or stood_for > WHOLE:
            return np.array([0.0, 1.0])
        weights = group_weights(groups)
        sample = self.sample_.predict(sources)[SCORE].to_numpy(dtype=np.float64)
        truth = sources.full_scores.to_numpy(dtype=np.float64)
        about, noise = sample - weights @ sample, self.sample_.design_standard_error(sources).to_numpy() ** 2
        variance, slope = float(weights @ about**2), 1.0
        if len(np.unique(groups)) >= FEWEST_GROUPS and variance > 0:
            real = max(variance - float(weights @ np.nan_to_num(noise)), LEAST_RELIABILITY * variance)
            slope = float(weights @ (about * truth)) / real
        return np.array([weights @ truth - slope * (weights @ sample), slope])

    def _sampled(self, models: ResponseMatrix) -> pd.DataFrame:
        """The sample estimate, on the scale of full scores."""
        return self._on_line(self.sample_.predict(models))

    def _on_line(self, sample: pd.DataFrame) -> pd.DataFrame:
        return sample.assign(**{SCORE: self.line_[0] + self.line_[1] * sample[SCORE]})

    def _learn_shares(
        self, sources: ResponseMatrix, selection: Selection, groups: IntArray, rng: np.random.Generator
    ) -> None:
        shape = (sources.n_models, len(self.sample_.answered_.outputs))
        sample, model, variance = np.empty(shape), np.empty(shape), np.empty(shape[0])
        for held_out in group_folds(groups, self.folds, rng):
            others = sources.subset(models=sources.models.index[~held_out])
            targets = sources.subset(models=sources.models.index[held_out])
            fitted = self._new_sample().fit(others, selection, rng)
            sample[held_out] = self._on_line(fitted.predict(targets))
            variance[held_out] = fitted.design_standard_error(targets) ** 2
            model[held_out] = self._new_metamodel().fit(others, selection, rng).predict(targets)
        truth, weights = sources.totals().to_numpy(dtype=np.float64), group_weights(groups)
        self.moments_ = ErrorMoments.of(truth, sample, model, weights)
        self.variance_ = float(weights @ variance)
        self.middle_ = np.quantile(self._leads(sources), MIDDLE)

    def predict(self, targets: ResponseMatrix) -> pd.DataFrame:
        """The mixture; where the metamodel knows nothing of a subject, the sample estimate."""
        sample = self._sampled(targets)
        if self.metamodel_ is None:
            return sample
        model = self.metamodel_.predict(targets)
        share = self.sample_shares(targets)
        return (share * sample + (1.0 - share) * model).where(model.notna(), sample)

    def sample_shares(self, targets: ResponseMatrix) -> pd.DataFrame:
        """Share of the sample estimate in each output, a row a target; the rest is the metamodel's."""
        index, columns = targets.models.index, list(self.sample_.answered_.outputs)
        if self.metamodel_ is None:
            return pd.DataFrame(1.0, index, columns)
        distance = self.distrust * self._beyond(self._leads(targets))
        return pd.DataFrame(self.moments_.sample_share(self._scale(targets), distance**2), index, columns)

    def _scale(self, targets: ResponseMatrix) -> Float64Array:
        """(targets,) design variance in units of the sources' mean one; 1 where either is not known."""
        if not self.variance_ > 0:
            return np.ones(targets.n_models)
        own = self.sample_.design_standard_error(targets).to_numpy(dtype=np.float64) ** 2 / self.variance_
        anchors = len(self.sample_.answered_.anchors)
        scale = (anchors * own + PRIOR_ANCHORS) / (anchors + PRIOR_ANCHORS)
        return np.asarray(np.where(np.isnan(scale), 1.0, scale), dtype=np.float64)

    def _beyond(self, leads: Float64Array) -> Float64Array:
        """(models,) how far anchor means lie beyond the sources' middle, in score units; 0 without an answer."""
        low, high = self.middle_
        return np.asarray(np.nan_to_num(np.maximum(np.maximum(low - leads, leads - high), 0.0)), dtype=np.float64)

    def _leads(self, models: ResponseMatrix) -> Float64Array:
        answered = self.sample_.answered_
        return answered.leads(answered.signatures(models))

    def state(self) -> State:
        """Both estimators, the moments of their errors and where the sources' middle is."""
        sample = {**prefixed(sample=self.sample_.state()), "line": self.line_}
        if self.metamodel_ is None:
            return sample
        parts = prefixed(metamodel=self.metamodel_.state(), moments=self.moments_.state())
        return {**sample, **parts, "variance": np.array([self.variance_]), "middle": self.middle_}

    def from_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """Restore what `state` describes."""
        self.sample_ = self._new_sample().from_state(part_of(state, "sample"))
        self.metamodel_, self.line_ = None, np.array(state["line"], dtype=np.float64)
        if "middle" in state:
            self.metamodel_ = self._new_metamodel().from_state(part_of(state, "metamodel"))
            self.moments_ = ErrorMoments.from_state(part_of(state, "moments"))
            self.variance_ = float(state["variance"][0])
            self.middle_ = np.array(state["middle"], dtype=np.float64)
        return self
