"""Interval rules: how residuals of calibration models become the half-width of a target's interval.

A rule sees the table of residuals and where the targets stand (`anchoreval.reconstruction.calibration`), never a
target's truth. Every group of calibration models counts once, whatever the rule.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd

from anchoreval.arrays import BoolArray, Float64Array, IntArray
from anchoreval.numerics.conformal import conformal_quantile, group_weights, groups_needed, weighted_quantiles
from anchoreval.numerics.density_ratio import density_ratio, effective_number
from anchoreval.numerics.residual_scale import ResidualScale
from anchoreval.reconstruction.scale import features_of


class IntervalRule(Protocol):
    """Turns residuals into half-widths and standard errors."""

    @property
    def name(self) -> str:
        """What the rule is called in `intervals=`."""
        ...

    def half_widths(self, residuals: pd.DataFrame, targets: pd.DataFrame, level: float) -> Float64Array:
        """(targets,) half-width at a level, in score units; infinite where there are too few groups for it."""
        ...

    def standard_errors(self, residuals: pd.DataFrame, targets: pd.DataFrame) -> Float64Array:
        """(targets,) root mean squared error to expect, in score units; there is at least one residual."""
        ...

    def of(self, rows: BoolArray) -> IntervalRule:
        """The rule for so many of the residuals that it was made for."""
        ...


@dataclass(frozen=True)
class Split:
    """The same width for every target: split conformal on absolute residuals."""

    name: str = field(default="split", init=False)

    def half_widths(self, residuals: pd.DataFrame, targets: pd.DataFrame, level: float) -> Float64Array:
        """One quantile of the absolute residuals for all."""
        return np.full(len(targets), conformal_quantile(_sizes(residuals), level, _groups(residuals)))

    def standard_errors(self, residuals: pd.DataFrame, targets: pd.DataFrame) -> Float64Array:
        """One root mean square for all."""
        return np.full(len(targets), root_mean_square(residuals["residual"], _groups(residuals)))

    def of(self, rows: BoolArray) -> Split:
        """Itself: it keeps nothing of them."""
        return self


@dataclass(frozen=True, eq=False)
class Normalised:
    """Widths in proportion to a scale of residuals (see `anchoreval.reconstruction.scale`).

    Attributes:
        scale: of targets.
        own_scales: (residuals,) where the calibration models have scales of their own (cross-fitted); else `scale`.
    """

    scale: ResidualScale
    own_scales: Float64Array | None = None
    name: str = field(default="normalised", init=False)

    def half_widths(self, residuals: pd.DataFrame, targets: pd.DataFrame, level: float) -> Float64Array:
        """The quantile of normalised residuals, times the target's scale."""
        quantile = conformal_quantile(_sizes(residuals) / self._scales(residuals), level, _groups(residuals))
        return quantile * self.scale(features_of(targets))

    def standard_errors(self, residuals: pd.DataFrame, targets: pd.DataFrame) -> Float64Array:
        """The root mean square of normalised residuals, times the target's scale."""
        typical = root_mean_square(_sizes(residuals) / self._scales(residuals), _groups(residuals))
        return typical * self.scale(features_of(targets))

    def of(self, rows: BoolArray) -> Normalised:
        """The same with the scales of these rows."""
        return self if self.own_scales is None else Normalised(self.scale, self.own_scales[rows])

    def _scales(self, residuals: pd.DataFrame) -> Float64Array:
        return self.scale(features_of(residuals)) if self.own_scales is None else self.own_scales


