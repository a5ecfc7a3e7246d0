"""Greedy Bayesian optimal design: the items after which the full score is least uncertain (ours).

Takes the source models' item scores for draws of a Gaussian with their mean and shrunk covariance, and adds one item at
a time: the one that most reduces the posterior variance of the full score. Unlike a ranking by disagreement it sees
redundancy: an item that repeats an anchor has little left to tell. It assumes that targets vary as the sources do.
Anchors are picked for a regression on the signature; their plain mean is no estimate, so no weights are given.

With few source models the covariance is mostly chance, and greedy choice chases it. Below ten independent groups the
method still answers, with a fixed shrinkage, but random or stratified designs are safer there. They are also safer with
a dozen groups or two where k is larger than that: in our trials with about 13 groups, k = 100 and the signature
estimator (cosmosqa and mmlu with option probabilities), random anchors had 0.6 and 0.8 times its error. With 110 groups
or more it was ahead of random anchors on every benchmark tried.
The posterior variance in `details` is the model's own belief, optimistic after greedy choice; it is no error to quote.
Costs O(models x items) an anchor: about a second for 400 models, 10,000 items and 100 anchors.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.errors import MethodOptionError, NotApplicableError
from anchoreval.methods import Selection
from anchoreval.numerics.design_tuning import left_out_errors
from anchoreval.numerics.item_covariance import ItemMoments
from anchoreval.numerics.optimal_design import Design, greedy_design
from anchoreval.responses import ResponseMatrix
from anchoreval.tables import base_model_codes

SHRINKAGES = (0.9, 0.6, 0.3, 0.1, 0.03)
"""Tried by cross-validation; of equal errors the strongest is taken."""

LEAST_NOISE = 1e-6
"""Below it, what is left to know drowns in rounding."""

FEWEST_GROUPS = 10
"""With fewer groups of source models cross-validation is guesswork, and shrinkage is `FIXED`."""

FIXED = 0.3
"""In trials with 4 and 9 groups the error depends little on it between 0.03 and 0.6, and grows above."""


@dataclass
class Optimal:
    """Greedy choice of the k items that leave the least posterior variance of the full score.

    The seed deals out the folds of the cross-validation and decides ties. Defaults were set on truthfulqa, winogrande,
    mmlu and cosmosqa: noise between 0.01 and 0.1 made no difference that is resolved, cross-validated shrinkage had 4 %
    less error than 0.5, and swaps gained nothing on models not seen.

    Attributes:
        noise: variance of an answer that no other item shares, added to every item, in units of the mean item variance.
        shrinkage: how far the empirical covariance is pulled to its diagonal, from 0 to 1; None: chosen by
            cross-validation inside the source models, models of one `base_model` leaving together.
        swaps: passes over the anchors afterwards, in which each is replaced where another item does better instead.
        cost_aware: count the reduction of variance per `items.cost`, so that cheap items come first.
    """

    noise: float = 0.03
    shrinkage: float | None = None
    swaps: int = 0
    cost_aware: bool = False
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset({"complete"})

    def __post_init__(self) -> None:
        if not (self.noise >= LEAST_NOISE and np.isfinite(self.noise)):
            raise MethodOptionError(f"noise = {self.noise} is not a number of at least {LEAST_NOISE:g}")
        if self.shrinkage is not None and not 0 <= self.shrinkage <= 1:
            raise MethodOptionError(f"shrinkage = {self.shrinkage} is not between 0 and 1")
        if isinstance(self.swaps, bool) or not isinstance(self.swaps, int) or self.swaps < 0:
            raise MethodOptionError(f"swaps = {self.swaps} is not a number of passes, 0 or more")

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        """Take k items one by one.

        Raises:
            NotApplicableError: `cost_aware` without item costs that are all positive.
        """
        costs = self._costs(sources)
        order = rng.permutation(sources.n_items)  # of equal items the first is taken: not always the lower id
        scores, weights = sources.scores[:, order], sources.weights[order]
        groups = base_model_codes(sources.models)
        shrinkage, errors = self._shrinkage(scores, weights, groups, k, rng)
        covariance = ItemMoments.of(scores).shrunk(shrinkage, self.noise)
        design = greedy_design(covariance, weights, k, costs=None if costs is None else costs[order], swaps=self.swaps)
        details = {"shrinkage": shrinkage, "noise": float(self.noise), "groups": len(np.unique(groups))}
        return Selection(
            items=sources.items.index[order[design.items]],
            details={**details, "held_out_rmse": errors, **_path(design)},
        )

    def _shrinkage(
        self, scores: Any, weights: Float64Array, groups: IntArray, k: int, rng: np.random.Generator
    ) -> tuple[float, dict[str, float]]:
        """The option, or what cross-validation prefers; and the held-out error of each value tried."""
        if self.shrinkage is not None:
            return float(self.shrinkage), {}
        if len(np.unique(groups)) < FEWEST_GROUPS or k == len(weights):  # with all items there is nothing to tell
            return FIXED, {}
        settings = list(product(SHRINKAGES, (self.noise,)))
        errors = left_out_errors(scores, weights, groups, k, settings, rng)
        by_shrinkage = dict(zip(map(str, SHRINKAGES), np.sqrt(errors).tolist(), strict=True))
        return SHRINKAGES[int(np.argmin(errors))], by_shrinkage

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


def _path(design: Design) -> dict[str, Any]:
    """The posterior variance of the full score before the first item and after each, and after the swaps."""
    return {
        "posterior_variance": design.variances.tolist(),
        "posterior_variance_refined": design.refined,
        "swapped": design.swapped,
    }
