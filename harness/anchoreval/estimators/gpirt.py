"""gp-IRT: the weighted mean and p-IRT, mixed (tinyBenchmarks).

Z = lambda Z_w + (1 - lambda) Z_p, with Z_w the mean of the anchors under their selector's weights and Z_p p-IRT (see
`anchoreval.estimators.pirt`). The mean is noisy and cannot be misled by a model; p-IRT is steady and can. The mean term
is only as good as the weights: it needs a selector that gives some (clusters; random designs give them too), and is
refused for anchors that were picked for a regression.

lambda, for each output, is learnt on sources that neither the curves nor the mean have seen (`rule="held_out"`, ours):
curves are fitted anew without each fold of sources, whole groups of kin together, and lambda is the least-squares
weight, in [0, 1], of the two estimates of the models left out. The published formula (`rule="published"`) is
b^2 / (b^2 + v / (4 n)): b the mean error of the curves' prediction of odd items from even ones for models left out, v
the variance of item scores. It takes any anchors to halve the standard error of the mean, which holds for no design in
general; it is there for comparison. With one group of sources nothing can be left out, and lambda is 1.

Costs `folds` + 1 fits of the curves: about 5 seconds for 200 models and 1,000 items.

Source: Maia Polo et al., tinyBenchmarks (arXiv 2402.14992), section 3; the factor 4 is their code's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from anchoreval.arrays import BoolArray, Float64Array
from anchoreval.errors import MethodOptionError, NotApplicableError
from anchoreval.estimators.answered import State, scored
from anchoreval.estimators.flat_state import part_of, prefixed
from anchoreval.estimators.item_response import ItemResponse
from anchoreval.estimators.kinship import kin
from anchoreval.estimators.mixing import least_squares_share, published_share
from anchoreval.estimators.pirt import PIRT, checked_for
from anchoreval.estimators.weighted import Weighted
from anchoreval.methods import NEEDS, Selection
from anchoreval.numerics.additive import mean_over
from anchoreval.numerics.conformal import group_weights
from anchoreval.numerics.folds import group_folds
from anchoreval.numerics.response_curves import ResponseCurves
from anchoreval.responses import ResponseMatrix

RULES = ("held_out", "published")


@dataclass
class GPIRT:
    """Weighted mean of the anchors and p-IRT, mixed by what held-out sources say.

    Attributes:
        rule: `held_out` learns the mixture, `published` takes the paper's formula.
        folds: of the sources, for either rule.
        model: of the curves: 1pl, 2pl, 3pl or 4pl.
        dimensions: number of abilities; more than 1 goes with 2pl.
        share_: after fitting, (outputs,) lambda, the weight of the mean.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"weights"})
    whole_matrix: ClassVar[bool] = True
    rule: str = "held_out"
    folds: int = 5
    model: str = "2pl"
    dimensions: int = 1
    mean_: Weighted = field(init=False, repr=False, compare=False)
    response_: PIRT = field(init=False, repr=False, compare=False)
    share_: Float64Array = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        checked_for("gpirt", self.model, self.dimensions)
        if self.rule not in RULES:
            raise MethodOptionError(f"estimator gpirt: option rule is one of {', '.join(RULES)}, not {self.rule!r}")
        if self.folds < 2:
            raise MethodOptionError(f"estimator gpirt: option folds must be at least 2, not {self.folds}")

    def fit(self, sources: ResponseMatrix, selection: Selection, rng: np.random.Generator) -> Self:
        """Fit both parts, then the share of each on models left out.

        Raises:
            NotApplicableError: the anchors have no weights.
        """
        if selection.weights is None:
            raise NotApplicableError(f"estimator gpirt needs {NEEDS['weights']}")
        self.mean_, self.response_ = self._parts(sources, selection, rng)
        outputs = len(self.response_.response_.answered.outputs)
        folds = _folds(sources, selection, self.folds, rng)
        if len(folds) < 2:
            self.share_ = np.ones(outputs)
        elif self.rule == "held_out":
            self.share_ = self._learnt(sources, selection, folds, rng)
        else:
            self.share_ = self._published(sources, selection, folds)
        return self

    def _parts(self, sources: ResponseMatrix, selection: Selection, rng: np.random.Generator) -> tuple[Weighted, PIRT]:
        response = PIRT(model=self.model, dimensions=self.dimensions)
        return Weighted().fit(sources, selection, rng), response.fit(sources, selection, rng)

    def _learnt(
        self, sources: ResponseMatrix, selection: Selection, folds: list[BoolArray], rng: np.random.Generator
    ) -> Float64Array:
        """Least squares of the truth on both estimates of models left out, every group of kin counting once."""
        totals = sources.totals().to_numpy(dtype=np.float64)
        means, responses = np.full_like(totals, np.nan), np.full_like(totals, np.nan)
        for held_out in folds:
            seen, unseen = _divided(sources, held_out)
            mean, response = self._parts(seen, selection, rng)
            means[held_out] = mean.predict(unseen).to_numpy()
            responses[held_out] = response.predict(unseen).to_numpy()
        known = np.any(folds, axis=0)
        weights = np.zeros(len(totals))
        weights[known] = group_weights(kin(sources.part(selection.items).subset(models=sources.models.index[known])))
        return least_squares_share(totals, means, responses, weights)

    def _published(self, sources: ResponseMatrix, selection: Selection, folds: list[BoolArray]) -> Float64Array:
        """The paper's formula, for each output."""
        even, odd = slice(0, None, 2), slice(1, None, 2)
        shares = _shares(sources)
        errors = np.full((sources.n_models, shares.shape[1]), np.nan)
        for held_out in folds:
            seen, unseen = _divided(sources, held_out)
            curves = ResponseCurves.fit(seen.scores, self.model, self.dimensions)
            ability = curves.take(even).abilities(unseen.scores[:, even])
            expected = curves.take(odd).expected(ability)
            errors[held_out] = np.abs(_weighted(expected - unseen.scores[:, odd], shares[odd]))
        spread = _weighted(sources.scores**2.0, shares) - _weighted(sources.scores, shares) ** 2
        anchored = shares[sources.items.index.get_indexer(selection.items)]
        return published_share(
            mean_over(errors, axis=0), mean_over(spread, axis=0), (anchored > 0).sum(axis=0).astype(np.float64)
        )

    def predict(self, targets: ResponseMatrix) -> pd.DataFrame:
        """The mixture; p-IRT alone where the mean has nothing to say (a subject without anchors)."""
        mean, response = self.mean_.predict(targets), self.response_.predict(targets)
        mixed = mean * self.share_ + response * (1.0 - self.share_)
        return mixed.fillna(response).fillna(mean)

    def state(self) -> State:
        """Both parts and the shares."""
        return {**prefixed(mean=self.mean_.state(), response=self.response_.state()), "share": self.share_}

    def from_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """Restore what `state` describes."""
        self.mean_ = Weighted().from_state(part_of(state, "mean"))
        response = ItemResponse.from_state(part_of(state, "response"))
        self.response_ = PIRT(model=self.model, dimensions=self.dimensions)
        self.response_.response_ = response
        self.share_ = np.asarray(state["share"], dtype=np.float64)
        return self


