"""Selecting anchors and reconstructing scores from them, with the models' roles kept apart.

`select` gives every source model a role, lets the selector see the selecting models alone, and keeps both with the
anchors; `reconstruct` fits an estimator on the selecting models and sizes its errors on the calibration models.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from anchoreval.anchors import AnchorSet
from anchoreval.contract import choose
from anchoreval.groups import model_groups
from anchoreval.methods import Estimator, Selector
from anchoreval.protocol.roles import SHARE, assign_roles, with_full_scores
from anchoreval.reconstruction import SELECT, Reconstruction, reconstruct_from
from anchoreval.registry import make_estimator, make_selector
from anchoreval.responses import ResponseMatrix

MISSING = "missing"
"""Where an anchor set's details say that models with many missing answers took part."""


def select(
    m: ResponseMatrix,
    selector: str | Selector = "random",
    *,
    k: int,
    seed: int = 0,
    calibration: float | Iterable[str] = SHARE,
    missing: str = "refuse",
    **options: Any,
) -> AnchorSet:
    """Pick anchors with a selector that sees only the models whose role is `select`.

    Args:
        m: source models with their results.
        selector: name of a selector, or a selector.
        k: number of anchors (of subjects, where the selector's unit is the subject).
        seed: of the roles and of the selector.
        calibration: share of the models that is set aside, or their names (see
            `anchoreval.protocol.roles.assign_roles`).
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
    if missing != "refuse":
        selection = dataclasses.replace(selection, details={**selection.details, MISSING: missing})
    return AnchorSet.make(known, selection, roles=roles, selector=made, k=k, seed=seed)


def reconstruct(
    m: ResponseMatrix,
    anchors: AnchorSet,
    estimator: str | Estimator = "auto",
    seed: int = 0,
    **options: Any,
) -> Reconstruction:
    """Fit an estimator on the anchors' selecting models and size its errors on their calibration models.

    Args:
        m: the benchmark that the anchors were selected on; models without a role are left alone.
        anchors: made by `select`, or elsewhere. Anchors without roles give no intervals (NaN) and a warning.
        estimator: name of an estimator, or an estimator.
        seed: of the estimator.
        options: of the estimator, where it is given by name.

    Raises:
        AnchorSetError: the anchors are those of another benchmark, or of models that are not in it.
        UnknownMethodError, MethodOptionError: no such estimator or option.
        NotApplicableError: a need of the estimator is not met.
        TooFewModelsError: too few models to fit it.
    """
    anchors.check_benchmark(m)
    return reconstruct_from(
        m,
        anchors.selection,
        anchors.roles,
        make_estimator(estimator, **options),
        seed=seed,
        groups=model_groups(m),
        missing=str(anchors.details.get(MISSING, "refuse")),
    )
