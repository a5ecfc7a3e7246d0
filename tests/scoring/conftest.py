"""Loaded local tasks, shared by the tests of live scoring."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from anchoreval.scoring.task_set import TaskSet, load_tasks

from .doubles import SIZES, choice_task
from .loopback import Loopback
from .tiny_model import save_tiny_tokenizer


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


@pytest.fixture
def server() -> Iterator[Loopback]:
    """A server on this machine that answers by hashes."""
    with Loopback() as running:
        yield running


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Folder of a tokenizer trained on a few words."""
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tiny_tokenizer(folder)
    return str(folder)
