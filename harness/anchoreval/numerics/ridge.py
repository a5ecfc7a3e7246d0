"""Ridge and kernel ridge regression in one spectral form, with a penalty chosen by leaving whole groups out.

Both solve min ||y - F b - f||^2 + alpha ||f||^2 with a few unpenalised columns F (intercept, slope) and a penalised
part f whose Gram matrix, freed of F, has eigenvectors U and eigenvalues s. Every alpha then costs a rescaling of the
spectrum, and the residuals of a fit that leaves a group g of rows out are (I - H_gg)^-1 e_g, exact for such linear
smoothers (e: residuals, H: hat matrix), so choosing alpha needs no refitting. Rows of one group (variants of one model)
must leave together: a twin left behind would make any alpha look good.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array, IntArray

GRID = np.geomspace(1e-5, 10.0, 25)
"""Penalties tried, in units of the largest eigenvalue."""

NEGLIGIBLE = 1e-9
"""Directions below this share of the largest eigenvalue are rounding noise."""

ROUNDING = 1e-18
"""So are all directions below this, as where every model answered alike; features are numbers of order 1."""

ALONE = 1.0 + 1e-9
"""Stands in for 1 in I - H: rows that alone decide a direction get a huge error instead of a division by 0."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Eigenvectors (rows, r) and eigenvalues (r,) > 0 of a Gram matrix freed of `fixed`, (rows, q) orthonormal."""

    vectors: Float64Array
    values: Float64Array
    fixed: Float64Array

    @classmethod
    def of_features(cls, features: Float64Array, fixed: Float64Array) -> Spectrum:
        """Of the linear kernel of (rows, features); `fixed` are (rows, q) unpenalised columns."""
        if len(features) <= features.shape[1]:
            return cls.of_kernel(features @ features.T, fixed)
        basis = orthonormal(fixed)
        free = features - basis @ (basis.T @ features)
        values, axes = np.linalg.eigh(free.T @ free)  # several times faster than singular values with many rows
        kept = _considerable(values)
        return cls._ordered(free @ axes[:, kept] / np.sqrt(values[kept]), values[kept], basis)

    @classmethod
    def of_kernel(cls, kernel: Float64Array, fixed: Float64Array) -> Spectrum:
        """Of any positive semi-definite (rows, rows) kernel."""
        basis = orthonormal(fixed)
        free = kernel - basis @ (basis.T @ kernel)
        free -= (free @ basis) @ basis.T
        values, vectors = np.linalg.eigh((free + free.T) / 2)
        kept = _considerable(values)
        return cls._ordered(vectors[:, kept], values[kept], basis)

    @classmethod
    def _ordered(cls, vectors: Float64Array, values: Float64Array, basis: Float64Array) -> Spectrum:
        return cls(np.ascontiguousarray(vectors[:, ::-1]), values[::-1].copy(), basis)

    def dual(self, responses: Float64Array, alpha: Float64Array) -> Float64Array:
        """(rows, outputs) coefficients on the kernel's rows, for one alpha an output."""
        inside = self.vectors.T @ responses  # (r, outputs)
        return np.asarray(self.vectors @ (inside / (self.values[:, None] + alpha)), dtype=np.float64)


def _considerable(values: Float64Array) -> BoolArray:
    return np.asarray(values > max(NEGLIGIBLE * float(values.max(initial=0.0)), ROUNDING), dtype=np.bool_)


def orthonormal(columns: Float64Array) -> Float64Array:
    """Orthonormal basis of the span of a few columns; dependent ones are dropped."""
    vectors, singular, _ = np.linalg.svd(columns, full_matrices=False)
    return np.asarray(vectors[:, singular > 1e-9 * singular.max(initial=0.0)], dtype=np.float64)


