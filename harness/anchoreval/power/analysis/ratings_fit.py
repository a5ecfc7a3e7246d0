"""Deviations of a pilot study's ratings: the mixed model fitted to whatever workers and items were rated.

rating ~ system + (1 + system || worker) + (1 + system || item) by maximum likelihood, the systems coded -1/2 and +1/2
so that the fixed effect is the difference of their mean ratings. Not every worker needs to have rated every item. The
fit is statsmodels' mixed linear model with crossed variance components, dense in the number of ratings: seconds for a
few hundred, minutes for thousands. What it gives goes into `ratings.ratings_power` to size the study proper.

Source: Card et al. (arXiv 2010.06595), section 5; they fit it with lme4.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.errors import MissingExtraError, ResponseDataError, WorkError
from anchoreval.power.analysis.ratings import RatingDeviations

SEARCH_STEPS = 5000
"""Of Nelder and Mead: the gradient searches that statsmodels offers stop short where a variance vanishes."""
COLUMNS = ("system", "worker", "item", "rating")
COMPONENTS = {
    "worker_level": "0 + C(worker)",
    "worker_difference": "0 + C(worker):side",
    "item_level": "0 + C(item)",
    "item_difference": "0 + C(item):side",
}
"""Crossed random effects as statsmodels' formulas; `side` is -1/2 for the first system, +1/2 for the second."""


@dataclass(frozen=True)
class RatingsFit:
    """A fitted study.

    Attributes:
        systems: names of the two systems, in sorted order.
        difference: mean rating of the second system minus that of the first.
        standard_error: of the difference, as fitted; too small with few workers.
        deviations: estimated standard deviations, 0 where a variance component vanishes.
    """

    systems: tuple[str, str]
    difference: float
    standard_error: float
    deviations: RatingDeviations


def fit_ratings(ratings: pd.DataFrame) -> RatingsFit:
    """Fit the mixed model to a table of ratings.

    Args:
        ratings: columns `system` (two of them), `worker`, `item`, `rating`; rows without one are
            left out.

    Raises:
        ResponseDataError: a column is missing, a rating is not a number, there are not two systems, or fewer than two
            workers or items, or the ratings do not vary.
        MissingExtraError: statsmodels is not installed.
        WorkError: the likelihood has no maximum that can be found.
    """
    table, systems = _checked(ratings)
    result = _fit(table, _mixed_model())
    components = dict(zip(result.model.exog_vc.names, np.sqrt(np.maximum(result.vcomp, 0.0)), strict=True))
    deviations = RatingDeviations(
        **{name: float(components[name]) for name in COMPONENTS}, residual=float(np.sqrt(result.scale))
    )
    return RatingsFit(systems, float(result.fe_params["side"]), float(result.bse_fe["side"]), deviations)


def _mixed_model() -> Callable[..., Any]:
    try:
        model: Callable[..., Any] = import_module("statsmodels.formula.api").mixedlm
    except ModuleNotFoundError as error:
        raise MissingExtraError("fitting ratings needs statsmodels: pip install 'anchoreval[ratings]'") from error
    return model


def _fit(table: pd.DataFrame, mixed_model: Callable[..., Any]) -> Any:
    """A component on its bound warns and is an answer; a search that did not end is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = mixed_model("rating ~ side", table, groups="study", vc_formula=COMPONENTS)
        result = model.fit(reml=False, method=["nm"], maxiter=SEARCH_STEPS)
    if not result.converged or not np.isfinite(result.llf):
        raise WorkError("the likelihood of the ratings has no maximum that could be found")
    return result


def _checked(ratings: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, str]]:
    missing = [name for name in COLUMNS if name not in ratings]
    if missing:
        raise ResponseDataError(f"ratings have no column {missing[0]!r}, they need {', '.join(COLUMNS)}")
    table = ratings[list(COLUMNS)].dropna().astype({"system": str, "worker": str, "item": str})
    systems = sorted(table["system"].unique())
    if len(systems) != 2:
        raise ResponseDataError(f"ratings compare two systems, these are of {len(systems)}")
    for name in ("worker", "item"):
        if table[name].nunique() < 2:
            raise ResponseDataError(f"ratings need at least two {name}s, these are of {table[name].nunique()}")
    values = _numbers(table["rating"])
    side = np.where(table["system"] == systems[1], 0.5, -0.5)
    return table.assign(rating=values, side=side, study=1), (systems[0], systems[1])


def _numbers(ratings: pd.Series[Any]) -> Float64Array:
    values = np.asarray(pd.to_numeric(ratings, errors="coerce"), dtype=np.float64)
    if not np.isfinite(values).all():
        raise ResponseDataError(f"rating {ratings.iloc[int(np.argmin(np.isfinite(values)))]!r} is not a number")
    if not np.ptp(values) > 0.0:
        raise ResponseDataError("all ratings are equal: nothing to fit")
    return values
