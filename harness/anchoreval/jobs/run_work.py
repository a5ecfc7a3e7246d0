"""The work of `job=run`: from a plan to what is reported."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import pandas as pd

from anchoreval.anchors import AnchorSet
from anchoreval.errors import ScoringError
from anchoreval.groups import duplicates_report
from anchoreval.jobs import output
from anchoreval.jobs.bystanders import left_out
from anchoreval.jobs.run_plan import Plan
from anchoreval.jobs.run_results import Results
from anchoreval.power.report.power_report import PowerReport, power_report
from anchoreval.protocol.anchoring import reconstruct, select
from anchoreval.reconstruction import IntervalWarning, Reconstruction
from anchoreval.reconstruction.choice import AUTO
from anchoreval.registry import method_name, method_options
from anchoreval.reporting.item_plane import item_plane
from anchoreval.reporting.run_summary import ESTIMATE_COLUMNS, Choice, RunSummary
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
            reconstruction, obstacle = _fitted(plan, anchors)
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
    summary = _summary(plan, attached, reconstruction, estimates, obstacle)
    with work.timed("power"):
        power = _power(plan, anchors, reconstruction, scored.answers)
    return Results(summary, attached, reconstruction.residuals, item_plane(plan.sources, anchors), power)


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


def _fitted(plan: Plan, anchors: AnchorSet) -> tuple[Reconstruction, str]:
    """The reconstruction, and why its errors could not be sized in folds where they should have been."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", IntervalWarning)
        reconstruction = _reconstruction(plan, anchors)
    for told in caught:
        warnings.warn_explicit(told.message, told.category, told.filename, told.lineno)
    return reconstruction, next((str(w.message) for w in caught if issubclass(w.category, IntervalWarning)), "")


def _reconstruction(plan: Plan, anchors: AnchorSet) -> Reconstruction:
    """Fitted on the sources; a saved anchor set brings its own, and with `auto` its own estimator and rule."""
    if plan.saved is None:
        return reconstruct(
            plan.sources,
            anchors,
            plan.estimator,
            seed=plan.seed,
            intervals=plan.intervals,
            selector=plan.selector,
        )
    intervals = None if plan.intervals == AUTO else plan.intervals
    if anchors.estimator is not None and method_name(plan.estimator) == "auto":
        return anchors.reconstruction(intervals=intervals)
    return anchors.reconstruction(plan.estimator, seed=plan.seed, intervals=intervals)


def _power(
    plan: Plan, anchors: AnchorSet, reconstruction: Reconstruction, answers: ResponseMatrix
) -> PowerReport | None:
    """What the anchors tell apart, the targets among it; None where no model sizes the errors."""
    if reconstruction.residuals.empty:
        return None
    return power_report(
        plan.sources,
        anchors,
        alpha=plan.alpha,
        power=plan.power,
        seed=plan.seed,
        targets=answers,
        reconstruction=reconstruction,
        budgets=plan.budgets,
    )


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


def _summary(plan: Plan, anchors: AnchorSet, rec: Reconstruction, estimates: pd.DataFrame, obstacle: str) -> RunSummary:
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
        choices=_choices(anchors, rec),
        seed=plan.seed,
        reused=plan.saved is not None,
        scoring=plan.scorer.scoring,
        drawn_alike=plan.scorer.drawn_alike,
        roles=roles,
        crossed=anchors.crossed,
        calibration_groups=int(rec.residuals["group"].nunique()) if len(rec.residuals) else 0,
        obstacle=obstacle,
        level=plan.level,
        attainable_level=rec.attainable_level,
        intervals=rec.intervals,
        rule=rec.rule.name,
        expected_error=rec.expected_error,
        baseline_error=_baseline(anchors, rec.residuals),
        slope=_known(rec.slope),
        shrinkage_slope=_known(rec.shrinkage_slope),
        duplicates=duplicates_report(plan.matrix),
        left_out=left_out(plan.matrix, plan.sources, estimates.index, roles if plan.saved is None else None),
        estimates=estimates,
    )


def _choices(anchors: AnchorSet, rec: Reconstruction) -> list[Choice]:
    """What selector and estimator chose for themselves, where they say so."""
    told, tried = anchors.details, getattr(rec.estimator, "tried", {})
    selector = Choice(
        "selector",
        chosen if isinstance(chosen := told.get("chosen"), str) else "",
        errors if isinstance(errors := told.get("tried"), Mapping) else {},
        notes if isinstance(notes := told.get("notes"), list) else [],
    )
    estimator = Choice("estimator", str(getattr(rec.estimator, "chosen", "")), tried)
    return [choice for choice in (selector, estimator) if choice.chosen]


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _baseline(anchors: AnchorSet, residuals: pd.DataFrame) -> float | None:
    """Error on the models that size the errors of giving each the mean of the others that chose; groups count once."""
    if anchors.sources is None or anchors.roles is None or residuals.empty:
        return None
    chose = anchors.sources.full_scores.reindex(anchors.roles.index[anchors.roles == "select"])
    own = residuals.loc[residuals.index.isin(chose.index)].groupby("group")["truth"].agg(["sum", "size"])
    others = own.reindex(residuals["group"]).fillna(0.0).set_axis(residuals.index)
    mean = (chose.sum() - others["sum"]) / (chose.count() - others["size"])
    return float((residuals["truth"] - mean).abs().groupby(residuals["group"]).mean().mean())


@contextmanager
def _quiet_about_intervals() -> Iterator[None]:
    """The report says what these warnings say, in a sentence of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IntervalWarning)
        yield
