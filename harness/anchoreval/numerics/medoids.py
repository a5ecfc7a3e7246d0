"""k-medoids: k items such that the others are as similar as can be to one of them; greedy build, then swaps.

Minimising the weighted distance 1 - r to the nearest medoid is maximising the facility-location value of (1 + r) / 2,
so PAM's BUILD (Kaufman, Rousseeuw 1990) is the greedy search there. Swaps follow FastPAM's decomposition (Schubert,
Rousseeuw 2019): what a candidate gains in exchange for each of the k medoids follows from one pass over its row.
Candidates are looked at in blocks and the best exchange of a block is made at once. Gains are exact (see
`item_similarity`), so the value rises with every swap and the search ends where no single exchange improves it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import Float32Array, Float64Array, IntArray
from anchoreval.numerics.facility_location import lazy_greedy
from anchoreval.numerics.item_similarity import ItemSimilarity, whole_weights

CANDIDATES = 64
"""Candidates of a block: large enough for the speed of arrays, small enough that their rows stay in cache."""


@dataclass(frozen=True, eq=False)
class Medoids:
    """A choice of medoids that no single exchange improves.

    Attributes:
        items: (k,) positions, ascending.
        value: weighted mean similarity of the items to their nearest medoid, in [0, 1].
        built: the value before the first swap.
        swaps: number of swaps made.
    """

    items: IntArray
    value: float
    built: float
    swaps: int


def k_medoids(similarity: ItemSimilarity, weights: Float64Array, k: int) -> Medoids:
    """Choose k medoids that maximise the weighted similarity of items to the nearest one; deterministic.

    Args:
        similarity: of items with each other, in [0, 1].
        weights: (items,) non-negative, not all 0.
        k: number of medoids, at most all items.
    """
    whole = whole_weights(weights)
    search = _Search(similarity, whole, np.sort(lazy_greedy(similarity, weights, k).items))
    built = search.value()
    swaps = search.improve() if k < similarity.n_items else 0
    total = float(whole.sum())
    return Medoids(np.sort(search.medoids), search.value() / total, built / total, swaps)


class _Search:
    """The medoids, and for every item the similarity to its nearest and its second nearest one.

    `nearest` and `second` are places in `medoids`; with a single medoid the second is as dissimilar as can be.
    """

    def __init__(self, similarity: ItemSimilarity, whole: Float64Array, medoids: IntArray) -> None:
        self.similarity, self.whole, self.medoids = similarity, whole, medoids.copy()
        self.nearest, self.second = np.empty((2, similarity.n_items), dtype=np.int64)
        self.near, self.runner_up = np.empty((2, similarity.n_items), dtype=np.float32)
        for rows in similarity.row_blocks():
            self._place(np.arange(similarity.n_items)[rows])

    def value(self) -> float:
        """Sum over items of weight times similarity to the nearest medoid."""
        return float(self.near.astype(np.float64) @ self.whole)

    def improve(self) -> int:
        """Swap until a whole round of blocks brings nothing; the number of swaps."""
        blocks = [
            np.arange(first, min(first + CANDIDATES, len(self.whole)))
            for first in range(0, len(self.whole), CANDIDATES)
        ]
        swaps, quiet, turn = 0, 0, 0
        while quiet < len(blocks):
            candidates = blocks[turn]
            gains = self._swap_gains(self.similarity.block(candidates))
            candidate, place = np.unravel_index(np.argmax(gains), gains.shape)
            if gains[candidate, place] > 0:
                self._swap(int(place), int(candidates[candidate]))
                swaps, quiet = swaps + 1, 0
            else:
                quiet, turn = quiet + 1, (turn + 1) % len(blocks)
        return swaps

    def _swap_gains(self, rows: Float32Array) -> Float64Array:
        """(candidates, k) rise of the value if the candidate took each medoid's place; at most 0 for a medoid."""
        taken_over = np.maximum(rows - self.near, 0.0).astype(np.float64) @ self.whole
        # what a medoid's own items lose without it, all the way to their second nearest or back up to the candidate
        order = np.argsort(self.nearest, kind="stable")
        places, starts = np.unique(self.nearest[order], return_index=True)
        rescued = np.clip(rows, self.runner_up, self.near) - self.near
        change = rescued[:, order].astype(np.float64) * self.whole[order]
        gains = np.zeros((len(rows), len(self.medoids)))
        gains[:, places] = np.add.reduceat(change, starts, axis=1)
        return np.asarray(gains + taken_over[:, None], dtype=np.float64)

    def _swap(self, place: int, item: int) -> None:
        self.medoids[place] = item
        lost = (self.nearest == place) | (self.second == place)
        new = self.similarity.block(np.array([item]))[0]
        nearer, between = ~lost & (new > self.near), ~lost & (new <= self.near) & (new > self.runner_up)
        self.second[nearer], self.runner_up[nearer] = self.nearest[nearer], self.near[nearer]
        self.nearest[nearer], self.near[nearer] = place, new[nearer]
        self.second[between], self.runner_up[between] = place, new[between]
        self._place(np.flatnonzero(lost))

    def _place(self, items: IntArray) -> None:
        """Look up the two medoids nearest to some items."""
        there, rows = self.similarity.block(items, self.medoids).copy(), np.arange(len(items))
        self.nearest[items] = first = np.argmax(there, axis=1)
        self.near[items] = there[rows, first]
        there[rows, first] = -1.0
        self.second[items] = second = np.argmax(there, axis=1)
        self.runner_up[items] = np.maximum(there[rows, second], 0.0)  # with a single medoid there is no second
