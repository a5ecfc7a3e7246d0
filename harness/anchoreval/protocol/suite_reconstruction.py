"""Joint estimates of a suite: every benchmark's score and the grand mean, with intervals for each.

A benchmark's score is read from the answers in all benchmarks or in its own alone, whichever predicted models that were
left out better (`anchoreval.protocol.suite_readings`). The grand mean is the mean of the benchmarks' estimates. All
errors are measured on the calibration models, which took part in neither choice nor fit: split conformal intervals,
each valid by itself (all of them at once hold less often).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.errors import AnchorSetError
from anchoreval.methods import Estimator
from anchoreval.numerics.conformal import conformal_quantile, group_weights
from anchoreval.protocol.suite_anchoring import SuiteAnchors
from anchoreval.protocol.suite_readings import AUTO, check_reading, chosen_reading, views
from anchoreval.protocol.suite_views import GRAND_MEAN, shared_matrix
from anchoreval.reconstruction import SELECT, Reconstruction, reconstruct_from
from anchoreval.reconstruction.rules import root_mean_square
from anchoreval.registry import make_estimator
from anchoreval.responses import SCORE, ResponseMatrix
from anchoreval.suite import Suite

COLUMNS = (SCORE, "lower", "upper", "standard_error")
"""What is said of every benchmark and of the grand mean."""


@dataclass(frozen=True, eq=False)
class SuiteReconstruction:
    """Reconstructs a suite's scores from answers on its anchors. Made by `reconstruct_suite`.

    Attributes:
        benchmarks: by name, what reads its score; its anchors are named as in the stacked matrix.
        readings: by benchmark, `own` or `joint`.
        tried: by benchmark and reading, the mean absolute error in score units on selecting models left out, where the
            reading was chosen by it.
        residuals: of the grand mean, a row a calibration model: `residual` (estimate minus truth), `estimate`, `truth`
            in score units, `group`; empty without calibration models.
    """

    benchmarks: Mapping[str, Reconstruction]
    readings: Mapping[str, str]
    tried: Mapping[str, Mapping[str, float]]
    residuals: pd.DataFrame

    @property
    def expected_errors(self) -> pd.Series[float]:
        """Mean absolute error on calibration models in score units, by benchmark and for the grand mean.

        Every group counts once; NaN without calibration models.
        """
        found = {name: reconstruction.expected_error for name, reconstruction in self.benchmarks.items()}
        sizes = self.residuals["residual"].abs()
        weights = group_weights(self.residuals["group"].to_numpy(dtype=str))
        found[GRAND_MEAN] = float(sizes @ weights) if len(sizes) else None
        return pd.Series(found, dtype=np.float64, name="expected_error")

    def predict(self, targets: Suite | ResponseMatrix, level: float = 0.95) -> pd.DataFrame:
        """Reconstruct the targets' scores on every benchmark and their grand mean.

        Args:
            targets: models with answers on all anchors (further items are ignored); those that every benchmark of the
                suite has. A benchmark without anchors need not be there. Or a stacked matrix of them.
            level: probability with which an interval shall hold a new model's score, in (0, 1).

        Returns:
            A row a target; columns in two levels: benchmark or `grand mean`, then `score`, `lower`, `upper`,
            `standard_error`, all in [0, 1]. Intervals are NaN without calibration models, and all of [0, 1] with too
            few of them for the level; both warn (`IntervalWarning`).

        Raises:
            AnchorSetError: the targets lack an anchor (the first one is named).
            ConfigurationError: the level is not between 0 and 1.
        """
        stacked = targets.stacked() if isinstance(targets, Suite) else targets
        tables = {name: r.predict(stacked, level)[list(COLUMNS)] for name, r in self.benchmarks.items()}
        return pd.concat({**tables, GRAND_MEAN: self._grand_mean(tables, level)}, axis=1, names=["benchmark", "value"])

    def _grand_mean(self, tables: Mapping[str, pd.DataFrame], level: float) -> pd.DataFrame:
        score = pd.DataFrame({name: table[SCORE] for name, table in tables.items()}).mean(axis=1, skipna=False)
        width = error = np.nan
        if len(self.residuals):
            sizes, groups = self.residuals["residual"].abs(), self.residuals["group"].to_numpy(dtype=str)
            width, error = conformal_quantile(sizes, level, groups), root_mean_square(sizes, groups)
        lower, upper = (score - width).clip(0.0, 1.0), (score + width).clip(0.0, 1.0)
        return pd.DataFrame(
            {SCORE: score, "lower": lower, "upper": upper, "standard_error": np.where(score.isna(), np.nan, error)}
        )


def reconstruct_suite(
    suite: Suite,
    anchors: SuiteAnchors,
    estimator: str | Estimator = "signature",
    seed: int = 0,
    *,
    reading: str = AUTO,
    intervals: str = "split",
    **options: Any,
) -> SuiteReconstruction:
    """Fit an estimator for every benchmark of a suite, and size its errors on the calibration models.

    Args:
        suite: that the anchors were selected on; models without a role are left alone.
        anchors: made by `select_suite`.
        estimator: name of an estimator, or an estimator; one is fitted for each benchmark.
        seed: of the estimator, and of the folds in which readings are compared.
        reading: `own` reads each benchmark's score from its own anchors (one that has none from all), `joint` from
            the anchors of all, `auto` chooses for each.
        intervals: how a benchmark's errors become widths (see `anchoreval.reconstruction.reconstruct_from`); the grand
            mean has one width for all.
        options: of the estimator, where it is given by name.

    Raises:
        AnchorSetError: the anchors are those of another suite, or of models that are not in it.
        UnknownMethodError, MethodOptionError: no such estimator, option, reading or rule for intervals.
        NotApplicableError: a need of the estimator is not met.
        TooFewModelsError: too few models to fit it.
    """
    check_reading(reading)
    made = make_estimator(estimator, **options)
    stacked, _ = shared_matrix(suite)
    if stacked.items_digest != anchors.items_digest:
        raise AnchorSetError(f"the anchors are those of another suite than {', '.join(suite)}")
    if (strangers := anchors.roles.index.difference(stacked.models.index)).size:
        raise AnchorSetError(f"model {strangers[0]!r} has a role and no full score on all of {', '.join(suite)}")
    learners = anchors.roles.index[anchors.roles == SELECT]
    found, readings, tried = {}, {}, {}
    for name in suite:
        ways = views(stacked, anchors.selection, name)
        readings[name], tried[name] = chosen_reading(ways, reading, learners, anchors.groups, made, seed)
        view = ways[readings[name]]
        found[name] = reconstruct_from(
            view.matrix, view.selection, anchors.roles, made, seed, groups=anchors.groups, intervals=intervals
        )
    return SuiteReconstruction(found, readings, tried, _mean_residuals(found))


def _mean_residuals(found: Mapping[str, Reconstruction]) -> pd.DataFrame:
    """Residuals of the mean of all estimates, on the models that have one in every benchmark."""
    tables = [reconstruction.residuals for reconstruction in found.values()]
    shared = tables[0].index[np.all([tables[0].index.isin(table.index) for table in tables], axis=0)]
    numbers = ["residual", "estimate", "truth"]
    means = np.mean([table.loc[shared, numbers].to_numpy(dtype=np.float64) for table in tables], axis=0)
    return pd.DataFrame(means, index=shared, columns=numbers).assign(group=tables[0].loc[shared, "group"])
