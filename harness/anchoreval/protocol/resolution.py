"""Whether one method is better than another: errors paired over targets, and an interval around their ratio.

Two methods are compared on the same targets in the same repeats. Their ratio of mean absolute errors, over one cell or
as a geometric mean over several (budgets, benchmarks), gets a percentile interval from a bootstrap that is joint: a
draw of models and repeats is the same for both methods and for every cell of a benchmark.

*What is drawn.* Groups of models (a base model with its variants) and, independently, repeats. Groups alone would hold
the anchors for fixed: they say how the ratio varies over other target models with these very anchors, and with 20
splits of arc they took one random draw of anchors for better than another in a fifth of all cases. Drawing repeats as
well takes in the anchors and, as far as the repeats differ in them, which models are sources (on the same splits: at
most 4 % at a nominal 5 %). What no bootstrap over repeats sees: all repeats divide one and the same collection of
models, so another collection of sources may move the ratio further. With few repeats, or where they hold out the same
targets (`gap`, `chronological`), that part is hardly seen at all.

*Beside it* stands the corrected resampled t-test over repeats (`anchoreval.numerics.resampled_t`), which allows for
splits sharing sources, takes nothing from single targets, and is the stricter of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.contract import generator
from anchoreval.errors import ConfigurationError
from anchoreval.numerics.crossed_bootstrap import crossed_sums, multiplicities
from anchoreval.numerics.resampled_t import resolved_sign
from anchoreval.protocol.comparison import Comparison
from anchoreval.protocol.group_errors import Combination, Coverage, GroupErrors

DRAWS = 10_000
LEVEL = 0.95
FEWEST_GROUPS = 6
"""With fewer groups that all agree, chance alone makes them agree more often than once in 20."""
RANDOM_SPLITS = ("iid", "family")
"""Kinds of split to which the resampled t-test applies."""


Pair: TypeAlias = tuple[Combination, Combination]


@dataclass(frozen=True)
class Paired:
    """Method A against method B.

    Attributes:
        ratio: of mean absolute errors, A over B; the geometric mean where there are several cells.
        lower: end of the percentile interval; NaN where there are too few groups for one.
        upper: its other end.
        resolved: -1 where A is better (the interval lies below 1), 1 where it is worse, else 0.
        by_repeats: the same by the resampled t-test over repeats; 0 as well where that does not apply.
        groups: smallest number of groups of targets in any cell.
        cells: number of cells.
    """

    ratio: float
    lower: float
    upper: float
    resolved: int
    by_repeats: int
    groups: int
    cells: int


@dataclass
class Resolution:
    """Paired comparisons of the methods of one comparison, all from the same draws.

    Attributes:
        comparison: with the errors on single targets (`anchoreval.protocol.compare.comparison`).
        draws: of the bootstrap.
        level: of intervals and tests.
        seed: of the draws.
        repeats: False draws groups alone, and so holds anchors and sources for fixed.
    """

    comparison: Comparison
    draws: int = DRAWS
    level: float = LEVEL
    seed: int = 0
    repeats: bool = True
    _sums: dict[tuple[Combination, Coverage], Float64Array] = field(default_factory=dict, repr=False)
    _resampled: dict[tuple[Combination, Coverage], Float64Array] = field(default_factory=dict, repr=False)
    _multiplicities: dict[tuple[str, ...], Float64Array] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.errors = GroupErrors(self.comparison)

    def paired(self, a: Combination, b: Combination) -> Paired:
        """One method against another on the same targets.

        Raises:
            ConfigurationError: they are not of one benchmark and split, or share no target on which both have errors.
        """
        return self.pooled([(a, b)])

    def pooled(self, pairs: Sequence[Pair]) -> Paired:
        """The geometric mean of ratios over several cells, each a pair of methods, A first; errors as for `paired`."""
        if not pairs:
            raise ConfigurationError("there is nothing to compare")
        shared = [self._shared(a, b) for a, b in pairs]
        totals = [[self._summed(name, w) for name in pair] for pair, w in zip(pairs, shared, strict=True)]
        ratio = float(np.exp(np.mean([_log_ratio(a.sum(), b.sum()) for a, b in totals])))
        groups = min(int(((a + b).sum(axis=1) > 0).sum()) for a, b in totals)
        lower, upper = self._interval(pairs, shared) if groups >= FEWEST_GROUPS else (np.nan, np.nan)
        resolved = -1 if upper < 1.0 else int(lower > 1.0)
        return Paired(ratio, lower, upper, resolved, self._by_repeats(pairs, shared), groups, len(pairs))

    def _shared(self, a: Combination, b: Combination) -> Coverage:
        if a[:2] != b[:2]:
            raise ConfigurationError(f"{a} and {b} are not of one benchmark and split: they share no targets")
        if not (shared := self.errors.shared(a, b)):
            raise ConfigurationError(f"{a} and {b} share no target on which both have errors")
        return shared

    def _summed(self, name: Combination, within: Coverage) -> Float64Array:
        """(groups, repeats), kept: most methods have errors on the same targets and are compared more than once."""
        if (name, within) not in self._sums:
            self._sums[name, within] = self.errors.sums(name, within)
        return self._sums[name, within]

    # --- intervals -----------------------------------------------------------------------------------------------

    def _interval(self, pairs: Sequence[Pair], shared: Sequence[Coverage]) -> tuple[float, float]:
        logs = np.zeros(self.draws)
        for (a, b), within in zip(pairs, shared, strict=True):
            logs += _log_ratio(self._drawn_sums(a, within), self._drawn_sums(b, within))
        tail = (1.0 - self.level) / 2
        lower, upper = np.exp(np.quantile(logs / len(pairs), [tail, 1.0 - tail], method="inverted_cdf"))
        return float(lower), float(upper)

    def _drawn_sums(self, name: Combination, within: Coverage) -> Float64Array:
        """(draws,) the error of a method in each draw of groups and repeats, up to a common factor."""
        if (name, within) not in self._resampled:
            values, place = self._summed(name, within), (name.benchmark, name.split)
            groups = self._drawn(len(values), name.benchmark)
            repeats = self._drawn(len(within), *place) if self.repeats else np.ones((self.draws, len(within)))
            self._resampled[name, within] = crossed_sums(values, groups, repeats)
        return self._resampled[name, within]

    def _drawn(self, count: int, *purpose: str) -> Float64Array:
        """Multiplicities that all cells of a benchmark (groups), or of one of its splits (repeats), share."""
        key = (*purpose, str(count))
        if key not in self._multiplicities:
            self._multiplicities[key] = multiplicities(count, self.draws, generator(self.seed, "resolution", *key))
        return self._multiplicities[key]

    # --- the test over repeats -----------------------------------------------------------------------------------

    def _by_repeats(self, pairs: Sequence[Pair], shared: Sequence[Coverage]) -> int:
        """Relative differences, averaged over cells, in the repeats that all cells have."""
        if any(a.split not in RANDOM_SPLITS for a, _ in pairs):
            return 0
        differences, ratios = [], []
        for (a, b), within in zip(pairs, shared, strict=True):
            one, other = (self._summed(name, within).sum(axis=0) for name in (a, b))
            repeats = [repeat for repeat, _ in within]
            differences.append(pd.Series(one - other, repeats) / (other.mean() or 1.0))
            rows = self.comparison.table.iloc[list(self.errors.rows[a].values())]
            ratios.append(float(rows["n_target"].median() / rows["n_source"].median()))
        together = pd.concat(differences, axis=1).dropna().mean(axis=1)
        return resolved_sign(np.asarray(together, dtype=np.float64), float(np.mean(ratios)), self.level)


def _log_ratio(one: Float64Array, other: Float64Array) -> Float64Array:
    """Logarithm of first over second; 0 where neither has any error."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(one) - np.log(other)
    return np.where((np.asarray(one) == 0) & (np.asarray(other) == 0), 0.0, logs)
