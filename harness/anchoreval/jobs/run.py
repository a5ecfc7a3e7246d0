"""`job=run`: pick anchors, score target models on them, reconstruct their full scores, write the report."""

from __future__ import annotations

import json
from pathlib import Path

from omegaconf import DictConfig

from anchoreval.jobs import output
from anchoreval.jobs.request import refuse_import_keys, resolved_yaml
from anchoreval.jobs.run_plan import Plan
from anchoreval.jobs.run_results import Results, write_results
from anchoreval.jobs.run_work import carry_out
from anchoreval.reporting.run_report import terminal_report
from anchoreval.reporting.run_summary import RunSummary
from anchoreval.runs import Outcome, Run


def run(config: DictConfig) -> Outcome:
    """Do the job, unless this very run is complete: then show it again.

    Raises:
        RequestError: the request was wrong; nothing was written.
        WorkError: a method or a model failed.
    """
    refuse_import_keys(config)
    plan = Plan.from_config(config)
    work = Run(Path(config.results), "run", plan.matrix.name, plan.identity())
    changed = not work.is_complete()
    if changed:
        _write(work, carry_out(plan, work), config)
    summary = read_summary(work.folder)
    output.page(terminal_report(summary), f"{'written to' if changed else 'was complete:'} {work.folder}")
    return Outcome(work.folder, changed, None if summary.expected_error is None else 100 * summary.expected_error)


def read_summary(folder: Path) -> RunSummary:
    """What a complete run found."""
    return RunSummary.from_dict(json.loads((folder / "result.json").read_text(encoding="utf-8")))


def _write(work: Run, results: Results, config: DictConfig) -> None:
    with work.writing(resolved_yaml(config)) as folder:
        write_results(folder, results)
