"""Fit an estimator on selecting models and size its errors on calibration models, or with residuals made elsewhere."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.contract import fit
from anchoreval.errors import AnchorEvalError, AnchorSetError, NotApplicableError, TooFewModelsError
from anchoreval.estimators.reach import Reach
from anchoreval.methods import Estimator, Selection
from anchoreval.reconstruction.calibration import CALIBRATE, SELECT, given_residuals, in_role, residuals_on
from anchoreval.reconstruction.choice import AUTO, check_intervals, interval_rule
from anchoreval.reconstruction.reconstruction import Reconstruction
from anchoreval.registry import make_estimator, method_name
from anchoreval.responses import ResponseMatrix
from anchoreval.schema import one_line
from anchoreval.tables import base_models


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
    *,
    intervals: str = AUTO,
    residuals: pd.DataFrame | None = None,
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
        intervals: how errors become widths, one of `anchoreval.reconstruction.INTERVALS`: `split` gives all targets
            one width; `normalised` widths in proportion to the error to expect of such an estimate; `mondrian` and
            `mondrian_family` a width for each bin of the estimate or family; `weighted` one width from calibration
            models that resemble the targets; `auto` normalises where there are calibration models enough.
        residuals: of `cross_residuals`, instead of the errors on calibration models; a row a model: `residual`,
            `estimate`, `truth`, `group`, perhaps `distance` and `family`.

    Raises:
        NotApplicableError: a need of the estimator is not met, or it needs the whole matrix and gets a part.
        TooFewModelsError: no selecting model has a full score.
        AnchorSetError: a model has a role and is not among the sources, or the state is not one of the estimator.
        MethodOptionError: no such rule for intervals.
        ResponseDataError: the given residuals lack a column or a number.
    """
    made = make_estimator(estimator)
    check_intervals(intervals)
    digest = sources.items_digest if items_digest is None else items_digest
    if made.whole_matrix and attached_state is None and sources.items_digest != digest:
        raise NotApplicableError(f"estimator {method_name(made)} needs the whole benchmark, not just the anchors")
    known = sources.part(sources.items.index if made.whole_matrix else selection.items, missing)
    if groups is not None:  # what fits leave out together is then the same as what intervals count once
        known = dataclasses.replace(known, models=known.models.assign(base_model=groups.reindex(known.models.index)))
    known = known.subset(models=known.models.index[known.full_scores.notna()])
    learners = known if roles is None else in_role(known, roles, SELECT, sources)
    if not learners.n_models:
        raise TooFewModelsError(f"benchmark {sources.name} has no selecting model with a full score to learn from")
    reach = Reach.of(learners, selection, base_models(learners.models))
    with _blaming_state(made) if attached_state is not None else nullcontext():
        if attached_state is None:
            fitted = fit(made, learners, selection, seed)
        else:
            fitted = copy.deepcopy(made).from_state(attached_state)
        if residuals is None:
            errors = residuals_on(fitted, None if roles is None else in_role(known, roles, CALIBRATE, sources), reach)
        else:
            errors = given_residuals(residuals, sources)
    return Reconstruction(
        estimator=fitted,
        estimator_seed=seed,
        benchmark=sources.name,
        items_digest=digest,
        anchors=selection.items,
        residuals=errors,
        reach=reach,
        rule=interval_rule(intervals, errors, learners, selection, fitted, seed, crossed=residuals is not None),
        intervals=intervals,
        crossed=residuals is not None,
    )


@contextmanager
def _blaming_state(estimator: Estimator) -> Iterator[None]:
    """Whatever a method (a plug-in, perhaps) raises on a state that is not its own, the state is at fault."""
    try:
        yield
    except AnchorEvalError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {one_line(error)[:200]}"
        raise AnchorSetError(
            f"what the anchor set keeps of estimator {method_name(estimator)} is no state of it ({reason})"
        ) from error
