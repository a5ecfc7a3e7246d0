"""Roles of models: which may choose anchors, which only size errors, and which have no part in it.

Calibration models are set aside before a selector looks at anything. Errors measured on models that helped to choose
the anchors are too small, and with a greedy design much too small. Where there are too few models to spare any, all of
them choose, and errors are measured across folds in which the choice is repeated
(`anchoreval.reconstruction.cross_residuals`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
import pandas as pd

from anchoreval.contract import generator
from anchoreval.errors import MethodOptionError, ResponseDataError, TooFewModelsError
from anchoreval.groups import draw_groups, model_groups
from anchoreval.reconstruction import CALIBRATE, SELECT
from anchoreval.responses import SCORE, ResponseMatrix

NONE = "none"
"""The role of models without a full score: they take no part."""
SHARE = 0.3
"""Share of the models that is set aside for calibration by default."""
FEWEST_SELECT = 2
"""Models that must be left to choose anchors."""
ENOUGH_GROUPS, FEWEST_CALIBRATION_GROUPS = 60, 19
"""19 groups are the fewest that allow 95 % intervals; they are set aside wherever there are 60 to spare them from."""
AUTO, CROSS = "auto", "cross"
"""What `calibration` may be beside a share and names: `auto` is `cross` below 60 groups, else a share of 30 %."""


def assign_roles(
    matrix: ResponseMatrix,
    calibration: float | Iterable[str] = SHARE,
    seed: int = 0,
    missing: str = "refuse",
) -> pd.Series[str]:
    """Give every model a role, whole groups at a time (`anchoreval.groups.model_groups`).

    Args:
        matrix: source models.
        calibration: share of the models in [0, 1), met as nearly as whole groups allow, but never fewer than 19
            groups where there are 60 or more; 0 sets none aside, and there will be no intervals. Or the ids of
            calibration models: they and the other members of their groups are set aside, and nobody else. `cross` sets
            none aside, for intervals that repeat the selection in folds; `auto` is `cross` with fewer than 60 groups,
            else a share of 30 % (see `calibrates_across`).
        seed: decides which groups are drawn, together with nothing but the models' ids and groups.
        missing: `allow` gives models that miss more than 5 % of the weight a role as well (see
            `ResponseMatrix.totals`).

    Returns:
        Index model in the matrix's order: `select`, `calibrate`, or `none` for models without a full score.

    Raises:
        MethodOptionError: `calibration` is no share, or `missing` is no rule.
        ResponseDataError: a named calibration model is not there or has no full score.
        TooFewModelsError: fewer than 2 models would be left to choose anchors.
    """
    groups = model_groups(matrix)[full_scores(matrix, missing).notna()]
    if _across(calibration, groups):
        drawn = []
    elif isinstance(calibration, str) and calibration == AUTO:
        drawn = _drawn(groups, SHARE, seed)
    elif isinstance(calibration, bool | int | float | np.number):
        drawn = _drawn(groups, calibration, seed)
    else:
        drawn = _named(groups, [calibration] if isinstance(calibration, str) else list(calibration), matrix)
    held = groups.isin(drawn)
    if (left := int((~held).sum())) < FEWEST_SELECT:
        raise TooFewModelsError(
            f"benchmark {matrix.name}: {left} of {len(groups)} models with a full score are left to choose anchors, "
            f"at least {FEWEST_SELECT} are needed"
        )
    roles = held.map({True: CALIBRATE, False: SELECT})
    return roles.reindex(matrix.models.index, fill_value=NONE).astype(object).rename("role")


def calibrates_across(matrix: ResponseMatrix, calibration: float | Iterable[str], missing: str = "refuse") -> bool:
    """Whether errors shall be sized across folds in which the selection is repeated (arguments: `assign_roles`).

    All models with a full score then have the role `select`, as they have with a share of 0, where nothing sizes
    errors.
    """
    return _across(calibration, model_groups(matrix)[full_scores(matrix, missing).notna()])


def _across(calibration: float | Iterable[str], groups: pd.Series[str]) -> bool:
    if isinstance(calibration, str):
        return calibration == CROSS or (calibration == AUTO and groups.nunique() < ENOUGH_GROUPS)
    return False


def full_scores(matrix: ResponseMatrix, missing: str = "refuse") -> pd.Series[float]:
    """Full score of each model under a rule for missing answers.

    Raises:
        MethodOptionError: `missing` is neither `refuse` nor `allow`.
    """
    if missing not in ("refuse", "allow"):
        raise MethodOptionError(f"missing = {missing!r} is not one of refuse, allow")
    return matrix.totals(missing)[SCORE]


def with_full_scores(matrix: ResponseMatrix) -> ResponseMatrix:
    """The same matrix with every model's full score given: the weighted mean over what it answered, however little."""
    totals = matrix.totals("allow")
    known = {"full_score" if name == SCORE else f"full_score/{name}": totals[name] for name in totals}
    return dataclasses.replace(matrix, models=matrix.models.assign(**known))


def check_share(share: float) -> float:
    """The same share of calibration models.

    Raises:
        MethodOptionError: it is not in [0, 1).
    """
    if isinstance(share, bool) or not 0 <= share < 1:
        raise MethodOptionError(f"calibration = {share!r} is neither a share in [0, 1) nor names of models")
    return share


def _drawn(groups: pd.Series[str], share: float, seed: int) -> list[str]:
    if not check_share(share):
        return []
    rng, most = generator(seed, "roles"), len(groups) - FEWEST_SELECT
    drawn = draw_groups(groups, min(round(share * len(groups)), most), rng, most=max(most, 0))
    sizes = groups.value_counts()
    if len(sizes) < ENOUGH_GROUPS:
        return drawn
    lacking = max(0, FEWEST_CALIBRATION_GROUPS - len(drawn))
    others = sizes.drop(drawn).sort_index()
    others = others.iloc[rng.permutation(len(others))].sort_values(kind="stable")  # small ones first: few more models
    return drawn + [str(group) for group in others.index[:lacking]]


def _named(groups: pd.Series[str], names: list[str], matrix: ResponseMatrix) -> list[str]:
    for name in names:
        if name not in matrix.models.index:
            raise ResponseDataError(f"benchmark {matrix.name} has no calibration model {name!r}")
        if name not in groups.index:
            raise ResponseDataError(f"calibration model {name!r} has no full score on benchmark {matrix.name}")
    return [str(group) for group in groups[names].unique()]
