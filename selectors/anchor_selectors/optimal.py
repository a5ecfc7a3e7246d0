"""Greedy Bayesian optimal design: the items after which the full score is least uncertain (ours).

Takes the source models' item scores for draws of a Gaussian with their mean and shrunk covariance, and adds one item at
a time: the one that most reduces the posterior variance of the full score. Unlike a ranking by disagreement it sees
redundancy: an item that repeats an anchor has little left to tell. It assumes that targets vary as the sources do.
Anchors are picked for a regression on the signature (`bayes_linear` reads them under the same Gaussian); their plain
mean is no estimate, so no weights are given.

With few source models the covariance is mostly chance, and greedy choice chases it. Against that stands a prior belief
that equally hard items are alike, worth `prior_groups` groups of models: under it alone the design is random,
stratified by difficulty, and the more groups there are the more their covariance decides. Measured in
`results/published/optimal.md`, as ratio to the error of random anchors, greed alone first: with 10 groups and k = 40
1.02 and 0.90 on pocket, 1.08 and 0.93 on livebench, 1.19 and 1.19 on truthfulqa; with 100 groups 0.84 and 0.84 on
truthfulqa, 0.80 and 0.81 on winogrande. On benchmarks that had no part in setting `prior_groups`, with 13 to 15 groups
and k = 100, points of error: mmlu_options 1.9 (greed alone 3.0, random 2.7), cosmosqa_options 2.9 (5.4, 2.6),
mmlu_pro_cot 3.3 (4.4, 2.8); with 110 to 230 source models: arc 1.6 (1.5, 2.2), musr 1.05 (1.03, 1.61), ifeval 1.9 (1.9,
2.3). So with a dozen groups it may still be behind random anchors, above all where whole families are new to it. Below
ten groups cross-validation is guesswork, and shrinkage is fixed.

Tried and left out: a share of greedy anchors and the rest drawn at random, anchors from bootstrap draws of the groups,
pooling chosen by cross-validation (with and without a rule of one standard error), few factors instead of the whole
covariance, strata by subject, groups that count the same, probabilities of the key instead of scores: in 8 to 10 draws
of the groups none was better by more than noise, some were clearly worse. Swaps gain nothing on models not seen.

The posterior variance in `details` is the model's own belief, optimistic after greedy choice; it is no error to quote.
Costs O(models x items) an anchor: 1.2 s for 400 models, 10,000 items and 100 anchors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array, FloatArray, IntArray
from anchoreval.errors import MethodOptionError, NotApplicableError
from anchoreval.methods import Selection
from anchoreval.numerics.design_tuning import Setting, left_out_errors, moments_by_difficulty
from anchoreval.numerics.optimal_design import Design, greedy_design
from anchoreval.numerics.score_weights import score_weights
from anchoreval.responses import SCORE, ResponseMatrix
from anchoreval.tables import base_model_codes

SHRINKAGES = (0.9, 0.6, 0.3, 0.1, 0.03)
"""Tried by cross-validation; of equal errors the strongest is taken."""

LEAST_NOISE = 1e-6
"""Below it, what is left to know drowns in rounding."""

FEWEST_GROUPS = 10
"""With fewer groups of source models cross-validation is guesswork, and shrinkage is `FIXED`."""

FIXED = 0.3
"""In trials with 4 and 9 groups the error depends little on it between 0.03 and 0.6, and grows above."""

DRAWS_A_STRATUM, MOST_STRATA = 5, 50
"""As many bands of difficulty as give five anchors to each, but no more than this."""


@dataclass
class Optimal:
    """Greedy choice of the k items that leave the least posterior variance of the full score.

    The seed deals out the folds of the cross-validation and decides ties. `prior_groups` was set on pocket, livebench,
    truthfulqa, winogrande and simulations: 5 had 5 % less error than 20 in two of 14 trials (with 30 and 100 groups)
    and the same on average, 80 had more in one. The rest was set before there was that belief, on truthfulqa,
    winogrande, mmlu and cosmosqa: noise between 0.01 and 0.1 made no difference that is resolved, cross-validated
    shrinkage had 4 % less error than 0.5.

    Attributes:
        prior_groups: how many groups of source models the prior belief is worth that equally hard items are alike:
            with G groups, pooling is prior_groups / (prior_groups + G). 0: no such belief.
        pooling: that share itself, from 0 to 1; None: from `prior_groups`. With 1 the design is random, stratified by
            difficulty.
        noise: variance of an answer that no other item shares, added to every item, in units of the mean item variance.
        shrinkage: how far the empirical covariance is pulled to its diagonal, from 0 to 1; None: chosen by
            cross-validation inside the source models, models of one `base_model` leaving together.
        swaps: passes over the anchors afterwards, in which each is replaced where another item does better instead.
        cost_aware: count the reduction of variance per `items.cost`, so that cheap items come first.
    """

    prior_groups: float = 10.0
    pooling: float | None = None
    noise: float = 0.03
    shrinkage: float | None = None
    swaps: int = 0
    cost_aware: bool = False
    reconstruction: ClassVar[Mapping[str, Any]] = {"name": "bayes_linear"}
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset({"complete"})

    def __post_init__(self) -> None:
        if not (self.noise >= LEAST_NOISE and np.isfinite(self.noise)):
            raise MethodOptionError(f"noise = {self.noise} is not a number of at least {LEAST_NOISE:g}")
        if not 0 <= self.prior_groups < np.inf:
            raise MethodOptionError(f"prior_groups = {self.prior_groups} is not a number of at least 0")
        for option in ("pooling", "shrinkage"):
            if (value := getattr(self, option)) is not None and not 0 <= value <= 1:
                raise MethodOptionError(f"{option} = {value} is not between 0 and 1")
        if isinstance(self.swaps, bool) or not isinstance(self.swaps, int) or self.swaps < 0:
            raise MethodOptionError(f"swaps = {self.swaps} is not a number of passes, 0 or more")

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        """Take k items one by one.

        Raises:
            NotApplicableError: `cost_aware` without item costs that are all positive.
        """
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        costs = self._costs(sources)
        order = rng.permutation(sources.n_items)  # of equal items the first is taken: not always the lower id
        groups = base_model_codes(sources.models)
        scores, weights = sources.scores[:, order], _aim(sources, groups)[order]
        # thousands of thin products: threads that wait for each other cost more than they give
        with threadpool_limits(1):
            setting, errors = self._setting(scores, weights, groups, k, rng)
            covariance = setting.of(moments_by_difficulty(scores, _n_strata(k)))
            price = None if costs is None else costs[order]
            design = greedy_design(covariance, weights, k, costs=price, swaps=self.swaps)
        details = {**vars(setting), "groups": len(np.unique(groups)), "held_out_rmse": errors}
        return Selection(items=sources.items.index[order[design.items]], details={**details, **_path(design)})

    def _setting(
        self, scores: FloatArray, weights: Float64Array, groups: IntArray, k: int, rng: np.random.Generator
    ) -> tuple[Setting, dict[str, float]]:
        """What the options say, or cross-validation prefers; and the held-out error of each shrinkage tried."""
        n_groups = len(np.unique(groups))
        pooling = self.prior_groups / (self.prior_groups + n_groups) if self.pooling is None else self.pooling
        tried = SHRINKAGES if self.shrinkage is None else (self.shrinkage,)
        if self.shrinkage is None and (n_groups < FEWEST_GROUPS or k == len(weights) or pooling == 1):
            tried = (FIXED,)  # nothing to choose with, or for
        settings = [Setting(float(shrinkage), float(self.noise), float(pooling)) for shrinkage in tried]
        if len(settings) == 1:
            return settings[0], {}
        errors = left_out_errors(scores, weights, groups, k, settings, rng, _n_strata(k))
        by_shrinkage = dict(zip(map(str, tried), np.sqrt(errors).tolist(), strict=True))
        return settings[int(np.argmin(errors))], by_shrinkage

    def _costs(self, sources: ResponseMatrix) -> Float64Array | None:
        if not self.cost_aware:
            return None
        if "cost" not in sources.items:
            raise NotApplicableError(
                f"selector optimal with cost_aware=True needs item costs (items.cost); "
                f"benchmark {sources.name} has none"
            )
        costs = pd.to_numeric(sources.items["cost"], errors="coerce").to_numpy(dtype=np.float64)
        wrong = ~(np.isfinite(costs) & (costs > 0))
        if wrong.any():
            item = sources.items.index[wrong][0]
            raise NotApplicableError(f"selector optimal with cost_aware=True: item {item!r} has no positive cost")
        return costs


def _aim(sources: ResponseMatrix, groups: IntArray) -> Float64Array:
    """(items,) weights of the sum to be known: the benchmark's, or of a part of it what predicts the full score."""
    if sources.coverage.get(SCORE, 1.0) >= 1.0:
        return sources.weights
    return score_weights(sources.scores, np.asarray(sources.full_scores, dtype=np.float64), groups)[0]


def _n_strata(k: int) -> int:
    return max(1, min(k // DRAWS_A_STRATUM, MOST_STRATA))


def _path(design: Design) -> dict[str, Any]:
    """The posterior variance of the full score before the first item and after each, and after the swaps."""
    return {
        "posterior_variance": design.variances.tolist(),
        "posterior_variance_refined": design.refined,
        "swapped": design.swapped,
    }
