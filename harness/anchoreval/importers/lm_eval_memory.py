"""lm-eval's results in memory: what `lm_eval.simple_evaluate(..., log_samples=True)` returns, read as runs.

The same rows as on disk, except that log-likelihoods are numbers and requests are lists; a document may hold what JSON
cannot (an image), which is hashed as lm-eval hashes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from anchoreval.errors import ResponseDataError
from anchoreval.importers.imported import Imported, ReadOptions
from anchoreval.importers.lm_eval_results import RunResults, checked_name
from anchoreval.importers.lm_eval_runs import TaskSamples, imported

LABEL = "lm-eval's results"


def read_lm_eval_results(results: Mapping[str, Any], options: ReadOptions | None = None) -> Iterator[Imported]:
    """The runs in the results of one evaluation, one a task.

    Args:
        results: what `simple_evaluate` returned.
        options: which metric and filter count, which tasks are wanted.

    Raises:
        ResponseDataError: there are no samples, a sample is not as lm-eval makes them (names task and sample), or the
            mean of a task's samples is not the score that is stated.
    """
    samples = results.get("samples") if isinstance(results, Mapping) else None
    if not isinstance(samples, Mapping) or not samples:
        raise ResponseDataError(f"{LABEL}: hold no samples (simple_evaluate keeps them with log_samples=True)")
    known = RunResults(results, LABEL)
    model = known.model
    if model is None:
        raise ResponseDataError(f"{LABEL}: do not name the model (config.model_args)")
    for task, rows in samples.items():
        if not isinstance(rows, list | tuple):
            raise ResponseDataError(f"{LABEL}: samples of {str(task)[:60]!r} are no list")
        yield imported(
            _of_task(checked_name(str(task), f"{LABEL}: a task"), model, rows, known), options or ReadOptions()
        )


def _of_task(task: str, model: str, rows: list[Any] | tuple[Any, ...], known: RunResults) -> TaskSamples:
    where: Callable[[int], str] = lambda number: f"{LABEL}: {task}: sample {number}"  # noqa: E731
    return TaskSamples(
        task=task,
        model=model,
        rows=enumerate(rows, start=1),
        where=where,
        results=known,
        source=Path(),
        label=f"{LABEL}: {task}",
    )
