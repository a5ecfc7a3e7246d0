"""Loaded local tasks, shared by the tests of live scoring."""

from __future__ import annotations

from typing import Any

import pytest

from anchoreval.scoring.task_set import TaskSet, load_tasks

from .doubles import SIZES, choice_task


@pytest.fixture(scope="session")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> TaskSet:
    """The tasks `alpha` and `beta`."""
    folder = tmp_path_factory.mktemp("tasks")
    return load_tasks([choice_task(folder, name, ("acc", "acc_norm")) for name in SIZES], network=False)


@pytest.fixture
def raw_run(tasks: TaskSet) -> Any:
    """lm-eval itself, unguarded: sample records by task."""
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    def run(lm: Any, samples: Any = None, loaded: TaskSet = tasks, **options: Any) -> dict[str, list[dict[str, Any]]]:
        result = simple_evaluate(
            lm,
            tasks=list(loaded.tasks.values()),
            task_manager=TaskManager(include_defaults=False),
            samples=samples,
            bootstrap_iters=0,
            **options,
        )
        records: dict[str, list[dict[str, Any]]] = result["samples"]
        return records

    return run
