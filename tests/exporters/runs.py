"""lm-eval run in this process, leaving the logs that its command line leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

from lm_eval import simple_evaluate
from lm_eval.api.model import LM
from lm_eval.loggers import EvaluationTracker
from lm_eval.tasks import TaskManager

from anchoreval.scoring.surroundings import quiet

Records = dict[str, list[dict[str, Any]]]


def evaluated(lm: LM, tasks: list[Any], folder: Path | None = None, **options: Any) -> dict[str, Any]:
    """What `simple_evaluate` returns, without its survey of the machine, which takes seconds."""
    manager = TaskManager(include_path=None if folder is None else str(folder), include_defaults=False)
    with quiet(), patch("lm_eval.evaluator.add_env_info"):
        results: dict[str, Any] = simple_evaluate(lm, tasks=tasks, task_manager=manager, bootstrap_iters=0, **options)
    return results


def run_lm_eval(lm: LM, tasks: list[Any], out: Path, folder: Path | None = None, **options: Any) -> None:
    """Run tasks and write `out/<model>/samples_*.jsonl` and `results_*.json` with lm-eval's own writer."""
    results = evaluated(lm, tasks, folder, **options)
    samples = results.pop("samples")
    tracker = EvaluationTracker(output_path=str(out))
    general = tracker.general_config_tracker
    general.model_name = general.model_name_sanitized = results["model_name"] = lm.salt or "model"
    tracker.save_results_aggregated(results=results, samples=samples)
    for task, rows in samples.items():
        tracker.save_results_samples(task_name=task, samples=rows)


def records_of(lm: LM, tasks: list[Any], folder: Path | None = None, **options: Any) -> Records:
    """lm-eval's own records, in memory."""
    records: Records = evaluated(lm, tasks, folder, **options)["samples"]
    return records
