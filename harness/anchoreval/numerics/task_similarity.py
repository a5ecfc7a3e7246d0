"""How alike tasks are, from one signature a task: what BenTo chooses representative tasks by (arXiv 2410.13804).

A signature is a row of numbers: how well exemplars of the task help on every other task, or how well each source model
does on it. Columns are normalised, distances D between rows become similarities S = c max(D) - D (form `sim`), and a
second form (`le`) embeds the tasks by Laplacian eigenmaps of S and takes cosines of the embedding.

Three facts decide what the options can do. For a non-empty set of tasks, adding a constant to S adds it to the
facility-location value, so c changes no choice in form `sim`. Taking a constant off a column changes no difference of
rows, so the column means matter to the cosine metric alone. And the eigenvectors of a Laplacian are orthonormal: with
all of them the rows are orthonormal as well, the cosine kernel is the identity, and every choice of tasks is as good
as any other. Form `le` is therefore cut to fewer eigenvectors than there are tasks. The trivial one, of eigenvalue 0,
is left out: it tells degrees, not neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import Float32Array, Float64Array, IntArray
from anchoreval.errors import MethodOptionError
from anchoreval.numerics.item_similarity import GRID_BITS

METRICS = ("euclidean", "cosine", "chebyshev")
NORMALISATIONS = ("mean", "standard")
FORMS = ("sim", "le")
MOST_EIGENVECTORS = 10
"""What `default_eigenvectors` stops at: the number in the paper's figure of clusters."""
FLAT = 1e-12
"""Spreads and lengths below this are rounding."""


@dataclass(frozen=True, eq=False)
class TaskSimilarity:
    """A kernel between tasks as the greedy search reads it: shifted and scaled into [0, 1], on the grid of 2^-20.

    Shift and scale change no choice; the grid makes sums exact, so that ties are true ties on every machine
    (see `anchoreval.numerics.item_similarity`).

    Attributes:
        values: (tasks, tasks) in [0, 1]; all 1 where the kernel is constant.
    """

    values: Float32Array

    @classmethod
    def of_kernel(cls, kernel: Float64Array) -> TaskSimilarity:
        """From any symmetric (tasks, tasks) kernel of finite numbers."""
        low, spread = kernel.min(), np.ptp(kernel)
        scaled = (kernel - low) / spread if spread > FLAT else np.ones_like(kernel)
        return cls(np.asarray(np.rint(scaled * 2.0**GRID_BITS) * 2.0**-GRID_BITS, dtype=np.float32))

    @property
    def n_items(self) -> int:
        """Number of tasks."""
        return len(self.values)

    def block(self, rows: IntArray | slice, columns: IntArray | slice = slice(None)) -> Float32Array:
        """(rows, columns) similarities of some tasks with others."""
        return np.asarray(self.values[rows][:, columns], dtype=np.float32)

    def row_blocks(self) -> list[slice]:
        """All rows as one slice: there are few tasks."""
        return [slice(0, self.n_items)]


def task_kernel(
    signatures: Float64Array,
    *,
    form: str = "sim",
    metric: str = "euclidean",
    normalise: str = "mean",
    c: float = 1.5,
    eigenvectors: int | None = None,
) -> Float64Array:
    """(tasks, tasks) kernel of either form from one signature a task.

    Args:
        signatures: (tasks, columns) finite numbers.
        form: `sim` or `le`.
        metric: distance between rows, one of `METRICS`.
        normalise: of the columns, one of `NORMALISATIONS`.
        c: at least 1.
        eigenvectors: of form `le`, fewer than tasks; None: `default_eigenvectors`.

    Raises:
        MethodOptionError: there is no such form, metric or normalisation, or too many eigenvectors.
    """
    _one_of("form", form, FORMS)
    similarity = similarity_of(distances(normalised(signatures, normalise), metric), c)
    return similarity if form == "sim" else eigenmap_kernel(similarity, eigenvectors)


def normalised(signatures: Float64Array, how: str = "mean") -> Float64Array:
    """(tasks, columns) with column means taken off and, with `standard`, columns divided by their deviation.

    A column that does not vary becomes 0.

    Raises:
        MethodOptionError: no such normalisation.
    """
    _one_of("normalise", how, NORMALISATIONS)
    centred = signatures - signatures.mean(axis=0)
    if how == "mean":
        return np.asarray(centred, dtype=np.float64)
    deviation = signatures.std(axis=0)
    return np.asarray(np.where(deviation > FLAT, centred / np.maximum(deviation, FLAT), 0.0), dtype=np.float64)


