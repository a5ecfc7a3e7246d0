"""Selecting anchors and reconstructing scores from them, with the models' roles kept apart.

`select` gives every source model a role, lets the selector see the selecting models alone, and keeps both with the
anchors; `reconstruct` fits an estimator on the selecting models and sizes its errors on the calibration models, or,
where the models were too few to set any aside, on folds of models without which it repeats selection and fit.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterable
from typing import Any

import pandas as pd

from anchoreval.anchors import AnchorSet
from anchoreval.anchors.anchor_set import CALIBRATION
from anchoreval.contract import choose
from anchoreval.errors import AnchorSetError, NotApplicableError, TooFewModelsError, UnknownMethodError
from anchoreval.groups import model_groups
from anchoreval.methods import Estimator, Selector
from anchoreval.protocol.roles import AUTO, CROSS, assign_roles, calibrates_across, with_full_scores
from anchoreval.reconstruction import SELECT, IntervalWarning, Reconstruction, cross_residuals, reconstruct_from
from anchoreval.registry import make_estimator, make_selector, method_name
from anchoreval.responses import ResponseMatrix

MISSING = "missing"
"""Where an anchor set's details say that models with many missing answers took part."""


def select(
    m: ResponseMatrix,
    selector: str | Selector = "random",
    *,
    k: int,
    seed: int = 0,
    calibration: float | Iterable[str] = AUTO,
    missing: str = "refuse",
    **options: Any,
) -> AnchorSet:
    """Pick anchors with a selector that sees only the models whose role is `select`.

    Args:
        m: source models with their results.
        selector: name of a selector, or a selector.
        k: number of anchors (of subjects, where the selector's unit is the subject).
        seed: of the roles and of the selector.
        calibration: share of the models that is set aside, or their names; `cross` sets none aside, and `reconstruct`
            then repeats selection and fit in folds; `auto` sets 30 % aside where there are at least 60 groups of
            models, else it is `cross` (see `anchoreval.protocol.roles.assign_roles`).
        missing: `allow` takes in models that miss more than 5 % of the weight; the anchor set's details say so.
        options: of the selector, where it is given by name.

    Raises:
        UnknownMethodError, MethodOptionError: no such selector or option.
        BudgetError: k is not between 1 and the number of items (or subjects).
        NotApplicableError: the benchmark lacks something that the selector needs.
        TooFewModelsError: fewer than 2 models are left to choose anchors.
    """
    made = make_selector(selector, **options)
    roles = assign_roles(m, calibration, seed, missing)
    known = m if missing == "refuse" else with_full_scores(m)
    selection = choose(made, known.subset(models=roles.index[roles == SELECT]), k, seed)
    notes = {MISSING: missing} if missing != "refuse" else {}
    if calibrates_across(m, calibration, missing):
        notes[CALIBRATION] = CROSS
    selection = dataclasses.replace(selection, details={**selection.details, **notes})
    return AnchorSet.make(known, selection, roles=roles, selector=made, k=k, seed=seed)


def reconstruct(
    m: ResponseMatrix,
    anchors: AnchorSet,
    estimator: str | Estimator = "auto",
    seed: int = 0,
    *,
    intervals: str = "auto",
    selector: Selector | None = None,
    **options: Any,
) -> Reconstruction:
    """Fit an estimator on the anchors' selecting models and size its errors on their calibration models.

    Anchors that were selected with `calibration="cross"` have none: selection and fit are repeated in folds (see
    `anchoreval.reconstruction.cross_residuals`), which takes five more selections.

    Args:
        m: the benchmark that the anchors were selected on; models without a role are left alone.
        anchors: made by `select`, or elsewhere. Anchors without roles give no intervals (NaN) and a warning.
        estimator: name of an estimator, or an estimator.
        seed: of the estimator.
        intervals: how errors become widths (see `anchoreval.reconstruction.reconstruct_from`).
        selector: that selected the anchors, where it has to be run again and is not installed under its name.
        options: of the estimator, where it is given by name.

    Raises:
        AnchorSetError: the anchors are those of another benchmark, of models that are not in it, or of another
            selector.
        UnknownMethodError, MethodOptionError: no such estimator, option or rule for intervals.
        NotApplicableError: a need of the estimator is not met.
        TooFewModelsError: too few models to fit it.
    """
    anchors.check_benchmark(m)
    made, groups = make_estimator(estimator, **options), model_groups(m)
    return reconstruct_from(
        m,
        anchors.selection,
        anchors.roles,
        made,
        seed=seed,
        groups=groups,
        missing=str(anchors.details.get(MISSING, "refuse")),
        intervals=intervals,
        residuals=_repeated(m, anchors, made, seed, groups, selector) if anchors.crossed else None,
    )


def _repeated(
    m: ResponseMatrix,
    anchors: AnchorSet,
    estimator: Estimator,
    seed: int,
    groups: pd.Series[str],
    selector: Selector | None,
) -> pd.DataFrame | None:
    """Errors across folds; None, with a warning, where selection and fit cannot be repeated on fewer models."""
    if selector is not None and method_name(selector) != anchors.selector:
        raise AnchorSetError(f"the anchors were selected by {anchors.selector}, not by {method_name(selector)}")
    known = m if anchors.details.get(MISSING, "refuse") == "refuse" else with_full_scores(m)
    roles = anchors.roles if anchors.roles is not None else pd.Series(dtype=object)
    if (strangers := roles.index.difference(m.models.index)).size:
        raise AnchorSetError(f"model {strangers[0]!r} selected the anchors and is not in benchmark {m.name}")
    try:
        return cross_residuals(
            known.subset(models=roles.index[roles == SELECT]),
            selector or make_selector(anchors.selector, **anchors.selector_options),
            anchors.k,
            estimator,
            anchors.seed,
            groups,
            estimator_seed=seed,
        )
    except (UnknownMethodError, NotApplicableError, TooFewModelsError) as error:
        reason = f"selection and fit cannot be repeated in folds: {error}"
        warnings.warn(f"{reason}; there will be no intervals", IntervalWarning, stacklevel=3)
        return None
