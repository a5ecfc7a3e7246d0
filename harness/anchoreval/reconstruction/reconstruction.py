"""`Reconstruction`: a fitted estimator, what it got wrong on other models, and the rule that makes intervals of it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.errors import ConfigurationError
from anchoreval.estimators.answered import anchor_positions
from anchoreval.estimators.reach import Reach
from anchoreval.methods import Estimator
from anchoreval.numerics.conformal import attainable_level, group_weights
from anchoreval.reconstruction.calibration import standing
from anchoreval.reconstruction.rules import IntervalRule, Split, effective_groups, likeness, root_mean_square
from anchoreval.registry import method_name
from anchoreval.responses import SCORE, ResponseMatrix


class IntervalWarning(UserWarning):
    """Intervals are unavailable, or wider than asked for, because there are too few calibration models."""


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """Reconstructs full scores of targets from their answers on the anchors. Make it with `reconstruct_from`.

    Attributes:
        estimator: fitted.
        estimator_seed: the seed it was fitted with.
        benchmark: name of the benchmark.
        items_digest: digest of the whole benchmark's items.
        anchors: ids of the anchors that targets must hold.
        residuals: a row a calibration model: `residual` (estimate minus truth), `estimate`, `truth`, in score units,
            `group`, `distance` to the nearest source (root mean squared difference of answers), `family`; empty
            without calibration models. Where the models are too few to set some aside, a row a source: what whole
            repetitions of selection and fit without it got wrong.
        reach: where the sources are, for the `extrapolating` flag (see `anchoreval.estimators.reach`).
        rule: how residuals become widths (see `anchoreval.reconstruction.rules`).
        intervals: the rule that was asked for, by name.
        crossed: whether the residuals come from repetitions without a fold.
    """

    estimator: Estimator
    estimator_seed: int
    benchmark: str
    items_digest: str
    anchors: pd.Index[Any]
    residuals: pd.DataFrame
    reach: Reach
    rule: IntervalRule = field(default_factory=Split)
    intervals: str = "split"
    crossed: bool = False

    @property
    def attainable_level(self) -> float:
        """The highest level an interval can have: G / (G + 1) with G groups of calibration models."""
        return attainable_level(self.residuals["group"])

    @property
    def expected_error(self) -> float | None:
        """Mean absolute error on calibration models in score units, each group counting once; None without any."""
        if self.residuals.empty:
            return None
        return float(self.residuals["residual"].abs() @ self._weights())

    @property
    def standard_error(self) -> float:
        """Root mean squared error on calibration models in score units, each group counting once; NaN without any."""
        if self.residuals.empty:
            return float("nan")
        return root_mean_square(self.residuals["residual"], self._groups())

    @property
    def slope(self) -> float:
        """Regression of truth on estimate over calibration models, each group counting once; NaN without any.

        1: a difference between two estimates is, on average, the difference to expect between the true scores. Below 1
        estimates are too far apart, above 1 too close together.
        """
        return self._regression("truth", "estimate")

    @property
    def shrinkage_slope(self) -> float:
        """Regression of estimate on truth over calibration models, each group counting once; NaN without any.

        What is left, on average, of a true difference between two models. A good regression has `slope` 1 and this
        below 1, by the share of the truth's variance that it cannot explain; a mean of random anchors has it near 1.
        """
        return self._regression("estimate", "truth")

    def __repr__(self) -> str:
        chosen = getattr(self.estimator, "chosen", "")
        method = f"{method_name(self.estimator)} -> {chosen}" if chosen else method_name(self.estimator)
        error, count = self.expected_error, len(self.residuals)
        sized = "errors unknown" if error is None else f"expected error {100 * error:.1f} points by {count} models"
        return f"Reconstruction({self.benchmark!r}: {len(self.anchors)} anchors read by {method}, {sized})"

    def _regression(self, response: str, predictor: str) -> float:
        weights = self._weights()
        x, y = (self.residuals[name].to_numpy(dtype=np.float64) for name in (predictor, response))
        x = x - weights @ x
        spread = float(weights @ x**2)
        return float(weights @ (x * y)) / spread if spread > 0 else float("nan")

    def _groups(self) -> Any:
        return self.residuals["group"].to_numpy(dtype=str)

    def _weights(self) -> Float64Array:
        return group_weights(self._groups())

    def effective_groups(self, targets: ResponseMatrix) -> float:
        """How many calibration groups say as much of these targets as they would if they resembled them (Kish).

        Calibration models weigh by how much more often their estimate comes among the targets: the number is close to
        that of the groups where the targets are like them, and falls the further the targets drift. The rule
        `weighted` uses these weights. 0 without calibration models.
        """
        if self.residuals.empty:
            return 0.0
        answers = targets.part(self.anchors)
        weights, _ = likeness(self.residuals, standing(self.estimator.predict(answers)[SCORE], answers, self.reach))
        return effective_groups(self.residuals, weights)

    def predict(self, targets: ResponseMatrix, level: float = 0.95) -> pd.DataFrame:
        """Reconstruct the targets' scores.

        Args:
            targets: models with answers on all anchors (further items are ignored).
            level: probability with which an interval shall hold a new model's full score, in (0, 1).

        Returns:
            A row a target: `score`, `lower`, `upper`, `standard_error` (in [0, 1]), `extrapolating`, then a column a
            subject. Without calibration models the three in the middle are NaN; with too few for the level the
            interval is all of [0, 1]; both warn (`IntervalWarning`). A target that answered no anchor is NaN and
            counts as extrapolating.

        Raises:
            AnchorSetError: the targets lack an anchor (the first one is named).
            ConfigurationError: the level is not between 0 and 1.
        """
        if not 0.0 < level < 1.0:
            raise ConfigurationError(f"level {level:g} is not between 0 and 1")
        anchor_positions(self.anchors, targets)
        answers = targets.part(self.anchors)
        estimates = self.estimator.predict(answers)
        score = estimates[SCORE].to_numpy(dtype=np.float64)
        width, error = self._sized(standing(estimates[SCORE], answers, self.reach), level)
        head = pd.DataFrame(
            {SCORE: score, "lower": np.clip(score - width, 0.0, 1.0), "upper": np.clip(score + width, 0.0, 1.0)},
            index=targets.models.index,
        )
        head["standard_error"] = np.where(np.isnan(score), np.nan, error)
        head["extrapolating"] = self.reach.exceeded_by(answers)
        return pd.concat([head, estimates.drop(columns=SCORE)], axis=1)

    def _sized(self, targets: pd.DataFrame, level: float) -> tuple[Float64Array, Float64Array]:
        """(targets,) half-widths and standard errors, with a warning where they are not what was asked for."""
        if self.residuals.empty:
            warnings.warn("no calibration models: intervals are unavailable (NaN)", IntervalWarning, stacklevel=3)
            unknown = np.full(len(targets), np.nan)
            return unknown, unknown
        width = self.rule.half_widths(self.residuals, targets, level)
        if np.isinf(width).any():
            warnings.warn(self._shortage(targets, width, level), IntervalWarning, stacklevel=3)
        return width, self.rule.standard_errors(self.residuals, targets)

    def _shortage(self, targets: pd.DataFrame, width: Float64Array, level: float) -> str:
        groups = self.residuals["group"].nunique()
        if self.rule.name != "weighted":
            return (
                f"{groups} groups of calibration models allow intervals of at most {self.attainable_level:.1%}, "
                f"not {level:.1%}: intervals are 0 to 1"
            )
        effective = effective_groups(self.residuals, likeness(self.residuals, targets)[0])
        return (
            f"{groups} groups of calibration models count as {effective:.1f} that resemble the targets, which allows "
            f"no {level:.1%}: intervals of {int(np.isinf(width).sum())} of {len(width)} targets are 0 to 1"
        )
