"""Generalised additive model: a sum of smooth curves, one a feature, fitted by penalised least squares.

Each curve is a cubic B-spline on equally spaced knots over the range of its feature, with a penalty on second
differences of its coefficients (P-splines; Eilers and Marx 1996). The heavier the penalty, the nearer a curve is to a
straight line; beyond the data it goes on as one. A penalty that is not given is chosen curve by curve by generalised
cross-validation, which counts every degree of freedom 1.4 times because plain cross-validation undersmooths
(Kim and Gu 2004). A feature that does not vary adds nothing. The basis is scikit-learn's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.errors import MethodOptionError

DEGREE = 3
PENALTIES = 10.0 ** np.arange(-3, 7)
"""Tried by cross-validation; at the largest a curve is a straight line."""
FREEDOM_PRICE = 1.4
PASSES = 2
"""Rounds over the features in which each penalty is chosen anew, the others kept."""
ALIKE = 1e-8
"""Of the curves' scale, added to the diagonal: features that are lines of each other share what they explain."""
CONSTANT = 1e-9
"""A feature that varies less than this, in its own units, has no curve."""


@dataclass(frozen=True, eq=False)
class Gam:
    """A fitted additive model.

    Attributes:
        low: (features,) least value seen of each feature.
        high: (features,) greatest value seen.
        centres: (features, splines) means of the basis functions over the fitted models.
        coefficients: (features, splines); 0 for a feature that did not vary.
        intercept: the mean of the target.
        penalties: (features,) as given or chosen.
        freedom: effective number of parameters, the intercept included.
    """

    low: Float64Array
    high: Float64Array
    centres: Float64Array
    coefficients: Float64Array
    intercept: float
    penalties: Float64Array
    freedom: float

    def predict(self, features: Float64Array) -> Float64Array:
        """(models,) predictions for (models, features); NaN where a feature is."""
        total = np.full(len(features), self.intercept)
        for column, values in enumerate(np.asarray(features, dtype=np.float64).T):
            if not self.coefficients[column].any():
                continue
            known = ~np.isnan(values)
            basis = _basis(values[known], self.low[column], self.high[column], self.coefficients.shape[1])
            total[known] += (basis - self.centres[column]) @ self.coefficients[column]
            total[~known] = np.nan
        return total

    def state(self) -> dict[str, np.ndarray[Any, Any]]:
        """Plain arrays from which `from_state` restores the model."""
        return {
            "low": self.low,
            "high": self.high,
            "centres": self.centres,
            "coefficients": self.coefficients,
            "penalties": self.penalties,
            "scalars": np.array([self.intercept, self.freedom]),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """The model that `state` describes."""
        names = ("low", "high", "centres", "coefficients", "penalties")
        arrays = {name: np.asarray(state[name], dtype=np.float64) for name in names}
        intercept, freedom = np.asarray(state["scalars"], dtype=np.float64).tolist()
        return cls(**arrays, intercept=intercept, freedom=freedom)


def fit_gam(
    features: Float64Array,
    target: Float64Array,
    *,
    splines: int = 10,
    penalty: float | None = None,
    weights: Float64Array | None = None,
) -> Gam:
    """Fit a curve a feature.

    Args:
        features: (models, features).
        target: (models,).
        splines: basis functions a feature, at least 4.
        penalty: weight of the squared second differences of coefficients against the sum of squared errors; None
            chooses one a feature.
        weights: (models,) of the squared errors, scaled to a mean of 1; equal if None.

    Raises:
        MethodOptionError: fewer than 4 splines, or a negative penalty.
    """
    if splines <= DEGREE:
        raise MethodOptionError(f"gam: splines = {splines} is less than {DEGREE + 1}")
    if penalty is not None and not penalty >= 0:
        raise MethodOptionError(f"gam: penalty = {penalty:g} is negative")
    x, y = np.asarray(features, dtype=np.float64), np.asarray(target, dtype=np.float64)
    mass = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64) * len(y) / np.sum(weights)
    low, high = x.min(axis=0), x.max(axis=0)
    varying = np.flatnonzero(high - low > CONSTANT)
    bases = [_basis(x[:, column], low[column], high[column], splines) for column in varying]
    centres = np.zeros((x.shape[1], splines))
    for column, basis in zip(varying, bases, strict=True):
        centres[column] = mass @ basis / len(y)
    problem = _Problem.of([basis - centres[column] for column, basis in zip(varying, bases, strict=True)], y, mass)
    chosen = problem.chosen() if penalty is None else np.full(len(varying), float(penalty))
    solution, freedom = problem.solved(chosen)
    coefficients, penalties = np.zeros_like(centres), np.zeros(x.shape[1])
    coefficients[varying], penalties[varying] = solution.reshape(len(varying), splines), chosen
    return Gam(low, high, centres, coefficients, float(mass @ y / len(y)), penalties, 1.0 + freedom)