@dataclass(frozen=True, eq=False)
class Mondrian:
    """A quantile of its own for every cell of models: a family, or a bin of the estimate.

    A cell with too few groups for the level gets the quantile of all, as does a target whose family is unknown; the
    level then holds for the calibration models as a whole, not for that cell.

    Source: Vovk, Gammerman and Shafer (2005), section 4.5.

    Attributes:
        edges: (bins - 1,) between bins of the estimate, set by the selecting models; None takes families.
    """

    FEWEST_GROUPS = 10
    edges: Float64Array | None = None

    @property
    def name(self) -> str:
        """Says what the cells are."""
        return "mondrian_family" if self.edges is None else "mondrian"

    def half_widths(self, residuals: pd.DataFrame, targets: pd.DataFrame, level: float) -> Float64Array:
        """The quantile of the target's cell."""
        sizes, groups = _sizes(residuals), _groups(residuals)
        cells, theirs = self._cells(residuals, targets)
        widths = np.full(len(targets), conformal_quantile(sizes, level, groups))
        for cell in np.unique(theirs[theirs >= 0]):
            quantile = conformal_quantile(sizes[cells == cell], level, groups[cells == cell])
            if np.isfinite(quantile):
                widths[theirs == cell] = quantile
        return widths

    def standard_errors(self, residuals: pd.DataFrame, targets: pd.DataFrame) -> Float64Array:
        """The root mean square of the target's cell, of all residuals where the cell has fewer than 10 groups."""
        sizes, groups = _sizes(residuals), _groups(residuals)
        cells, theirs = self._cells(residuals, targets)
        errors = np.full(len(targets), root_mean_square(sizes, groups))
        for cell in np.unique(theirs[theirs >= 0]):
            if len(np.unique(groups[cells == cell])) >= self.FEWEST_GROUPS:
                errors[theirs == cell] = root_mean_square(sizes[cells == cell], groups[cells == cell])
        return errors

    def of(self, rows: BoolArray) -> Mondrian:
        """Itself: it keeps nothing of them."""
        return self

    def _cells(self, residuals: pd.DataFrame, targets: pd.DataFrame) -> tuple[IntArray, IntArray]:
        """Number of each calibration model's and each target's cell, -1 for none."""
        if self.edges is not None:
            both = (np.searchsorted(self.edges, t["estimate"].to_numpy(), side="right") for t in (residuals, targets))
            cells, theirs = (np.asarray(numbers, dtype=np.int64) for numbers in both)
            return cells, theirs
        codes = pd.factorize(pd.concat([residuals["family"], targets["family"]]).astype(object))[0].astype(np.int64)
        return codes[: len(residuals)], codes[len(residuals) :]


@dataclass(frozen=True)
class Weighted:
    """One width a target, from residuals that count by how much their models resemble the targets.

    Calibration models weigh by the ratio of the targets' density of estimates to their own, learnt on the targets
    that are predicted together: with few of them there is little to learn, and the weights stay near each other.
    Valid as far as errors depend on the estimate in the same way among targets as among calibration models and the
    ratio is right. Where the calibration models that resemble the targets count as fewer groups than the level needs,
    intervals are everything. Source: Tibshirani, Barber, Candes and Ramdas (arXiv 1904.06019), section 2.
    """

    name: str = field(default="weighted", init=False)

    def half_widths(self, residuals: pd.DataFrame, targets: pd.DataFrame, level: float) -> Float64Array:
        """The weighted quantile, infinite where the effective number of groups does not allow the level."""
        weights, own = likeness(residuals, targets)
        if effective_groups(residuals, weights) < groups_needed(level):
            return np.full(len(targets), np.inf)
        return weighted_quantiles(_sizes(residuals), level, weights, own)

    def standard_errors(self, residuals: pd.DataFrame, targets: pd.DataFrame) -> Float64Array:
        """The weighted root mean square, one for all."""
        weights, _ = likeness(residuals, targets)
        return np.full(len(targets), float(np.sqrt(weights @ _sizes(residuals) ** 2 / weights.sum())))

    def of(self, rows: BoolArray) -> Weighted:
        """Itself: it keeps nothing of them."""
        return self


def likeness(residuals: pd.DataFrame, targets: pd.DataFrame) -> tuple[Float64Array, Float64Array]:
    """(residuals,) and (targets,) weights by how much more often such an estimate comes among targets.

    The rows of a group share its weight.
    """
    groups = _groups(residuals)
    alone = group_weights(groups) * len(np.unique(groups))
    theirs = targets["estimate"].to_numpy(dtype=np.float64)
    ratio = density_ratio(residuals["estimate"].to_numpy(dtype=np.float64), theirs, alone)
    return ratio[: len(residuals)] * alone, ratio[len(residuals) :]


def effective_groups(residuals: pd.DataFrame, weights: Float64Array) -> float:
    """How many equally weighted groups say as much as these weighted ones (Kish)."""
    groups = np.unique(_groups(residuals), return_inverse=True)[1]
    return effective_number(np.asarray(np.bincount(groups, weights), dtype=np.float64))


def root_mean_square(values: Any, groups: Any) -> float:
    """Of values of which every group counts once."""
    return float(np.sqrt(np.asarray(values, dtype=np.float64) ** 2 @ group_weights(groups)))


def _sizes(residuals: pd.DataFrame) -> Float64Array:
    return np.asarray(residuals["residual"].abs(), dtype=np.float64)


def _groups(residuals: pd.DataFrame) -> Any:
    return residuals["group"].to_numpy(dtype=str)
