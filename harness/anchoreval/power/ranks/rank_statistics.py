"""The stepdown engine behind rank confidence sets: largest studentised differences over families of ordered pairs.

A hypothesis is an ordered pair (j, k): "theta_j is at most theta_k". It is rejected where (theta_j - theta_k) / sd_jk,
of the estimates, exceeds the critical value, the `level` quantile over draws Z ~ N(0, Sigma) of the largest
(Z_j - Z_k) / sd_jk over the pairs of the family. Rejected pairs leave the family and the quantile falls, until nothing
new is rejected: the probability of one false rejection or more stays at most 1 - level, ties of true values included.

Cost: O(draws x pairs) once. Later steps look only at draws whose largest difference may still exceed the quantile: a
maximum over fewer pairs is never larger, so that the maxima of the step before are upper bounds, and draws are gone
through from the largest bound down until the next bound lies below the quantile of those seen. That is exact.

Source: Mogstad, Romano, Shaikh and Wilhelm, Inference for ranks with applications to mobility across neighbourhoods and
academic achievement across countries, Review of Economic Studies 91 (2024), section 3; stepdown: Romano and Wolf,
Exact and approximate stepdown methods for multiple hypothesis testing, JASA 100 (2005). The order of the draws is ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import BoolArray, Float32Array, Float64Array, IntArray
from anchoreval.errors import MethodOptionError, ResponseDataError

BLOCK = 512
"""Draws worked on at a time: a block of 400 models is 0.8 MB, which stays in a processor's cache."""
SAME = 1e-9
"""A difference whose variance is below this share of the two variances' sum has no error: the two are one model."""
INDEFINITE = 1e-6
"""Negative eigenvalues up to this share of the largest are rounding; beyond it a matrix is no covariance."""
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class PairFamily:
    """Ordered pairs under test, each unordered pair stored once, beside one of its two models (the hub).

    Attributes:
        hubs: (hubs,) positions of models.
        ahead: (hubs, models) whether "the hub is at most the model" is tested: rejected, the hub is better.
        behind: (hubs, models) whether "the model is at most the hub" is tested: rejected, the hub is worse.
    """

    hubs: IntArray
    ahead: BoolArray
    behind: BoolArray

    def without(self, ahead: BoolArray, behind: BoolArray) -> PairFamily:
        """The family less rejected pairs."""
        return PairFamily(self.hubs, self.ahead & ~ahead, self.behind & ~behind)


@dataclass(frozen=True, eq=False)
class Stepdown:
    """What a stepdown found.

    Attributes:
        critical: critical value of the last step, in standard errors.
        steps: number of times it was computed.
        ahead: (hubs, models) the hub is surely better than the model.
        behind: (hubs, models) the hub is surely worse.
    """

    critical: float
    steps: int
    ahead: BoolArray
    behind: BoolArray


@dataclass(frozen=True, eq=False)
class StudentisedPairs:
    """Estimates compared in units of the standard error of their differences. Made by `studentise`.

    Attributes:
        scale: (models, models) 1 / sd_jk; 0 where a difference has no error.
        statistics: (models, models) (theta_j - theta_k) / sd_jk. Where a difference has no error it is 0 (one model
            under two names: a tie for ever), or infinite if both scores are known without error and differ.
        draws: (models, draws) of Z, less their mean over the models, which no difference contains.
    """

    scale: Float64Array
    statistics: Float64Array
    draws: Float32Array


def all_pairs(count: int) -> PairFamily:
    """Every ordered pair of `count` models."""
    above = np.triu(np.ones((count, count), dtype=np.bool_), k=1)
    return PairFamily(np.arange(count), above, above)


def pairs_with(model: int, count: int, ahead: bool = True, behind: bool = True) -> PairFamily:
    """The ordered pairs of one model with every other: those that it may be better in, worse in, or both."""
    others = (np.arange(count) != model)[None, :]
    return PairFamily(np.array([model]), others & ahead, others & behind)


def studentise(
    estimates: Float64Array, covariance: Float64Array, draws: int, seed: int, degrees_of_freedom: float | None
) -> StudentisedPairs:
    """Differences in standard errors, and draws of what chance makes of them.

    Args:
        estimates: (models,).
        covariance: (models, models) of the estimates' errors.
        draws: number of draws.
        seed: of the draws.
        degrees_of_freedom: with which the covariance's size was estimated; None: known. Draws are then multivariate t.

    Raises:
        ResponseDataError: the covariance is not positive semi-definite.
    """
    variance = np.diag(covariance)
    of_difference = variance[:, None] + variance - 2.0 * covariance
    resolved = of_difference > SAME * (variance[:, None] + variance)
    scale = np.where(resolved, 1.0 / np.sqrt(np.where(resolved, of_difference, 1.0)), 0.0)
    difference = estimates[:, None] - estimates
    known = (variance[:, None] + variance == 0.0) & (np.abs(difference) > ROUNDING)
    statistics = np.where(known, np.copysign(np.inf, difference), difference * scale)
    return StudentisedPairs(scale, statistics, _draws(covariance, draws, seed, degrees_of_freedom))