@dataclass(frozen=True, eq=False)
class _Problem:
    """Normal equations of all curves together, before any penalty.

    Attributes:
        gram: (parameters, parameters) of the centred basis.
        moment: (parameters,) of the basis with the centred target.
        square: sum of squares of the centred target.
        roughness: (splines, splines) squared second differences.
        curves: number of features that vary.
        models: number of models.
    """

    gram: Float64Array
    moment: Float64Array
    square: float
    roughness: Float64Array
    curves: int
    models: int

    @classmethod
    def of(cls, bases: list[Float64Array], target: Float64Array, mass: Float64Array) -> Self:
        columns = np.concatenate(bases, axis=1) if bases else np.zeros((len(target), 0))
        centred = target - mass @ target / len(target)
        splines = bases[0].shape[1] if bases else DEGREE + 1
        bends = np.diff(np.eye(splines), n=2, axis=0)
        weighted = columns * mass[:, None]
        return cls(
            gram=weighted.T @ columns,
            moment=weighted.T @ centred,
            square=float(mass @ centred**2),
            roughness=bends.T @ bends,
            curves=len(bases),
            models=len(target),
        )

    def solved(self, penalties: Float64Array) -> tuple[Float64Array, float]:
        """(parameters,) coefficients under these penalties, and their effective number."""
        if not self.curves:
            return np.zeros(0), 0.0
        # a constant added to the coefficients of a centred basis changes nothing: it is tied to 0, at the others' scale
        scale = np.trace(self.gram) / len(self.gram)
        ties = penalties + scale
        tied = np.kron(np.diag(ties), np.ones_like(self.roughness))
        penalised = self.gram + np.kron(np.diag(penalties), self.roughness) + tied
        penalised += ALIKE * scale * np.eye(len(penalised))
        both = np.linalg.solve(penalised, np.column_stack([self.moment, self.gram])).astype(np.float64)
        return both[:, 0], float(np.trace(both[:, 1:]))

    def score(self, penalties: Float64Array) -> float:
        """Generalised cross-validation; infinite where nothing is left to validate with."""
        solution, freedom = self.solved(penalties)
        left = self.models - FREEDOM_PRICE * (1.0 + freedom)
        errors = self.square - 2 * self.moment @ solution + solution @ self.gram @ solution
        return max(float(errors), 0.0) / left**2 if left > 0 else np.inf

    def chosen(self) -> Float64Array:
        """(curves,) the penalty of each curve, from the stiffest down; a softer one has to be better."""
        penalties = np.full(self.curves, PENALTIES[-1])
        for _ in range(PASSES if self.curves > 1 else 1):
            for curve in range(self.curves):  # each choice depends on the others
                tried = np.tile(penalties, (len(PENALTIES), 1))
                tried[:, curve] = PENALTIES[::-1]
                penalties = tried[int(np.argmin([self.score(row) for row in tried]))]
        return penalties


def _basis(values: Float64Array, low: float, high: float, splines: int) -> Float64Array:
    """(models, splines) cubic B-splines on knots from `low` to `high`, linear beyond."""
    from sklearn.preprocessing import SplineTransformer

    if not len(values):
        return np.zeros((0, splines))
    transformer: Any = SplineTransformer(splines - DEGREE + 1, degree=DEGREE, extrapolation="linear")
    transformer.fit(np.array([[low], [high]]))
    return np.asarray(transformer.transform(values[:, None]), dtype=np.float64)