def left_out_errors(
    spectrum: Spectrum, responses: Float64Array, alphas: Float64Array, groups: IntArray
) -> Float64Array:
    """(alphas, outputs) mean squared error when each group is predicted by a fit on all other rows.

    Args:
        spectrum: of the penalised part.
        responses: (rows, outputs).
        alphas: penalties.
        groups: (rows,) labels; with a single group every row leaves by itself.
    """
    shrink = spectrum.values[:, None] / (spectrum.values[:, None] + alphas)  # (r, alphas)
    inside = (spectrum.vectors.T @ responses)[:, None, :] * shrink[:, :, None]  # (r, alphas, outputs)
    fitted = np.tensordot(spectrum.vectors, inside, axes=1)  # (rows, alphas, outputs)
    residuals = (responses - spectrum.fixed @ (spectrum.fixed.T @ responses))[:, None] - fitted
    total = np.zeros(residuals.shape[1:])
    for rows in rows_by_group_size(groups):
        if rows.shape[1] == 1:
            total += _single_errors(spectrum, shrink, residuals, rows[:, 0])
        else:
            total += [_group_errors(spectrum, weight, residuals[:, n], rows) for n, weight in enumerate(shrink.T)]
    return np.asarray(total / len(responses), dtype=np.float64)


def _single_errors(spectrum: Spectrum, shrink: Float64Array, residuals: Float64Array, rows: IntArray) -> Float64Array:
    """(alphas, outputs) summed squares of the rows that leave alone, for all penalties at once."""
    hat = spectrum.vectors[rows] ** 2 @ shrink + (spectrum.fixed[rows] ** 2).sum(axis=1, keepdims=True)
    return np.asarray(((residuals[rows] / (ALONE - hat)[:, :, None]) ** 2).sum(axis=0), dtype=np.float64)


def _group_errors(spectrum: Spectrum, weight: Float64Array, residuals: Float64Array, rows: IntArray) -> Float64Array:
    """(outputs,) summed squares of groups of one size, (groups, size) rows, for one penalty."""
    vectors, fixed = spectrum.vectors[rows], spectrum.fixed[rows]  # (groups, size, r or q)
    hat = (vectors * weight) @ vectors.swapaxes(1, 2) + fixed @ fixed.swapaxes(1, 2)
    left_out = np.linalg.solve(ALONE * np.eye(rows.shape[1]) - hat, residuals[rows])
    return np.asarray((left_out**2).sum(axis=(0, 1)), dtype=np.float64)


def rows_by_group_size(groups: IntArray) -> list[IntArray]:
    """Row numbers as one (groups, size) array for each size of group; every row by itself if there is one group."""
    if (groups == groups[0]).all():
        groups = np.arange(len(groups))
    _, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    rows = np.argsort(inverse, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return [np.stack([rows[s : s + size] for s in starts[sizes == size]]) for size in np.unique(sizes)]


def choose_penalty(spectrum: Spectrum, responses: Float64Array, groups: IntArray) -> Float64Array:
    """(outputs,) the penalty on a logarithmic grid with the least error under leaving groups out.

    Args:
        spectrum: of the penalised part.
        responses: (rows, outputs).
        groups: (rows,) labels; rows with the same label leave together.
    """
    if not spectrum.values.size:
        return np.ones(responses.shape[1])
    grid = GRID * spectrum.values[0]
    errors = left_out_errors(spectrum, responses, grid, groups)
    # of equal errors (a response that is constant) the largest penalty
    best = len(grid) - 1 - np.argmin(errors[::-1], axis=0)
    return np.asarray(grid[best], dtype=np.float64)


def centred_ridge(
    features: Float64Array, responses: Float64Array, groups: IntArray
) -> tuple[Float64Array, Float64Array]:
    """(features, outputs) coefficients and (outputs,) intercepts of ridge regressions with penalties as chosen above.

    Args:
        features: (rows, features).
        responses: (rows, outputs).
        groups: (rows,) labels; rows with the same label leave together.
    """
    centre = features.mean(axis=0)
    spectrum = Spectrum.of_features(features - centre, np.ones((len(features), 1)))
    dual = spectrum.dual(responses, choose_penalty(spectrum, responses, groups))
    coefficients = (features - centre).T @ dual
    return coefficients, responses.mean(axis=0) - centre @ coefficients
