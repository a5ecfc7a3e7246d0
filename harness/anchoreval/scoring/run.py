"""One lm-eval run of one model over the documents asked, and its records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, TypeAlias

from anchoreval.errors import AnchorEvalError, ScoringError
from anchoreval.scoring.examples import full_run_examples
from anchoreval.scoring.settings import RunSettings, configured, seeded
from anchoreval.scoring.surroundings import quiet
from anchoreval.scoring.task_set import TaskSet

Records: TypeAlias = dict[str, list[dict[str, Any]]]
"""lm-eval's sample records by task: one a document and filter."""


def run(
    lm: Any,
    tasks: TaskSet,
    request: Mapping[str, Sequence[int]],
    settings: RunSettings,
    *,
    name: str,
    verbose: bool = False,
) -> Records:
    """Ask a model the documents of a request.

    `lm_eval.evaluate` is used rather than `simple_evaluate`, which in addition shells out to git, lists the machine's
    hardware and looks up tokenizers.

    Args:
        lm: an `lm_eval.api.model.LM`.
        tasks: loaded tasks.
        request: sorted document ids by task, from `sample_request`.
        settings: of the run.
        name: of the model, for messages.
        verbose: show what lm-eval logs.

    Raises:
        ScoringError: the model or a task failed; says how.
    """
    from lm_eval import evaluate

    leaves = {task: tasks.tasks[task] for task in request}
    with ExitStack() as stack:
        stack.enter_context(quiet(verbose))
        stack.enter_context(seeded(settings))
        for task, leaf in leaves.items():
            stack.enter_context(configured(leaf, settings))
            stack.enter_context(_no_aggregates(leaf))
            own = request[task][lm.rank :: lm.world_size]
            stack.enter_context(full_run_examples(leaf, tasks.documents[task], own))
        try:
            results = evaluate(
                lm,
                {"tasks": leaves},
                samples=_samples(request, tasks.sizes),
                log_samples=True,
                bootstrap_iters=0,
                cache_requests=False,
                **settings.of_prompt,
            )
        except AnchorEvalError:
            raise
        except Exception as error:
            raise ScoringError(f"model {name!r}: {type(error).__name__}: {' '.join(str(error).split())}") from error
    if results is None:
        raise ScoringError(f"model {name!r}: this is process {lm.rank}, and lm-eval gives its results to process 0")
    return dict(results["samples"])


@contextmanager
def _no_aggregates(task: Any) -> Iterator[None]:
    """Count records instead of aggregating them: aggregates go unread, and some fail on a few documents."""
    task.aggregation = lambda: defaultdict(lambda: len)
    try:
        yield
    finally:
        del task.aggregation


def _samples(request: Mapping[str, Sequence[int]], sizes: Mapping[str, int]) -> dict[str, list[int]] | None:
    """The request as lm-eval takes it. A task asked in full is left out: that means the same and is not quadratic."""
    return {task: list(ids) for task, ids in request.items() if len(ids) < sizes[task]} or None
