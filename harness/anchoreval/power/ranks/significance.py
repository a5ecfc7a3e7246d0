"""Whether a compressed benchmark finds the differences that the full one finds: significance preservation.

Rank correlation rewards getting order right between models that no test tells apart. Here every pair is decided twice,
by the full benchmark and by the compressed one, each with its own test and direction. Recall is the share of the full
benchmark's significant differences that the compressed one finds too, precision the share of its own that the full one
has; pairs found in opposite directions count against both.

| | both significant | one of the two | neither |
|---|---|---|---|
| same direction | AA | MA | PA |
| opposite | AD | MD | PD |

Pairs share models: the interval of recall comes from drawing models (groups of them) with replacement, with the pairs
they make. Where that says nothing because recall is 0 or 1 in every draw, it is the exact binomial one for as many
pairs as can be disjoint.

Source: counts of active, mixed and passive (dis)agreements are those used for test collections in information
retrieval; to judge by significant differences kept, not by rank correlation: How Discriminative Are Your Qrels? (arXiv
2308.09340). The interval is ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array
from anchoreval.errors import ResponseDataError
from anchoreval.numerics.crossed_bootstrap import multiplicities
from anchoreval.power.inference.pair_tests import PairDecisions
from anchoreval.power.inputs import check_at_least, check_open_unit

TIED = 1e-9
"""Differences below this have no direction: such a pair counts half as same, half as opposite."""


@dataclass(frozen=True)
class SignificancePreservation:
    """Pairs by what the full and the compressed benchmark say of them.

    Attributes:
        aa: significant in both, same direction.
        ad: significant in both, opposite directions.
        missed: significant in the full benchmark alone.
        extra: significant in the compressed one alone.
        ma: significant in exactly one, same direction.
        md: significant in exactly one, opposite directions.
        pa: significant in neither, same direction.
        pd: significant in neither, opposite directions.
        recall_lower: lower end of the interval of recall; NaN where the full benchmark finds nothing.
        recall_upper: upper end.
        level: of that interval.
    """

    aa: float
    ad: float
    missed: float
    extra: float
    ma: float
    md: float
    pa: float
    pd: float
    recall_lower: float
    recall_upper: float
    level: float

    @property
    def recall(self) -> float:
        """Share of the full benchmark's significant pairs found, in the right direction; NaN where it has none."""
        return _ratio(self.aa, self.aa + self.ad + self.missed)

    @property
    def precision(self) -> float:
        """Share of the compressed benchmark's significant pairs that the full one has too; NaN where there are none."""
        return _ratio(self.aa, self.aa + self.ad + self.extra)

    @property
    def balanced_accuracy(self) -> float:
        """Mean of recall and of the share of the full benchmark's undecided pairs left undecided."""
        neither = self.pa + self.pd
        return (self.recall + _ratio(neither, neither + self.extra + self.ad)) / 2.0

    @property
    def mcc(self) -> float:
        """Matthews' correlation of the decisions; a pair found in the wrong direction is both missed and extra."""
        neither, missed, extra = self.pa + self.pd, self.missed + self.ad, self.extra + self.ad
        scale = (self.aa + extra) * (self.aa + missed) * (neither + extra) * (neither + missed)
        return _ratio(self.aa * neither - extra * missed, scale**0.5)


def significance_preservation(
    full: PairDecisions,
    compressed: PairDecisions,
    *,
    groups: Any = None,
    level: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> SignificancePreservation:
    """Compare two rules' decisions about all pairs of the same models.

    Args:
        full: decisions on the full benchmark (`all_pair_tests(...).decide(...)`).
        compressed: decisions of the compressed one, whatever they rest on.
        groups: (models,) labels of what is drawn as one; by default each model.
        level: of the interval of recall, in (0, 1).
        draws: bootstrap samples of models.
        seed: of the draws.

    Returns:
        Counts of pairs that both know something about (a difference that is not NaN), and figures from them.

    Raises:
        ResponseDataError: the decisions are not about as many models.
        MethodOptionError: an impossible level or number of draws.
    """
    check_open_unit("level", level)
    check_at_least("draws", draws, 1)
    count = len(full.difference)
    labels = np.arange(count) if groups is None else np.asarray(groups)
    shapes = {part.shape for rule in (full, compressed) for part in (rule.difference, rule.significant)}
    if shapes != {(count, count)} or labels.shape != (count,):
        raise ResponseDataError(f"decisions and groups are not about the same {count} models")
    counts = _counts(full, compressed)
    found, wanted = _found_and_wanted(full, compressed)
    lower, upper = _recall_interval(found, wanted, np.unique(labels, return_inverse=True)[1], level, draws, seed)
    return SignificancePreservation(**counts, recall_lower=lower, recall_upper=upper, level=level)


def _counts(full: PairDecisions, compressed: PairDecisions) -> dict[str, float]:
    pairs = np.triu_indices(len(full.difference), 1)
    known = ~np.isnan(full.difference[pairs]) & ~np.isnan(compressed.difference[pairs])
    first, second = (rule.significant[pairs][known] for rule in (full, compressed))
    same = _same_direction(full.difference[pairs][known], compressed.difference[pairs][known])
    kinds = {"a": first & second, "m": first != second, "p": ~first & ~second}
    counts = {f"{kind}a": float(same[cells].sum()) for kind, cells in kinds.items()}
    counts |= {f"{kind}d": float((1.0 - same[cells]).sum()) for kind, cells in kinds.items()}
    return counts | {"missed": float((first & ~second).sum()), "extra": float((second & ~first).sum())}


def _same_direction(first: Float64Array, second: Float64Array) -> Float64Array:
    """1 for the same direction, 0 for opposite ones, 1/2 where either has none."""
    directions = [np.where(np.abs(values) > TIED, np.sign(values), 0.0) for values in (first, second)]
    return np.asarray((1.0 + directions[0] * directions[1]) / 2.0, dtype=np.float64)


def _found_and_wanted(full: PairDecisions, compressed: PairDecisions) -> tuple[Float64Array, BoolArray]:
    """(models, models) how much of a significant pair is found, and the significant pairs of the full benchmark."""
    wanted = full.significant & ~np.isnan(full.difference) & ~np.isnan(compressed.difference)
    np.fill_diagonal(wanted, False)
    same = np.nan_to_num(_same_direction(full.difference, compressed.difference))
    return np.where(wanted & compressed.significant, same, 0.0), wanted


def _recall_interval(
    found: Float64Array, wanted: BoolArray, group: Any, level: float, draws: int, seed: int
) -> tuple[float, float]:
    if not wanted.any():
        return float("nan"), float("nan")
    number = int(group.max()) + 1
    times = multiplicities(number, draws, np.random.default_rng(seed))[:, group]
    hits, total = (np.einsum("dm,dm->d", times @ cells.astype(np.float64), times) for cells in (found, wanted))
    recalls = hits[total > 0.0] / total[total > 0.0]
    if recalls.size and np.ptp(recalls) > 0.0:
        lower, upper = np.quantile(recalls, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
        return float(lower), float(upper)
    disjoint = max(1, min(number // 2, int(wanted.sum()) // 2))
    reach, recall = 1.0 - ((1.0 - level) / 2.0) ** (1.0 / disjoint), found.sum() / wanted.sum()
    return (1.0 - reach if recall == 1.0 else 0.0), (reach if recall == 0.0 else 1.0)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0.0 else float("nan")
