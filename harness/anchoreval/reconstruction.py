"""A fitted estimator together with what calibration models say of its errors: estimates with honest intervals.

The estimator is fitted on the models that selected the anchors. Calibration models took no part in selecting or
fitting; the estimator's errors on them are what its errors on new models are like, whatever the estimator is, as long
as new models come from the same population. Intervals are split conformal: estimate plus or minus a quantile of the
absolute residuals, in which every group (base model) counts once, clipped to [0, 1].
"""

from __future__ import annotations

import copy
import dataclasses
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.contract import fit
from anchoreval.errors import AnchorSetError, ConfigurationError, NotApplicableError, TooFewModelsError
from anchoreval.estimators.answered import anchor_positions
from anchoreval.estimators.reach import Reach
from anchoreval.methods import Estimator, Selection
from anchoreval.numerics.conformal import attainable_level, conformal_quantile, group_weights
from anchoreval.registry import make_estimator, method_name
from anchoreval.responses import SCORE, ResponseMatrix
from anchoreval.tables import base_models

SELECT, CALIBRATE = "select", "calibrate"
"""Roles of source models: those that anchors and estimator were made with, and those kept to size errors."""


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
            and `group`; empty without calibration models.
        reach: where the sources are, for the `extrapolating` flag (see `anchoreval.estimators.reach`).
    """

    estimator: Estimator
    estimator_seed: int
    benchmark: str
    items_digest: str
    anchors: pd.Index[Any]
    residuals: pd.DataFrame
    reach: Reach

    @property
    def attainable_level(self) -> float:
        """The highest level an interval can have: G / (G + 1) with G groups of calibration models."""
        return attainable_level(self.residuals["group"])

    @property
    def expected_error(self) -> float | None:
        """Mean absolute error on calibration models in score units, each group counting once; None without any."""
        if self.residuals.empty:
            return None
        return float(self._mean_over_groups(self.residuals["residual"].abs()))

    @property
    def standard_error(self) -> float:
        """Root mean squared error on calibration models in score units, each group counting once; NaN without any."""
        if self.residuals.empty:
            return float("nan")
        return float(np.sqrt(self._mean_over_groups(self.residuals["residual"] ** 2)))

    def _mean_over_groups(self, values: pd.Series[Any]) -> float:
        return float(values.to_numpy(dtype=np.float64) @ group_weights(self.residuals["group"].to_numpy(dtype=str)))

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
        lower, upper = self._interval(score, level)
        head = pd.DataFrame({SCORE: score, "lower": lower, "upper": upper}, index=targets.models.index)
        head["standard_error"] = np.where(np.isnan(score), np.nan, self.standard_error)
        head["extrapolating"] = self.reach.exceeded_by(answers)
        return pd.concat([head, estimates.drop(columns=SCORE)], axis=1)

    def _interval(self, score: Float64Array, level: float) -> tuple[Float64Array, Float64Array]:
        if self.residuals.empty:
            warnings.warn("no calibration models: intervals are unavailable (NaN)", IntervalWarning, stacklevel=3)
            return np.full_like(score, np.nan), np.full_like(score, np.nan)
        groups = self.residuals["group"].to_numpy(dtype=str)
        reach = conformal_quantile(self.residuals["residual"].abs(), level, groups)
        if np.isinf(reach):
            warnings.warn(
                f"{len(np.unique(groups))} groups of calibration models allow intervals of at most"
                f" {self.attainable_level:.1%}, not {level:.1%}: intervals are 0 to 1",
                IntervalWarning,
                stacklevel=3,
            )
        return np.clip(score - reach, 0.0, 1.0), np.clip(score + reach, 0.0, 1.0)


def reconstruct_from(
    sources: ResponseMatrix,
    selection: Selection,
    roles: pd.Series[Any] | None,
    estimator: str | Estimator = "auto",
    seed: int = 0,
    groups: pd.Series[Any] | None = None,
    attached_state: Mapping[str, np.ndarray[Any, Any]] | None = None,
    items_digest: str | None = None,
    missing: str = "refuse",
) -> Reconstruction:
    """Fit an estimator on selecting models and measure its errors on calibration models.

    Args:
        sources: a whole benchmark, or its part on the anchors (`ResponseMatrix.part`).
        selection: the anchors.
        roles: by model, "select", "calibrate" or anything else for neither; None fits on every model that has a full
            score and leaves intervals unavailable.
        estimator: name or estimator.
        seed: of the generator handed to the estimator.
        groups: by model, which models are variants of one another; None takes `base_model` where it is known, else
            every model by itself.
        attached_state: what the estimator learnt before; restored instead of fitting.
        items_digest: of the whole benchmark, where `sources` is a part.
        missing: "allow" takes models that miss more than 5 % of the weight as sources too.

    Raises:
        NotApplicableError: a need of the estimator is not met, or it needs the whole matrix and gets a part.
        TooFewModelsError: no selecting model has a full score.
        AnchorSetError: a model has a role and is not among the sources.
    """
    made = make_estimator(estimator)
    digest = sources.items_digest if items_digest is None else items_digest
    if made.whole_matrix and attached_state is None and sources.items_digest != digest:
        raise NotApplicableError(f"estimator {method_name(made)} needs the whole benchmark, not just the anchors")
    known = sources.part(sources.items.index if made.whole_matrix else selection.items, missing)
    if groups is not None:  # what fits leave out together is then the same as what intervals count once
        known = dataclasses.replace(known, models=known.models.assign(base_model=groups.reindex(known.models.index)))
    known = known.subset(models=known.models.index[known.full_scores.notna()])
    learners = known if roles is None else _in_role(known, roles, SELECT, sources)
    if not learners.n_models:
        raise TooFewModelsError(f"benchmark {sources.name} has no selecting model with a full score to learn from")
    if attached_state is None:
        fitted = fit(made, learners, selection, seed)
    else:
        fitted = copy.deepcopy(made).from_state(attached_state)
    return Reconstruction(
        estimator=fitted,
        estimator_seed=seed,
        benchmark=sources.name,
        items_digest=digest,
        anchors=selection.items,
        residuals=_residuals(fitted, None if roles is None else _in_role(known, roles, CALIBRATE, sources)),
        reach=Reach.of(learners, selection, base_models(learners.models)),
    )


def _in_role(known: ResponseMatrix, roles: pd.Series[Any], role: str, sources: ResponseMatrix) -> ResponseMatrix:
    named = roles.index[roles == role]
    strangers = named.difference(sources.models.index)
    if len(strangers):
        raise AnchorSetError(f"model {strangers[0]!r} has role {role!r} and is not in benchmark {sources.name}")
    return known.subset(models=known.models.index[known.models.index.isin(named)])


def _residuals(fitted: Estimator, calibration: ResponseMatrix | None) -> pd.DataFrame:
    """What the fitted estimator got wrong on calibration models; models that answered no anchor say nothing."""
    if calibration is None or not calibration.n_models:
        return pd.DataFrame({"residual": [], "estimate": [], "truth": [], "group": np.array([], dtype=object)})
    estimate, truth = fitted.predict(calibration)[SCORE], calibration.full_scores
    table = pd.DataFrame({"residual": estimate - truth, "estimate": estimate, "truth": truth})
    table["group"] = pd.Series(base_models(calibration.models), index=table.index, dtype=object)
    return table[table["residual"].notna()]
