"""What each item adds to a full score that was measured on more than these items.

Where a matrix holds a part of a benchmark, the mean over its items is not the score that is wanted. The best linear
reading of all of them is: a ridge regression of the full score on all items, its penalty chosen by leaving kin out.
Designs and adaptive tests then aim at this weighted sum, which may hold negative weights.
"""

from __future__ import annotations

import numpy as np

from anchoreval.arrays import Float64Array, FloatArray, IntArray
from anchoreval.numerics.ridge import centred_ridge


def score_weights(scores: FloatArray, truth: Float64Array, groups: IntArray) -> tuple[Float64Array, float]:
    """(items,) weights and the constant with which all items best predict the full score.

    Args:
        scores: (models, items) complete.
        truth: (models,) full scores, NaN where unknown; at least two are known.
        groups: (models,) labels; kin leave together.
    """
    known = ~np.isnan(truth)
    features = np.asarray(scores, dtype=np.float64)[known]
    weights, level = centred_ridge(features, truth[known, None], groups[known])
    return np.ascontiguousarray(weights[:, 0]), float(level[0])
