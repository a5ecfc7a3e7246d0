"""Exploratory factor analysis of a few scores over many models: how many factors there are, and what they explain.

Loadings minimise the squared residual correlations (minres, the same as unweighted least squares: Harman and Jones
1966), found over the unique variances, whose gradient is known in closed form. Several factors are rotated obliquely
to simple structure (direct quartimin, the oblimin of gamma 0: Jennrich and Sampson 1966) by gradient projection
(Jennrich 2002). How many factors there are is judged by parallel analysis (Horn 1965): those whose eigenvalue exceeds
what uncorrelated normal data of the same shape give. Needs three variables a factor to mean much.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from anchoreval.arrays import Float64Array
from anchoreval.errors import MethodOptionError, ResponseDataError

LEAST_UNIQUE = 0.005
"""Unique variances stay above this: a variable without any would be a factor by itself."""
STEPS, SETTLED = 500, 1e-7


@dataclass(frozen=True, eq=False)
class Factors:
    """A factor solution.

    Attributes:
        loadings: (variables, factors) pattern after rotation, strongest factor first, each mostly positive.
        correlation: (factors, factors) between the factors.
        unique: (variables,) share of each variable's variance that no factor explains.
    """

    loadings: Float64Array
    correlation: Float64Array
    unique: Float64Array

    @property
    def explained(self) -> float:
        """Share of the variables' variance that the factors explain together."""
        return float(np.trace(self.loadings @ self.correlation @ self.loadings.T) / len(self.loadings))


@dataclass(frozen=True, eq=False)
class ParallelAnalysis:
    """Eigenvalues of data against those of chance.

    Attributes:
        eigenvalues: (variables,) of the correlation matrix, greatest first.
        chance: (variables,) quantile of those of uncorrelated data.
        n_factors: how many of the first eigenvalues exceed chance without a gap.
    """

    eigenvalues: Float64Array
    chance: Float64Array
    n_factors: int


def correlations(values: Float64Array) -> Float64Array:
    """(variables, variables) correlations of (models, variables).

    Raises:
        ResponseDataError: a variable does not vary, or is not known for all models; names its number.
    """
    spread = values.std(axis=0)
    if (bad := np.flatnonzero(~(spread > 0))).size:
        raise ResponseDataError(f"factor analysis: variable {bad[0]} does not vary, or has gaps")
    return np.atleast_2d(np.corrcoef(values, rowvar=False)).astype(np.float64)


def factor_analysis(correlation: Float64Array, n_factors: int) -> Factors:
    """Minres solution, rotated by oblimin where there is more than one factor.

    Args:
        correlation: (variables, variables).
        n_factors: at least 1 and fewer than variables.

    Raises:
        MethodOptionError: an impossible number of factors.
    """
    if not 1 <= n_factors < len(correlation):
        raise MethodOptionError(f"factor analysis: {n_factors} factors for {len(correlation)} variables")
    loadings, unique = minres(correlation, n_factors)
    pattern, between = (loadings, np.ones((1, 1))) if n_factors == 1 else oblimin(loadings)
    order = np.argsort(-(pattern**2).sum(axis=0), kind="stable")
    sign = np.where(pattern.sum(axis=0) < 0, -1.0, 1.0)
    turned = (pattern * sign)[:, order]
    return Factors(turned, (between * np.outer(sign, sign))[np.ix_(order, order)], unique)


def minres(correlation: Float64Array, n_factors: int) -> tuple[Float64Array, Float64Array]:
    """Unrotated (variables, factors) loadings and (variables,) unique variances.

    Args:
        correlation: (variables, variables).
        n_factors: fewer than variables.
    """

    def misfit(unique: Float64Array) -> tuple[float, Float64Array]:
        """Half the sum of squared eigenvalues that the factors leave, and its gradient."""
        values, vectors = np.linalg.eigh(correlation - np.diag(unique))
        left, axes = values[:-n_factors], vectors[:, :-n_factors]
        return 0.5 * float(left @ left), -np.asarray(axes**2 @ left, dtype=np.float64)

    start = 1.0 - _squared_multiple_correlations(correlation)
    bounds = [(LEAST_UNIQUE, 1.0)] * len(correlation)
    found = minimize(misfit, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-15, "gtol": 1e-9})
    unique = np.asarray(found.x, dtype=np.float64)
    values, vectors = np.linalg.eigh(correlation - np.diag(unique))
    kept = slice(None, -n_factors - 1, -1)
    return np.asarray(vectors[:, kept] * np.sqrt(np.maximum(values[kept], 0.0)), dtype=np.float64), unique


def _squared_multiple_correlations(correlation: Float64Array) -> Float64Array:
    """(variables,) share of each variable that the others predict; clipped where they predict all of it."""
    precision = np.linalg.pinv(correlation, hermitian=True)
    return np.clip(1.0 - 1.0 / np.maximum(np.diag(precision), 1.0), 0.05, 1.0 - LEAST_UNIQUE)


def oblimin(loadings: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Direct quartimin rotation: pattern loadings, and the correlations of the factors.

    Args:
        loadings: (variables, factors), at least two factors.
    """
    turn = np.eye(loadings.shape[1])
    pattern = loadings
    value, slope = _quartimin(pattern)
    step = 1.0
    for _ in range(STEPS):
        gradient = -(pattern.T @ slope @ np.linalg.inv(turn)).T
        projected = gradient - turn * (turn * gradient).sum(axis=0)
        length = float(np.linalg.norm(projected))
        if length < SETTLED:
            break
        step *= 2.0
        for _ in range(30):  # halve until the value falls enough
            tried = turn - step * projected
            tried /= np.linalg.norm(tried, axis=0)
            there = np.asarray(loadings @ np.linalg.inv(tried).T, dtype=np.float64)
            new_value, new_slope = _quartimin(there)
            if new_value < value - 0.5 * length**2 * step:
                break
            step /= 2.0
        turn, pattern, value, slope = tried, there, new_value, new_slope
    return pattern, np.asarray(turn.T @ turn, dtype=np.float64)


def _quartimin(pattern: Float64Array) -> tuple[float, Float64Array]:
    """Products of squared loadings of different factors, and the gradient."""
    squares = pattern**2
    others = squares.sum(axis=1, keepdims=True) - squares
    return 0.25 * float((squares * others).sum()), pattern * others


def parallel_analysis(
    values: Float64Array, rng: np.random.Generator, draws: int = 200, quantile: float = 0.95
) -> ParallelAnalysis:
    """How many factors stand out of chance.

    Args:
        values: (models, variables).
        rng: draws the uncorrelated data.
        draws: number of data sets drawn.
        quantile: of their eigenvalues.
    """
    eigenvalues = np.linalg.eigvalsh(correlations(values))[::-1].astype(np.float64)
    random = [np.linalg.eigvalsh(correlations(rng.normal(size=values.shape)))[::-1] for _ in range(draws)]
    chance = np.quantile(random, quantile, axis=0)
    below = np.append(eigenvalues <= chance, True)
    return ParallelAnalysis(eigenvalues, np.asarray(chance, dtype=np.float64), int(np.argmax(below)))
