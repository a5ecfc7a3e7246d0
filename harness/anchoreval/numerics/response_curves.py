"""Logistic response curves of one ability or several, behind one face: fitted, kept as one table, read for abilities.

One ability: marginal maximum likelihood (`anchoreval.numerics.irt`), models 1pl to 4pl. Several: the compensatory 2PL
of `anchoreval.numerics.irt.multidimensional`, which has no guessing. Abilities are posterior modes under N(0, I).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from anchoreval.arrays import Float64Array, FloatArray
from anchoreval.errors import MethodOptionError
from anchoreval.numerics.irt import ItemParameters, expected_scores, fit_irt, map_abilities
from anchoreval.numerics.irt.priors import FREE

STEPS, SETTLED, ROUNDING = 50, 1e-9, 1e-12
LINEAR = ("1pl", "2pl")
"""Models whose logit is linear in ability: no asymptotes."""


def check_curve_options(model: str, dimensions: int) -> None:
    """Refuse an unknown model, and several abilities for a model that is not fitted with them.

    Raises:
        MethodOptionError: names the option; the caller's own name is put before it.
    """
    if model not in FREE:
        raise MethodOptionError(f"model = {model!r} is not one of {', '.join(FREE)}")
    if isinstance(dimensions, bool) or not isinstance(dimensions, int) or dimensions < 1:
        raise MethodOptionError(f"dimensions = {dimensions!r} is not a whole number of at least 1")
    if dimensions > 1 and model != "2pl":
        raise MethodOptionError(f"dimensions = {dimensions} goes with model 2pl, not {model}")


@dataclass(frozen=True, eq=False)
class ResponseCurves:
    """Curves of items.

    Attributes:
        table: (items, dimensions + 3) slopes, intercept, lower and upper asymptote.
    """

    table: Float64Array

    @classmethod
    def fit(cls, scores: FloatArray, model: str = "2pl", dimensions: int = 1) -> Self:
        """Fit curves to (models, items) scores in [0, 1], fractions as they are, NaN where a model did not answer."""
        if dimensions == 1:
            found = fit_irt(scores, model).parameters
            return cls(np.column_stack([found.discrimination, found.intercept, found.lower, found.upper]))
        several = _multidimensional().fit_multidimensional(scores, dimensions).parameters
        zeros = np.zeros(len(several.intercept))
        return cls(np.column_stack([several.slopes, several.intercept, zeros, zeros + 1.0]))

    @property
    def dimensions(self) -> int:
        """Number of abilities."""
        return int(self.table.shape[1]) - 3

    @property
    def slopes(self) -> Float64Array:
        """(items, dimensions) slopes of the logit."""
        return self.table[:, :-3]

    def __len__(self) -> int:
        return len(self.table)

    def take(self, items: Any) -> ResponseCurves:
        """The curves of some items, by position."""
        return ResponseCurves(np.ascontiguousarray(self.table[items]))

    def abilities(self, scores: FloatArray) -> Float64Array:
        """(models, dimensions) posterior modes from (models, items) scores; 0 for a model without answers."""
        if not len(self):
            return np.zeros((len(scores), self.dimensions))
        if self.dimensions == 1:
            return map_abilities(scores, self.parameters()).ability[:, None]
        found = _multidimensional().multidimensional_abilities(scores, self._several())
        return np.asarray(found.ability, dtype=np.float64)

    def beliefs(self, scores: Float64Array) -> tuple[Float64Array, Float64Array]:
        """Posterior mode and covariance of one model's abilities, the same as `abilities` finds, for curves of 2pl.

        Quick where a test goes item by item. The covariance is the inverse of the information at the mode plus I.

        Args:
            scores: (items,) without gaps.

        Returns:
            (dimensions,) and (dimensions, dimensions).
        """
        slopes, intercept = self.slopes, self.table[:, -3]
        here = np.zeros(self.dimensions)
        height, gradient, information = _posterior(here, slopes, intercept, scores)
        for _ in range(STEPS):
            step = np.linalg.solve(information, gradient)
            following = _posterior(here + step, slopes, intercept, scores)
            while following[0] < height - ROUNDING * abs(height):  # concave: a shorter step cannot fail for ever
                step /= 2
                following = _posterior(here + step, slopes, intercept, scores)
            here = here + step
            height, gradient, information = following
            if np.abs(step).max() < SETTLED:
                break
        return here, np.asarray(np.linalg.inv(information), dtype=np.float64)

    def expected(self, ability: Float64Array) -> Float64Array:
        """(models, items) expected scores of models of (models, dimensions) ability."""
        if self.dimensions == 1:
            return expected_scores(self.parameters(), ability[:, 0])
        return np.asarray(_multidimensional().multidimensional_expected_scores(self._several(), ability))

    def parameters(self) -> ItemParameters:
        """The curves of one ability, without standard errors."""
        slope, intercept, lower, upper = (np.ascontiguousarray(column) for column in self.table.T)
        return ItemParameters(slope, intercept, lower, upper)

    def _several(self) -> Any:
        slopes, intercept = self.table[:, :-3], self.table[:, -3]
        made = _multidimensional().MultidimensionalParameters
        return made(np.ascontiguousarray(slopes), np.ascontiguousarray(intercept))


def _posterior(
    ability: Float64Array, slopes: Float64Array, intercept: Float64Array, scores: Float64Array
) -> tuple[float, Float64Array, Float64Array]:
    """Log posterior of one model's abilities up to a constant, its gradient, its negative second derivatives."""
    logit = slopes @ ability + intercept
    failing = np.exp(-np.logaddexp(0.0, logit))
    height = scores @ logit - np.logaddexp(0.0, logit).sum() - 0.5 * ability @ ability
    gradient = slopes.T @ (scores - (1.0 - failing)) - ability
    information = (slopes.T * (failing * (1.0 - failing))) @ slopes + np.eye(len(ability))
    return float(height), gradient, information


def _multidimensional() -> Any:
    from anchoreval.numerics.irt import multidimensional

    return multidimensional
