"""How much of a mean and how much of a model: the weight lambda of gp-IRT, learnt or by the published formula."""

from __future__ import annotations

import numpy as np

from anchoreval.arrays import Float64Array


def published_share(bias: Float64Array, variance: Float64Array, anchors: Float64Array) -> Float64Array:
    """Weight of the mean: b^2 / (b^2 + v / (4 n)), tinyBenchmarks' rule (arXiv 2402.14992).

    The mean over n anchors is taken to have half the standard error of a random sample's, whatever they are. 0 where
    the model is not biased or there is no anchor, 1 where the mean is certain.

    Args:
        bias: b, the model's validation error in score units, by output.
        variance: v, mean over models of the variance of item scores, by output.
        anchors: n, by output.
    """
    error = np.where(anchors > 0, variance / (4.0 * np.maximum(anchors, 1.0)), np.inf)
    both = bias**2 + error
    return np.asarray(np.where(both > 0, bias**2 / np.where(both > 0, both, 1.0), 0.0), dtype=np.float64)


def least_squares_share(
    truth: Float64Array, mean: Float64Array, model: Float64Array, weights: Float64Array
) -> Float64Array:
    """(outputs,) weight of the mean, in [0, 1], that brings the mixture nearest to the truth; 0 without evidence.

    Args:
        truth: (models, outputs); NaN where unknown.
        mean: (models, outputs) estimates; NaN where there is none.
        model: (models, outputs) estimates.
        weights: (models,) of the squared errors.
    """
    known = ~np.isnan(truth + mean + model)
    gap = np.where(known, mean - model, 0.0)
    missed = np.where(known, truth - model, 0.0)
    square = weights @ gap**2
    share = (weights @ (gap * missed)) / np.where(square > 0, square, 1.0)
    return np.asarray(np.clip(share, 0.0, 1.0), dtype=np.float64)
