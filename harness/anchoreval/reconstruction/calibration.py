"""What is known of an estimator's errors: a row a model that took no part in fitting it, and where targets stand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.errors import AnchorSetError, ResponseDataError
from anchoreval.estimators.reach import Reach, nearest
from anchoreval.methods import Estimator
from anchoreval.responses import SCORE, ResponseMatrix
from anchoreval.tables import base_models

SELECT, CALIBRATE = "select", "calibrate"
"""Roles of source models: those that anchors and estimator were made with, and those kept to size errors."""
MEASURED = ("residual", "estimate", "truth", "group")
"""Columns that every table of residuals has; `distance` and `family` may follow."""
COLUMNS = (*MEASURED, "distance", "family")


def in_role(known: ResponseMatrix, roles: pd.Series[Any], role: str, sources: ResponseMatrix) -> ResponseMatrix:
    """The models of one role that have a full score.

    Raises:
        AnchorSetError: a model has the role and is not among the sources.
    """
    named = roles.index[roles == role]
    strangers = named.difference(sources.models.index)
    if len(strangers):
        raise AnchorSetError(f"model {strangers[0]!r} has role {role!r} and is not in benchmark {sources.name}")
    return known.subset(models=known.models.index[known.models.index.isin(named)])


def standing(estimate: pd.Series[Any], models: ResponseMatrix, reach: Reach) -> pd.DataFrame:
    """Columns `estimate`, `distance` and `family` of models: all that intervals may know of a target.

    Args:
        estimate: (models,) of the score.
        models: holding the anchors.
        reach: where the sources are; distances are root mean squared differences to the nearest one, NaN for a model
            that answered no anchor.
    """
    table = pd.DataFrame({"estimate": estimate.to_numpy(dtype=np.float64)}, index=models.models.index)
    table["distance"] = _distances(models, reach)
    family = models.models["family"] if "family" in models.models else pd.Series(None, table.index, dtype=object)
    return table.assign(family=family.astype(object).where(family.notna(), None))


def residuals_on(fitted: Estimator, calibration: ResponseMatrix | None, reach: Reach) -> pd.DataFrame:
    """What the fitted estimator got wrong on calibration models; models that answered no anchor say nothing."""
    if calibration is None or not calibration.n_models:
        return no_residuals()
    estimate, truth = fitted.predict(calibration)[SCORE], calibration.full_scores
    table = standing(estimate, calibration, reach)
    table = table.assign(residual=estimate - truth, truth=truth)
    table["group"] = pd.Series(base_models(calibration.models), index=table.index, dtype=object)
    return table.loc[table["residual"].notna(), list(COLUMNS)]


def no_residuals() -> pd.DataFrame:
    """The table without a row."""
    text = ("group", "family")
    return pd.DataFrame({name: np.array([], dtype=object if name in text else np.float64) for name in COLUMNS})


def given_residuals(table: pd.DataFrame, sources: ResponseMatrix) -> pd.DataFrame:
    """A table of residuals that was made elsewhere, with the columns that it lacks filled in.

    Raises:
        ResponseDataError: a column or a number is missing, or a model is not among the sources or stands twice.
    """
    for name in MEASURED:
        if name not in table:
            raise ResponseDataError(f"the residuals of benchmark {sources.name} have no column {name!r}")
        unknown = table[name].isna() if name == "group" else ~np.isfinite(table[name].astype(np.float64))
        if unknown.any():
            raise ResponseDataError(f"model {table.index[unknown][0]!r} has a residual without {name}")
    if table.index.has_duplicates:
        raise ResponseDataError(f"model {table.index[table.index.duplicated()][0]!r} has two residuals")
    if (strangers := table.index.difference(sources.models.index)).size:
        raise ResponseDataError(f"model {strangers[0]!r} has a residual and is not among the sources")
    known = table.reindex(columns=list(COLUMNS)).astype({"distance": np.float64, "family": object})
    if "family" not in table and "family" in sources.models:
        known["family"] = sources.models["family"].reindex(known.index).astype(object)
    return known.assign(family=known["family"].where(known["family"].notna(), None))


def _distances(models: ResponseMatrix, reach: Reach) -> Float64Array:
    signatures = reach.answered.signatures(models)
    squared = nearest(np.nan_to_num(signatures), reach.signatures) / max(signatures.shape[1], 1)
    silent = np.isnan(signatures).any(axis=1)
    return np.where(silent | np.isinf(squared), np.nan, np.sqrt(squared))