def _folds(sources: ResponseMatrix, selection: Selection, folds: int, rng: np.random.Generator) -> list[BoolArray]:
    """(models,) masks of the sources that each fold holds out, whole groups of kin; models without a truth in none."""
    part = scored(sources.part(selection.items))
    if not part.n_models:
        return []
    known = sources.models.index.isin(part.models.index)
    masks = []
    for held_out in group_folds(kin(part), folds, rng):
        mask = np.zeros(sources.n_models, dtype=np.bool_)
        mask[known] = held_out
        masks.append(mask)
    return masks


def _divided(sources: ResponseMatrix, held_out: BoolArray) -> tuple[ResponseMatrix, ResponseMatrix]:
    models = sources.models.index
    return sources.subset(models=models[~held_out]), sources.subset(models=models[held_out])


def _shares(sources: ResponseMatrix) -> Float64Array:
    """(items, outputs) weights of the items; those of the score are the items' own where it was measured elsewhere."""
    shares = np.array(sources.shares.to_numpy(), dtype=np.float64)
    shares[:, 0] = sources.weights
    return shares


def _weighted(values: Any, shares: Float64Array) -> Float64Array:
    """(models, outputs) weighted mean over the (models, items) values that are there; NaN where none is."""
    there = ~np.isnan(values)
    total = there @ shares
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(total > 0, np.where(there, values, 0.0) @ shares / total, np.nan))
