"""Importance of items by explainable boosting machines, as published; the extra `ebm` brings them.

A boosting machine learns a curve an item where the linear terms of `attribution` learn a slope. Items that are right
or wrong take two values, on which a curve is a slope. It costs a second or so a subset.
"""

from __future__ import annotations

import numpy as np

from anchor_selectors.essence.attribution import Importance
from anchoreval.arrays import Float64Array, FloatArray, IntArray
from anchoreval.errors import MissingExtraError


def boosting_importance(seed: int) -> Importance:
    """Importance of terms in explainable boosting regressors without interactions, one a subset, as published.

    Args:
        seed: of the regressors' bagging.

    Raises:
        MissingExtraError: interpret is not installed.
    """
    try:
        from interpret.glassbox import ExplainableBoostingRegressor  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError as missing:
        raise MissingExtraError(
            "selector essence with attribution='ebm' needs interpret-core, which is not installed: "
            "pip install 'anchoreval[ebm]'"
        ) from missing

    def importance(scores: FloatArray, truth: Float64Array, subsets: IntArray) -> Float64Array:
        terms = []
        for subset in subsets:
            regressor = ExplainableBoostingRegressor(
                interactions=0, feature_types=["continuous"] * len(subset), random_state=seed, n_jobs=1
            )
            regressor.fit(scores[:, subset].astype(np.float64), truth)
            terms.append(regressor.term_importances())
        return np.asarray(terms, dtype=np.float64)

    return importance


def has_boosting() -> bool:
    """Whether interpret is installed."""
    from importlib.util import find_spec

    return find_spec("interpret") is not None
