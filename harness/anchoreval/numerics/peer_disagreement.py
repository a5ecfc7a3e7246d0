"""How often two distinct models would disagree, given what they score and how hard the items are.

Under a unidimensional IRT model (2PL, `anchoreval.numerics.irt`) two models that answer independently given their
abilities differ on an item with probability p (1 - q) + q (1 - p). Real models share training data and agree more than
that: the sum over items is scaled by the median ratio of observed to expected disagreement among peers, models of like
ability and of different kin. The median stands where up to half of these are copies of one another, and the ratio is
never taken to exceed 1.

The number of disagreements is then a sum of independent events of known mean. Its lower tail is no heavier than the
Poisson distribution's of that mean (Hoeffding 1956), which is what `chance` returns: a bound. Fractional scores vary
less than right and wrong of the same mean, so that it is a bound for them too.

Items are fitted on at most `FITTED` models, so that thousands of models cost no more than some hundred.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import gammaincc

from anchoreval.arrays import BoolArray, Float64Array, FloatArray, IntArray
from anchoreval.numerics.close_pairs import Pairs, disagreements
from anchoreval.numerics.irt import ItemParameters, expected_scores, fit_irt, map_abilities

FITTED = 400
PEERS = 10
"""Each fitted model is compared with so many of the next abler ones."""
ENOUGH = 30
"""Where fewer peers of different kin than this are found, kin counts as well."""
ROWS = 512


@dataclass(frozen=True, eq=False)
class PeerDisagreement:
    """Expected disagreement of distinct models.

    Attributes:
        parameters: of the items.
        ratio: of observed to expected disagreement among peers, in [0, 1].
    """

    parameters: ItemParameters
    ratio: float

    @classmethod
    def fit(cls, scores: FloatArray, kin: IntArray) -> Self:
        """Learn the items and the peers' ratio.

        Args:
            scores: (models, items) in [0, 1], NaN where a model did not answer; no two rows alike.
            kin: (models, labellings) two models that share a label in any column are kin.
        """
        rows = np.arange(0, len(scores), -(-len(scores) // FITTED))
        parameters = fit_irt(scores[rows], "2pl", standard_errors=False).parameters
        unscaled = cls(parameters, 1.0)
        pairs = _peers(scores, rows[np.argsort(map_abilities(scores[rows], parameters).ability, kind="stable")])
        related = (kin[pairs.first] == kin[pairs.second]).any(axis=1)
        pairs = pairs.take(~related if np.count_nonzero(~related) >= ENOUGH else pairs.common > 0)
        expected = unscaled.expected(scores, pairs)
        known = expected > 0
        ratio = np.median(pairs.disagreements[known] / expected[known]) if known.any() else 1.0
        return cls(parameters, min(1.0, float(ratio)))

    def expected(self, scores: FloatArray, pairs: Pairs) -> Float64Array:
        """(pairs,) disagreements to be expected of distinct models on the items that both answered."""
        rows, position = np.unique(np.concatenate([pairs.first, pairs.second]), return_inverse=True)
        first, second = position[: len(pairs)], position[len(pairs) :]
        values = np.zeros(len(pairs))
        for part, left, right in _by_block(first, second):
            p, not_p = self._answers(scores[rows[left : left + ROWS]])
            q, not_q = self._answers(scores[rows[right : right + ROWS]])
            block = p @ not_q.T + not_p @ q.T
            values[part] = block[first[part] - left, second[part] - right]
        return self.ratio * values

    def chance(self, scores: FloatArray, pairs: Pairs) -> tuple[Float64Array, Float64Array]:
        """(pairs,) expected disagreements, and a bound on the probability of no more than were observed."""
        expected = self.expected(scores, pairs)
        return expected, np.asarray(gammaincc(pairs.disagreements + 1.0, expected), dtype=np.float64)

    def _answers(self, scores: FloatArray) -> tuple[Float64Array, Float64Array]:
        """(models, items) probability of right and of wrong, both 0 where a model did not answer."""
        right = expected_scores(self.parameters, map_abilities(scores, self.parameters).ability)
        answered = ~np.isnan(scores)
        return np.where(answered, right, 0.0), np.where(answered, 1.0 - right, 0.0)


def few_false(chance: Float64Array, tests: int, share: float) -> BoolArray:
    """Which hypotheses to reject so that about `share` of those rejected are true (Benjamini and Hochberg 1995).

    Args:
        chance: (hypotheses,) p-values; hypotheses that are not among them count as not rejected.
        tests: number of all hypotheses.
        share: expected share of false rejections.
    """
    ordered = np.sort(chance)
    passed = np.nonzero(ordered <= share * np.arange(1, len(ordered) + 1) / max(tests, 1))[0]
    return np.asarray(chance <= ordered[passed[-1]] if len(passed) else np.zeros(len(chance)), dtype=np.bool_)


def _peers(scores: FloatArray, ordered: IntArray) -> Pairs:
    """Each model with the next few in order of ability."""
    lags = range(1, min(PEERS, len(ordered) - 1) + 1)
    first = np.concatenate([ordered[:-lag] for lag in lags])
    second = np.concatenate([ordered[lag:] for lag in lags])
    return Pairs(first, second, *disagreements(scores, first, second))


def _by_block(first: IntArray, second: IntArray) -> Iterator[tuple[Any, int, int]]:
    """Positions of the pairs of each pair of blocks, and the rows at which the blocks start."""
    blocks = np.column_stack([first // ROWS, second // ROWS])
    order = np.lexsort(blocks.T[::-1])
    starts = np.nonzero(np.any(np.diff(blocks[order], axis=0, prepend=-1), axis=1))[0]
    for part in np.split(order, starts[1:]) if len(order) else ():
        left, right = blocks[part[0]] * ROWS
        yield part, int(left), int(right)
