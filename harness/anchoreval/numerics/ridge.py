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

from anchoreval.arrays import Float64Array, IntArray

GRID = np.geomspace(1e-5, 10.0, 25)
"""Penalties tried, in units of the largest eigenvalue."""

NEGLIGIBLE = 1e-10
"""Directions below this share of the largest eigenvalue are rounding noise."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Eigenvectors (rows, r) and eigenvalues (r,) > 0 of a Gram matrix freed of `fixed`, (rows, q) orthonormal."""

    vectors: Float64Array
    values: Float64Array
    fixed: Float64Array

    @classmethod
    def of_features(cls, features: Float64Array, fixed: Float64Array) -> Spectrum:
        """Of the linear kernel of (rows, features); `fixed` are (rows, q) unpenalised columns."""
        basis = orthonormal(fixed)
        vectors, singular, _ = np.linalg.svd(features - basis @ (basis.T @ features), full_matrices=False)
        return cls._trimmed(vectors, singular**2, basis)

    @classmethod
    def of_kernel(cls, kernel: Float64Array, fixed: Float64Array) -> Spectrum:
        """Of any positive semi-definite (rows, rows) kernel."""
        basis = orthonormal(fixed)
        free = kernel - basis @ (basis.T @ kernel)
        free -= (free @ basis) @ basis.T
        values, vectors = np.linalg.eigh((free + free.T) / 2)
        return cls._trimmed(vectors[:, ::-1], values[::-1], basis)

    @classmethod
    def _trimmed(cls, vectors: Float64Array, values: Float64Array, basis: Float64Array) -> Spectrum:
        kept = values > NEGLIGIBLE * max(float(values.max(initial=0.0)), np.finfo(np.float64).tiny)
        return cls(np.ascontiguousarray(vectors[:, kept]), values[kept], basis)

    def dual(self, responses: Float64Array, alpha: Float64Array) -> Float64Array:
        """(rows, outputs) coefficients on the kernel's rows, for one alpha an output."""
        inside = self.vectors.T @ responses  # (r, outputs)
        return np.asarray(self.vectors @ (inside / (self.values[:, None] + alpha)), dtype=np.float64)


def orthonormal(columns: Float64Array) -> Float64Array:
    """Orthonormal basis of the span of a few columns; dependent ones are dropped."""
    vectors, singular, _ = np.linalg.svd(columns, full_matrices=False)
    return np.asarray(vectors[:, singular > 1e-9 * singular.max(initial=0.0)], dtype=np.float64)


def left_out_errors(spectrum: Spectrum, responses: Float64Array, alpha: float, groups: list[IntArray]) -> Float64Array:
    """(outputs,) mean squared error when each group is predicted by a fit on all other rows.

    Args:
        spectrum: of the penalised part.
        responses: (rows, outputs).
        alpha: penalty.
        groups: row numbers, one (groups, size) array for each size of group that occurs.
    """
    shrink = spectrum.values / (spectrum.values + alpha)
    inside = spectrum.vectors.T @ responses
    residuals = (
        responses - spectrum.fixed @ (spectrum.fixed.T @ responses) - spectrum.vectors @ (shrink[:, None] * inside)
    )
    total = np.zeros(responses.shape[1])
    for rows in groups:
        hat = _blocks(spectrum.vectors[rows], shrink) + _blocks(spectrum.fixed[rows], np.ones(spectrum.fixed.shape[1]))
        # a group that alone decides a direction has no prediction without it: a huge error instead of a division by 0
        open_part = np.eye(rows.shape[1]) * (1.0 + 1e-9) - hat
        total += (np.linalg.solve(open_part, residuals[rows]) ** 2).sum(axis=(0, 1))
    return np.asarray(total / len(responses), dtype=np.float64)


def _blocks(vectors: Float64Array, weights: Float64Array) -> Float64Array:
    """(groups, size, size) weighted products of the (groups, size, r) rows of each group with each other."""
    if vectors.shape[1] == 1:  # nearly always; a matrix product for each single row would be slow
        return np.asarray((vectors**2 @ weights)[:, :, None], dtype=np.float64)
    return np.asarray((vectors * weights) @ vectors.swapaxes(1, 2), dtype=np.float64)


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
    rows = rows_by_group_size(groups)
    grid = GRID * spectrum.values[0]
    errors = np.stack([left_out_errors(spectrum, responses, float(alpha), rows) for alpha in grid])
    # of equal errors (a response that is constant) the largest penalty
    best = len(grid) - 1 - np.argmin(errors[::-1], axis=0)
    return np.asarray(grid[best], dtype=np.float64)
