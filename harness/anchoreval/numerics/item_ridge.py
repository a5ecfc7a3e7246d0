"""Ridge regressions with items as rows, one a target, all leave-one-out quantities in closed form.

A target's answers on the anchors are regressed on what source models answered there. The features are the same for all
targets, so one decomposition serves them all: in principal coordinates P of the anchors, centred under the anchors'
weights w (summing to 1) and orthogonal under them, s_j = k sum_i w_i P_ij^2, the slopes under penalty alpha are
b_j = k sum_i w_i P_ij y_i / (s_j + alpha). With leverages h_i = w_i + k w_i sum_j P_ij^2 / (s_j + alpha) the residual
of anchor i from a fit without it is e_i = (y_i - mean - P_i b) / (1 - h_i), and the slopes of that fit are
b - k w_i e_i P_i / (s + alpha). The penalty is each target's own, the one with the least weighted sum of e_i^2; an
endless penalty, that is no regression at all, is among those tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.numerics.ridge import ALONE, GRID, Spectrum

PENALTIES = np.append(np.inf, GRID[::-1])
"""Tried from the strongest, in units of the largest s; of equal errors the strongest is taken."""

DIGITS = 10
"""Decimals of a mean squared error that count, so that rounding noise does not choose between equal penalties."""


@dataclass(frozen=True, eq=False)
class LeftOut:
    """What regressions say of each anchor that did not take part in them, by target.

    Attributes:
        predicted: (anchors, targets) predicted deviation of anchor i from the anchors' mean, from a fit without i.
        contrasts: (outputs, targets) predicted deviation of each output's open items from the anchors' mean, averaged
            over the fits that leave one anchor out.
    """

    predicted: Float64Array
    contrasts: Float64Array


@dataclass(frozen=True, eq=False)
class ItemRidge:
    """The decomposition that all targets share.

    Attributes:
        weights: (anchors,) w, non-negative, summing to 1; an anchor of weight 0 takes no part in fits.
        coordinates: (anchors, r) P.
        open_means: (outputs, r) mean coordinates of each output's open items.
    """

    weights: Float64Array
    coordinates: Float64Array
    open_means: Float64Array

    @classmethod
    def of(cls, features: Float64Array, open_features: Float64Array, weights: Float64Array) -> Self:
        """Rotate features into principal coordinates.

        Args:
            features: (anchors, features) of the anchors, such as what each source answered.
            open_features: (outputs, features) mean of the items that an output's anchors leave open.
            weights: (anchors,) non-negative, summing to 1.
        """
        centre = weights @ features
        root = np.sqrt(len(weights) * weights)
        scaled = (features - centre) * root[:, None]
        spectrum = Spectrum.of_features(scaled, root[:, None])
        axes = scaled.T @ spectrum.vectors / np.sqrt(spectrum.values)  # (features, r), orthonormal
        coordinates, open_means = (features - centre) @ axes, (open_features - centre) @ axes
        # sums run in the order of memory: that of a stored state, to the last bit
        return cls(*(np.ascontiguousarray(array) for array in (weights, coordinates, open_means)))

    def left_out(self, answers: Float64Array) -> LeftOut:
        """Leave-one-out predictions for (anchors, targets) answers under each target's best penalty."""
        predicted = np.zeros_like(answers)
        contrasts = np.zeros((len(self.open_means), answers.shape[1]))
        best = self._best_penalties(answers)
        for penalty in np.unique(best):
            here = best == penalty
            predicted[:, here], contrasts[:, here] = self._under(penalty, answers[:, here])
        return LeftOut(predicted, contrasts)

    def _best_penalties(self, answers: Float64Array) -> Float64Array:
        """(targets,) the penalty with the least left-out squared error."""
        shares = np.array([self.weights @ self._residuals(alpha, answers)[0] ** 2 for alpha in self._grid()])
        return np.asarray(self._grid()[np.argmin(np.round(shares, DIGITS), axis=0)], dtype=np.float64)

    def _grid(self) -> Float64Array:
        return np.asarray(PENALTIES * (self._masses().max(initial=0.0) or 1.0), dtype=np.float64)

    def _masses(self) -> Float64Array:
        """(r,) s."""
        return np.asarray(len(self.weights) * (self.weights @ self.coordinates**2), dtype=np.float64)

    def _residuals(self, alpha: float, answers: Float64Array) -> tuple[Float64Array, Float64Array]:
        """(anchors, targets) e, and (anchors, targets) P b of the fit on all anchors."""
        scaled = self.coordinates / (self._masses() + alpha)
        pull = len(self.weights) * self.weights
        centred = answers - self.weights @ answers
        fitted = self.coordinates @ (scaled.T @ (pull[:, None] * centred))
        leverage = self.weights + pull * (self.coordinates * scaled).sum(axis=1)
        return (centred - fitted) / (ALONE - leverage)[:, None], fitted

    def _under(self, alpha: float, answers: Float64Array) -> tuple[Float64Array, Float64Array]:
        scaled = self.coordinates / (self._masses() + alpha)
        pull = (len(self.weights) * self.weights)[:, None]
        residuals, fitted = self._residuals(alpha, answers)
        own = (self.coordinates * scaled).sum(axis=1, keepdims=True)
        slopes = scaled.T @ (pull * (answers - self.weights @ answers))
        # what all anchors give, less what each gives by itself, averaged over who is left out
        shift = scaled.T @ (self.weights[:, None] * pull * residuals)
        return fitted - pull * own * residuals, self.open_means @ (slopes - shift)

    def state(self) -> dict[str, np.ndarray[Any, Any]]:
        """Plain arrays from which `from_state` restores it."""
        return {"weights": self.weights, "coordinates": self.coordinates, "open_means": self.open_means}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """What `state` describes."""
        weights, coordinates, open_means = (
            np.ascontiguousarray(state[name], dtype=np.float64) for name in ("weights", "coordinates", "open_means")
        )
        return cls(weights, coordinates, open_means)
