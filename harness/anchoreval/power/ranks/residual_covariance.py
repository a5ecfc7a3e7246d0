"""How errors of reconstructed scores go together, learnt from models that neither chose anchors nor fitted anything.

Models that answer the anchors alike get like estimates and, as far as they are alike beyond the anchors, like errors:
such errors cancel in a difference, and a leaderboard tells close kin apart more sharply than independent errors would.
The opposite holds for models that have little in common. Residuals of calibration models, each over its expected size,
show it pair by pair, as in a variogram:

    correlation(similarity) = 1 - mean (z_i - z_j)^2 / 2 over the mean of z^2,

z being a residual over its size. What all models share drops out of the difference and counts as correlation.

* Similarity is any number in [0, 1], such as the share of anchors answered alike (`signature_agreement`). The
  correlation is made to rise with it (see `anchoreval.power.ranks.correlation_curve`).
* Pairs of one family have a curve of their own, never below that of strangers. Measured on held-out models with 50
  anchors: where nine anchors of ten are answered alike, errors of strangers correlate by about 0 on arc and by .3 to .6
  on musr and ifeval; those of kin by .6 on arc, on the others no more than those of strangers.
* Pairs share models, so models are counted, and groups (variants of a base model) as one model each. What few models
  say is drawn towards no correlation, for kin towards that of strangers.
* Too few groups: errors are taken as independent, and a note says so.

A correlation for each pair makes no covariance yet: negative eigenvalues are set to 0 and the diagonal restored.

Ours; variogram: Matheron, Principles of geostatistics, Economic Geology 58 (1963).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array, IntArray
from anchoreval.errors import ResponseDataError
from anchoreval.numerics.conformal import group_weights
from anchoreval.power.ranks.correlation_curve import UNCORRELATED, CorrelationCurve, fit_curve

FEWEST_GROUPS = 10
"""Groups of calibration models below which errors are taken as independent."""

_INDEPENDENT = "{groups} groups of calibration models do not show which errors go together: taken as independent"
_NO_KIN = "too few calibration models share a family to show how kin's errors go together: taken as those of others"


@dataclass(frozen=True, eq=False)
class ResidualCovariance:
    """Covariance of the errors of several estimates.

    Attributes:
        matrix: (models, models) in score units squared, symmetric and positive semi-definite.
        clipped: negative eigenvalues of the matrix of correlations that were set to 0, as a share of its trace.
    """

    matrix: Float64Array
    clipped: float


@dataclass(frozen=True, eq=False)
class ResidualVariogram:
    """Correlation of errors by similarity and kinship, and their size. Made by `fit`.

    Attributes:
        strangers: curve for pairs of different or unknown families.
        kin: curve for pairs of one family, before it is held to at least that of strangers.
        size: root mean square of residuals over the scale that was given; 1 where that is their standard deviation.
        groups: number of groups of calibration models.
        degrees_of_freedom: with which `size` is known (Satterthwaite; at most the number of groups).
        note: what could not be learnt, for the reader of a report; None where all was.
    """

    strangers: CorrelationCurve
    kin: CorrelationCurve
    size: float
    groups: int
    degrees_of_freedom: float
    note: str | None

    @classmethod
    def fit(
        cls, residuals: Any, similarity: Any, *, scale: Any = None, same_family: Any = None, groups: Any = None
    ) -> Self:
        """Learn from models whose true scores are known.

        Args:
            residuals: (models,) estimate minus truth; models without one, or without a scale (NaN), are left out.
            similarity: (models, models) in [0, 1]; pairs without one (NaN) are left out.
            scale: (models,) expected size of each residual, up to a common factor, which is learnt; equal by default.
            same_family: (models, models) whether two models are of one family; by default none are known to be.
            groups: (models,) labels of what counts as one model; by default each is its own. Pairs within a group are
                left out.

        Raises:
            ResponseDataError: shapes disagree, or a scale is not positive.
        """
        values = np.asarray(residuals, dtype=np.float64)
        alike, family = _square(similarity, len(values)), _kinship(same_family, len(values))
        labels = np.arange(len(values)) if groups is None else np.asarray(groups)
        z = values / _scale(scale, len(values))
        there = np.isfinite(z)
        inside = np.ix_(there, there)
        number = np.asarray(np.unique(labels[there], return_inverse=True)[1], dtype=np.int64)
        return cls._learnt(_Sample(z[there], alike[inside], number), family[inside])

    @classmethod
    def _learnt(cls, sample: _Sample, family: BoolArray) -> Self:
        known = (sample.size, sample.groups, sample.degrees_of_freedom)
        strangers = sample.curve(~family, UNCORRELATED) if sample.groups >= FEWEST_GROUPS and sample.size > 0 else None
        if strangers is None:
            return cls(UNCORRELATED, UNCORRELATED, *known, _INDEPENDENT.format(groups=sample.groups))
        kin = sample.curve(family, strangers)
        return cls(strangers, kin or strangers, *known, None if kin or not family.any() else _NO_KIN)

    def correlation(self, similarity: Any, same_family: Any = None) -> Float64Array:
        """Correlation of two different models' errors.

        Args:
            similarity: of any shape, in [0, 1] or NaN.
            same_family: of the same shape; by default none are known to be of one family.
        """
        apart = self.strangers(similarity)
        if same_family is None:
            return apart
        return np.where(np.asarray(same_family, dtype=np.bool_), np.maximum(apart, self.kin(similarity)), apart)

    def covariance(self, similarity: Any, scale: Any = None, same_family: Any = None) -> ResidualCovariance:
        """Covariance of the errors of new models' estimates.

        Args:
            similarity: (models, models) in [0, 1] or NaN.
            scale: (models,) expected size of each error, in the units of `fit`; NaN for a model without an estimate,
                whose row becomes NaN.
            same_family: (models, models), see `fit`.

        Raises:
            ResponseDataError: shapes disagree, or a scale is not positive.
        """
        alike = np.asarray(similarity, dtype=np.float64)
        sizes = self.size * _scale(scale, len(alike))
        correlation = self.correlation(_square(alike, len(alike)), _kinship(same_family, len(alike)))
        repaired, clipped = nearest_correlation(correlation)
        return ResidualCovariance(repaired * sizes[:, None] * sizes, clipped)


def signature_agreement(answers: Any) -> Float64Array:
    """(models, models) how alike models answered: 1 minus the mean absolute difference over items both answered.

    For right and wrong that is the share of items answered alike; NaN for models without a common item.

    Args:
        answers: (models, items) scores in [0, 1], NaN where not answered.
    """
    scores = np.asarray(answers, dtype=np.float64)
    found = np.full((len(scores), len(scores)), np.nan)
    for row, own in enumerate(scores):
        difference = np.abs(scores - own)
        both = ~np.isnan(difference)
        common = both.sum(axis=1)
        total = difference.sum(axis=1, where=both)
        found[row] = np.where(common > 0, 1.0 - total / np.maximum(common, 1), np.nan)
    return found


def nearest_correlation(correlation: Float64Array) -> tuple[Float64Array, float]:
    """A correlation matrix close to a symmetric one: negative eigenvalues set to 0, the diagonal restored to 1.

    Args:
        correlation: (models, models); what stands on its diagonal is not read.

    Returns:
        The matrix, and the eigenvalues set to 0 as a share of the trace.
    """
    matrix = (correlation + correlation.T) / 2.0
    np.fill_diagonal(matrix, 1.0)
    values, vectors = np.linalg.eigh(matrix)
    if not len(values) or values[0] >= 0.0:
        return matrix, 0.0
    kept = (vectors * np.maximum(values, 0.0)) @ vectors.T
    root = np.sqrt(np.diag(kept))
    kept /= root[:, None] * root
    np.fill_diagonal(kept, 1.0)
    return (kept + kept.T) / 2.0, float(-values[values < 0.0].sum() / len(values))


@dataclass(frozen=True, eq=False)
class _Sample:
    """Calibration models: residuals over their scale, similarities, and the number of each one's group."""

    z: Float64Array
    similarity: Float64Array
    group: IntArray

    @cached_property
    def groups(self) -> int:
        return int(self.group.max(initial=-1)) + 1

    @cached_property
    def square_by_group(self) -> Float64Array:
        """(groups,) mean square of each group's residuals."""
        return np.bincount(self.group, weights=self.z**2) / np.bincount(self.group)

    @property
    def size(self) -> float:
        """Root mean square, each group counting once; NaN without models."""
        return float(np.sqrt(self.square_by_group.mean())) if self.groups else float("nan")

    @property
    def degrees_of_freedom(self) -> float:
        """Twice the squared mean of the groups' squares over the variance of that mean."""
        squares = self.square_by_group
        variance = float(np.var(squares, ddof=1)) if self.groups > 1 else 0.0
        found = 2.0 * self.groups * float(squares.mean()) ** 2 / variance if variance > 0.0 else float(self.groups)
        return float(np.clip(found, min(1.0, self.groups), self.groups))

    def curve(self, pairs: BoolArray, belief: CorrelationCurve) -> CorrelationCurve | None:
        """The curve of some pairs, less those within a group or without a similarity."""
        usable = pairs & (self.group[:, None] != self.group) & ~np.isnan(self.similarity)
        half_squares = ((self.z[:, None] - self.z) / self.size) ** 2 / 2.0
        return fit_curve(half_squares, self.similarity, usable, group_weights(self.group) * self.groups, belief)


def _square(similarity: Any, count: int) -> Float64Array:
    values = np.asarray(similarity, dtype=np.float64)
    if values.shape != (count, count):
        raise ResponseDataError(f"similarities of {count} models have shape {values.shape}")
    if np.any((values < 0.0) | (values > 1.0)):
        raise ResponseDataError("a similarity is outside [0, 1]")
    return values


def _kinship(same_family: Any, count: int) -> BoolArray:
    kin = np.zeros((count, count)) if same_family is None else np.asarray(same_family)
    if kin.shape != (count, count):
        raise ResponseDataError(f"kinship of {count} models has shape {kin.shape}")
    return np.asarray(kin, dtype=np.bool_)


def _scale(scale: Any, count: int) -> Float64Array:
    sizes = np.ones(count) if scale is None else np.asarray(scale, dtype=np.float64)
    if sizes.shape != (count,) or np.any((sizes <= 0.0) | np.isinf(sizes)):
        raise ResponseDataError(f"scales of {count} residuals must be {count} positive numbers")
    return sizes