def stepdown(pairs: StudentisedPairs, family: PairFamily, level: float, repeat: bool = True) -> Stepdown:
    """Reject what can be rejected with probability at most 1 - level of one error or more.

    Args:
        pairs: made by `studentise`.
        family: hypotheses under test.
        level: in (0.5, 1).
        repeat: whether to go on with the pairs that are left; else one step.

    Raises:
        MethodOptionError: there are too few draws for the level.
    """
    top = _top(pairs.draws.shape[1], level)
    bounds = np.full(pairs.draws.shape[1], np.inf)
    ahead, behind = np.zeros_like(family.ahead), np.zeros_like(family.behind)
    statistics = pairs.statistics[family.hubs]
    tested, steps, before, critical = int(family.ahead.sum() + family.behind.sum()), 0, -1, 0.0
    while before < (rejected := int(ahead.sum() + behind.sum())) < tested and (repeat or not steps):
        critical = _tightened(bounds, top, pairs, family.without(ahead, behind))
        ahead, behind = family.ahead & (statistics > critical), family.behind & (statistics < -critical)
        before, steps = rejected, steps + 1
    return Stepdown(critical, steps, ahead, behind)


def largest_differences(draws: Float32Array, scale: Float64Array, family: PairFamily) -> Float64Array:
    """(draws,) largest (Z_j - Z_k) / sd_jk over the ordered pairs of a family, at least 0.

    Args:
        draws: (models, draws) of Z.
        scale: (models, models) 1 / sd_jk.
        family: the pairs.
    """
    largest = np.zeros(draws.shape[1], dtype=np.float32)
    rows = _rows(family, scale)
    for start in range(0, draws.shape[1], BLOCK):
        block, part = np.ascontiguousarray(draws[:, start : start + BLOCK]), largest[start : start + BLOCK]
        for row in rows:
            row.raise_to_largest(block, part)
    return largest.astype(np.float64)


@dataclass(frozen=True, eq=False)
class _Row:
    """Pairs of one hub: models compared with it, 1 / sd_jk of each as a column, and the orders under test."""

    hub: int
    models: slice | IntArray
    size: Float32Array
    ahead: bool
    behind: bool

    def raise_to_largest(self, block: Float32Array, largest: Float32Array) -> None:
        """Raise (draws,) maxima in place; both orders come from one difference."""
        difference = block[self.hub] - block[self.models]
        difference *= self.size
        if self.ahead:
            np.maximum(largest, difference.max(axis=0), out=largest)
        if self.behind:
            np.maximum(largest, -difference.min(axis=0), out=largest)


def _rows(family: PairFamily, scale: Float64Array) -> list[_Row]:
    rows = []
    for hub, ahead, behind in zip(family.hubs.tolist(), family.ahead, family.behind, strict=True):
        tested = scale[hub] > 0.0
        for first, second in ((True, True), (True, False), (False, True)):
            models = np.flatnonzero(tested & (ahead == first) & (behind == second))
            if len(models):
                size = scale[hub, models, None].astype(np.float32)
                rows.append(_Row(hub, _as_slice(models), size, first, second))
    return rows


def _as_slice(positions: IntArray) -> slice | IntArray:
    """A slice where positions follow each other: it takes no copy."""
    first, last = int(positions[0]), int(positions[-1])
    return slice(first, last + 1) if last - first + 1 == len(positions) else positions


def _draws(covariance: Float64Array, draws: int, seed: int, degrees_of_freedom: float | None) -> Float32Array:
    """(models, draws) multivariate normal or t, centred over the models so that single precision loses nothing."""
    rng = np.random.default_rng(seed)
    found = _root(covariance) @ rng.standard_normal((len(covariance), draws))
    found -= found.mean(axis=0)
    if degrees_of_freedom is not None:
        found /= np.sqrt(rng.chisquare(degrees_of_freedom, draws) / degrees_of_freedom)
    return found.astype(np.float32)


def _root(covariance: Float64Array) -> Float64Array:
    """A matrix whose product with its transpose is the covariance."""
    values, vectors = np.linalg.eigh(covariance)
    if values[0] < -INDEFINITE * max(values[-1], 0.0):
        raise ResponseDataError(
            f"the covariance is not positive semi-definite: smallest eigenvalue {values[0]:g}, largest {values[-1]:g}"
        )
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)), dtype=np.float64)


def _top(draws: int, level: float) -> int:
    """How many of the largest maxima reach the critical value: the ceil((draws + 1) level)-th smallest is it."""
    top = draws + 1 - int(np.ceil((draws + 1) * level - ROUNDING))
    if top < 1:
        raise MethodOptionError(f"{draws} draws are too few for level {level:g}: at least {level / (1 - level):.0f}")
    return top


def _tightened(bounds: Float64Array, top: int, pairs: StudentisedPairs, family: PairFamily) -> float:
    """The `top`-th largest maximum over a family, given upper bounds of all maxima, which are tightened in place."""
    order = np.argsort(-bounds, kind="stable")
    chunk = max(2 * top, BLOCK) if np.isfinite(bounds[order[0]]) else len(order)
    for seen in range(0, len(order), chunk):
        some = order[seen : seen + chunk]
        bounds[some] = largest_differences(pairs.draws[:, some], pairs.scale, family)
        critical = float(np.partition(bounds[order[: seen + chunk]], -top)[-top])
        if seen + chunk >= len(order) or critical >= bounds[order[seen + chunk]]:
            break
    return critical
