"""The groups of a pool's items from which the next pool is taken: most important, least important, random."""

from __future__ import annotations

import numpy as np

from anchoreval.arrays import Float64Array, IntArray


def regrouped(attribution: Float64Array, k: int, share: float, rng: np.random.Generator) -> dict[str, IntArray]:
    """The groups from which the next pool is taken: most important, least important, random.

    The first two are shares of the items that have an attribution, the third of all. The search leaves most of a
    large pool without an attribution; were the first two as large as the third, both would be all that have one.

    Args:
        attribution: (items,) of the pool, NaN where there is none; at least k have one.
        k: least size of a group.
        share: of the items, that a group holds.
        rng: draws the random group.

    Returns:
        By name (`high`, `low`, `random`), ascending positions in the pool.
    """
    known = np.flatnonzero(~np.isnan(attribution))
    falling = known[np.argsort(-attribution[known], kind="stable")]
    size = max(k, int(share * len(known)))
    drawn = rng.choice(len(attribution), size=max(k, int(share * len(attribution))), replace=False)
    return {"high": np.sort(falling[:size]), "low": np.sort(falling[-size:]), "random": np.sort(drawn)}