def distances(signatures: Float64Array, metric: str = "euclidean") -> Float64Array:
    """(tasks, tasks) distances between rows; `cosine` is 1 minus the cosine, of a zero row 1 to all others.

    Raises:
        MethodOptionError: no such metric.
    """
    _one_of("metric", metric, METRICS)
    if metric == "cosine":
        between = 1.0 - _cosines(signatures)
        np.fill_diagonal(between, 0.0)
        return between
    return np.stack([_row_distances(signatures - row, metric) for row in signatures])


def similarity_of(between: Float64Array, c: float = 1.5) -> Float64Array:
    """(tasks, tasks) S = c max(D) - D; not negative for c of at least 1."""
    return np.asarray(c * between.max() - between, dtype=np.float64)


def default_eigenvectors(n_tasks: int) -> int:
    """A quarter of the number of tasks, 1 to 10: the more are kept, the closer the kernel comes to the identity (ours).

    The paper names no number.
    """
    return int(np.clip(n_tasks // 4, 1, MOST_EIGENVECTORS))


def eigenmap_kernel(similarity: Float64Array, eigenvectors: int | None = None) -> Float64Array:
    """(tasks, tasks) kernel (1 + cosine) / 2 in [0, 1] between Laplacian eigenmaps of a similarity.

    The embedding of a task is its row of the first eigenvectors, the trivial one left out, of
    I - Deg^-1/2 W Deg^-1/2, with W the similarity without its diagonal.

    Args:
        similarity: (tasks, tasks) symmetric, not negative; the diagonal is not looked at.
        eigenvectors: to keep, at least 1 and fewer than tasks; None: `default_eigenvectors`.

    Raises:
        MethodOptionError: as many eigenvectors as tasks or more: the kernel would be the identity.
    """
    n_tasks = len(similarity)
    if n_tasks == 1:
        return np.ones((1, 1))
    kept = default_eigenvectors(n_tasks) if eigenvectors is None else eigenvectors
    if not 1 <= kept < n_tasks:
        raise MethodOptionError(
            f"eigenvectors = {kept} is not between 1 and {n_tasks - 1}: with as many as the {n_tasks} tasks there are, "
            "their embeddings are orthogonal and all sets of tasks are equally good"
        )
    if not (similarity[~np.eye(n_tasks, dtype=np.bool_)] > FLAT).any():  # nothing joins any two: all count the same
        return np.ones((n_tasks, n_tasks))
    _, vectors = np.linalg.eigh(normalised_laplacian(similarity))
    return np.asarray((1.0 + _cosines(vectors[:, 1 : kept + 1])) / 2.0, dtype=np.float64)


def normalised_laplacian(similarity: Float64Array) -> Float64Array:
    """(tasks, tasks) I - Deg^-1/2 W Deg^-1/2 with the diagonal of W at 0; a task without neighbours stands alone."""
    joined = similarity - np.diag(np.diag(similarity))
    degree = joined.sum(axis=1)
    scale = np.where(degree > FLAT, 1.0 / np.sqrt(np.maximum(degree, FLAT)), 0.0)
    return np.asarray(np.eye(len(joined)) - scale[:, None] * joined * scale, dtype=np.float64)


def _row_distances(differences: Float64Array, metric: str) -> Float64Array:
    if metric == "chebyshev":
        return np.asarray(np.abs(differences).max(axis=1), dtype=np.float64)
    return np.asarray(np.sqrt((differences**2).sum(axis=1)), dtype=np.float64)


def _cosines(rows: Float64Array) -> Float64Array:
    length = np.sqrt((rows**2).sum(axis=1, keepdims=True))
    unit = np.where(length > FLAT, rows / np.maximum(length, FLAT), 0.0)
    return np.asarray(np.clip(np.einsum("ik,jk->ij", unit, unit), -1.0, 1.0), dtype=np.float64)


def _one_of(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise MethodOptionError(f"{option} {value!r} is not one of {', '.join(choices)}")
