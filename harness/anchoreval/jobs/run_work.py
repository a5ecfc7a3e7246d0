"""The work of `job=run`: from a plan to what is reported."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd

from anchoreval.anchors import AnchorSet
from anchoreval.errors import ScoringError
from anchoreval.jobs import output
from anchoreval.jobs.run_plan import Plan
from anchoreval.jobs.run_results import Results
from anchoreval.numerics.item_statistics import difficulty, discrimination
from anchoreval.protocol.anchoring import reconstruct, select
from anchoreval.reconstruction import IntervalWarning, Reconstruction
from anchoreval.registry import method_name, method_options
from anchoreval.reporting.run_summary import ESTIMATE_COLUMNS, RunSummary
from anchoreval.responses import ResponseMatrix
from anchoreval.runs import Run


def carry_out(plan: Plan, work: Run) -> Results:
    """Select, reconstruct, score, predict.

    Raises:
        ScoringError: no target could be scored.
    """
    with _quiet_about_intervals():
        with work.timed("select"):
            anchors = _anchors(plan)
        with work.timed("fit"):
            reconstruction = _reconstruction(plan, anchors)
        with work.timed("score"):
            scored = plan.scorer.score(anchors)
        if scored.answers is None:
            first = next(iter(scored.failures.items()), ("", "there is no target"))
            raise ScoringError(f"no target could be scored: {': '.join(filter(None, first))}")
        with work.timed("predict"):
            estimates = _estimates(reconstruction, scored.answers, scored.truth, plan.level)
    for model, reason in scored.failures.items():
        output.note(f"model {model} failed: {reason}")
    attached = _with_estimator(anchors, reconstruction)
    summary = _summary(plan, attached, reconstruction, estimates)
    return Results(summary, attached, reconstruction.residuals, item_plane(plan.sources, anchors))


def item_plane(sources: ResponseMatrix, anchors: AnchorSet) -> pd.DataFrame:
    """Difficulty and discrimination of every item among the models that chose, and its weight as an anchor."""
    roles = anchors.roles
    chosen = (
        sources.models.index if roles is None else sources.models.index.intersection(roles.index[roles == "select"])
    )
    scores = sources.subset(models=chosen).scores if len(chosen) else sources.scores
    weight = pd.Series(anchors.weights, index=anchors.items).reindex(sources.items.index, fill_value=0.0)
    return pd.DataFrame(
        {"difficulty": difficulty(scores), "discrimination": discrimination(scores), "weight": weight},
        index=sources.items.index,
    )


def _anchors(plan: Plan) -> AnchorSet:
    if plan.saved is not None:
        return plan.saved
    return select(
        plan.sources,
        plan.selector,
        k=plan.k,
        seed=plan.seed,
        calibration=plan.calibration,
        missing=plan.missing,
    )


def _reconstruction(plan: Plan, anchors: AnchorSet) -> Reconstruction:
    """Fitted on the sources; a saved anchor set brings its own, and with `estimator=auto` its own estimator."""
    if plan.saved is None:
        return reconstruct(plan.sources, anchors, plan.estimator, seed=plan.seed)
    if anchors.estimator is not None and method_name(plan.estimator) == "auto":
        return anchors.reconstruction()
    return anchors.reconstruction(plan.estimator, seed=plan.seed)


def _with_estimator(anchors: AnchorSet, reconstruction: Reconstruction) -> AnchorSet:
    """The fitted estimator goes with the anchors, unless it cannot be kept apart from the whole source matrix."""
    attached = anchors.with_reconstruction(reconstruction)
    return anchors if attached.whole_matrix and attached.state is None else attached


def _estimates(
    reconstruction: Reconstruction, answers: ResponseMatrix, truth: pd.Series[float], level: float
) -> pd.DataFrame:
    predicted = reconstruction.predict(answers, level=level)
    answered = ~np.isnan(answers.subset(items=reconstruction.anchors).scores)
    table = predicted.assign(anchors=answered.sum(axis=1), truth=truth.reindex(predicted.index))
    subjects = [c for c in predicted.columns if c not in ESTIMATE_COLUMNS]
    return table[[*ESTIMATE_COLUMNS, *subjects]].rename_axis("model")


def _summary(plan: Plan, anchors: AnchorSet, rec: Reconstruction, estimates: pd.DataFrame) -> RunSummary:
    roles = {} if anchors.roles is None else {str(r): int(n) for r, n in anchors.roles.value_counts().items()}
    provenance = plan.matrix.provenance
    return RunSummary(
        benchmark=plan.matrix.name,
        items=plan.matrix.n_items,
        aggregation=str(provenance.get("aggregation", "custom")),
        k=anchors.k,
        unit=anchors.unit,
        anchors=len(anchors.items),
        selector=anchors.selector,
        selector_options=dict(anchors.selector_options),
        estimator=method_name(rec.estimator),
        estimator_options=method_options(rec.estimator),
        chosen=str(getattr(rec.estimator, "chosen", "")),
        seed=plan.seed,
        reused=plan.saved is not None,
        scoring=plan.scorer.scoring,
        drawn_alike=plan.scorer.drawn_alike,
        roles=roles,
        calibration_groups=int(rec.residuals["group"].nunique()) if len(rec.residuals) else 0,
        level=plan.level,
        attainable_level=rec.attainable_level,
        expected_error=rec.expected_error,
        baseline_error=_baseline(anchors, rec.residuals),
        left_out=_left_out(plan, estimates, roles),
        estimates=estimates,
    )


def _baseline(anchors: AnchorSet, residuals: pd.DataFrame) -> float | None:
    """Error on the calibration models of giving everybody the select models' mean, each group counting once."""
    if anchors.sources is None or anchors.roles is None or residuals.empty:
        return None
    chose = anchors.roles.index[anchors.roles == "select"]
    mean = anchors.sources.full_scores.reindex(chose).mean()
    return float((residuals["truth"] - mean).abs().groupby(residuals["group"]).mean().mean())


def _left_out(plan: Plan, estimates: pd.DataFrame, roles: dict[str, int]) -> dict[str, int]:
    related = plan.matrix.n_models - plan.sources.n_models - int(estimates.index.isin(plan.matrix.models.index).sum())
    known = sum(roles.get(role, 0) for role in ("select", "calibrate"))
    without = plan.sources.n_models - known if plan.saved is None else 0
    return {"variants or copies of a target": related, "models without a full score": without}


@contextmanager
def _quiet_about_intervals() -> Iterator[None]:
    """The report says what these warnings say, in a sentence of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IntervalWarning)
        yield
