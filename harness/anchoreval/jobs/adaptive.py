"""`job=adaptive`: ask each target items of its own until its interval is narrow enough, and write the report."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
from omegaconf import DictConfig

from anchoreval.adaptive import AdaptiveTest, estimates_of, fixed_form
from anchoreval.adaptive.course import SPENT
from anchoreval.errors import ScoringError
from anchoreval.groups import duplicates_report
from anchoreval.jobs import output
from anchoreval.jobs.adaptive_plan import Plan
from anchoreval.jobs.adaptive_results import Results, write_results
from anchoreval.jobs.bystanders import left_out
from anchoreval.jobs.request import refuse_import_keys, resolved_yaml
from anchoreval.jobs.sitters import SatTests
from anchoreval.reconstruction import IntervalWarning
from anchoreval.registry import method_name, method_options
from anchoreval.reporting.adaptive_report import terminal_report
from anchoreval.reporting.adaptive_summary import AdaptiveSummary
from anchoreval.runs import Outcome, Run


def run(config: DictConfig) -> Outcome:
    """Do the job, unless this very run is complete: then show it again.

    Raises:
        RequestError: the request was wrong; nothing was written.
        WorkError: a method or every model failed.
    """
    refuse_import_keys(config)
    plan = Plan.from_config(config)
    work = Run(Path(config.results), "adaptive", plan.matrix.name, plan.identity())
    changed = not work.is_complete()
    if changed:
        results = carry_out(plan, work)
        with work.writing(resolved_yaml(config)) as folder:
            write_results(folder, results)
    summary = read_summary(work.folder)
    output.page(terminal_report(summary), f"{'written to' if changed else 'was complete:'} {work.folder}")
    return Outcome(work.folder, changed, None if summary.expected_error is None else 100 * summary.expected_error)


def read_summary(folder: Path) -> AdaptiveSummary:
    """What a complete run found."""
    return AdaptiveSummary.from_dict(json.loads((folder / "result.json").read_text(encoding="utf-8")))


def carry_out(plan: Plan, work: Run) -> Results:
    """Learn the test, let the targets sit it.

    Raises:
        ScoringError: no target could be tested.
        TooFewModelsError: the fixed form has no interval that could be wanted.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IntervalWarning)  # the report says what these warnings say
        with work.timed("fixed form"):
            wanted = plan.half_width if plan.fixed is None else _fixed(plan, plan.fixed)
        with work.timed("learn"):
            test = AdaptiveTest.learn(
                plan.sources,
                plan.policy,
                budget=plan.budget,
                half_width=wanted,
                level=plan.level,
                calibration=plan.calibration,
                seed=plan.seed,
                missing=plan.missing,
                guarded=plan.guarded,
            )
    with work.timed("sit"):
        sat = plan.scorer.sit(test)
    if not sat.sittings:
        first = next(iter(sat.failures.items()), ("", "there is no target"))
        raise ScoringError(f"no target could be tested: {': '.join(filter(None, first))}")
    for model, reason in sat.failures.items():
        output.note(f"model {model} failed: {reason}")
    return Results(_summary(plan, test, sat), sat.sittings, test.rehearsed())


def _fixed(plan: Plan, k: int) -> float:
    sized = {"level": plan.level, "calibration": plan.calibration, "seed": plan.seed, "missing": plan.missing}
    return fixed_form(plan.sources, k, **sized).half_width  # type: ignore[arg-type]


def _summary(plan: Plan, test: AdaptiveTest, sat: SatTests) -> AdaptiveSummary:
    estimates = estimates_of(sat.sittings)
    rehearsed, known = test.rehearsed(), not np.isnan(test.factor)
    roles = {str(role): int(count) for role, count in test.roles.value_counts().items()}
    return AdaptiveSummary(
        benchmark=plan.matrix.name,
        items=plan.matrix.n_items,
        aggregation=str(plan.matrix.provenance.get("aggregation", "custom")),
        policy=method_name(plan.policy),
        policy_options={name: value for name, value in method_options(plan.policy).items() if name != "batch"},
        batch=plan.batch,
        abilities={str(count): error for count, error in getattr(test.examiner.policy, "tried", {}).items()},
        budget=plan.budget,
        half_width=test.half_width,
        fixed=plan.fixed,
        factor=test.factor if known else None,
        seed=plan.seed,
        scoring=plan.scorer.scoring,
        drawn_alike=plan.scorer.drawn_alike,
        roles=roles,
        crossed=test.crossed,
        calibration_groups=int(rehearsed["group"].nunique()),
        level=plan.level,
        obstacle=test.obstacle,
        expected_error=test.expected_error if known else None,
        expected_items=float(rehearsed["answered"].mean()) if known else None,
        expected_spent=float((rehearsed["ended"] == SPENT).mean()) if known else None,
        duplicates=duplicates_report(plan.matrix),
        left_out=left_out(plan.matrix, plan.sources, estimates.index, roles),
        failures=dict(sat.failures),
        estimates=estimates.assign(truth=sat.truth.reindex(estimates.index)),
    )
