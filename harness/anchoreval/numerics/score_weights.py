"""What each item adds to a full score that was measured on more than these items.

Where a matrix holds a part of a benchmark, the mean over its items is not the score that is wanted. The best linear
reading of all of them is: a ridge regression of the full score on all items, its penalty chosen by leaving kin out.
Designs and adaptive tests then aim at this weighted sum, which may hold negative weights.
"""

from __future__ import annotations

import numpy as np

from anchoreval.arrays import Float64Array, FloatArray, IntArray
from anchoreval.numerics.ridge import Spectrum, choose_penalty


def score_weights(scores: FloatArray, truth: Float64Array, groups: IntArray) -> tuple[Float64Array, float]:
    """(items,) weights and the constant with which all items best predict the full score.

    Args:
        scores: (models, items) complete.
        truth: (models,) full scores, NaN where unknown; at least two are known.
        groups: (models,) labels; kin leave together.
    """
    known = ~np.isnan(truth)
    features, aim = np.asarray(scores, dtype=np.float64)[known], truth[known]
    centre = features.mean(axis=0)
    spectrum = Spectrum.of_features(features - centre, np.ones((len(features), 1)))
    penalty = choose_penalty(spectrum, aim[:, None], groups[known])
    weights = np.ascontiguousarray(((features - centre).T @ spectrum.dual(aim[:, None], penalty))[:, 0])
    return weights, float(aim.mean() - centre @ weights)
