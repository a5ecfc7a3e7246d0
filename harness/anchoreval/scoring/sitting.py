"""Live adaptive tests: models asked batch by batch through lm-eval, each the items that its own answers call for.

Tasks are loaded and the whole benchmark is checked against them once, before any model is opened. Every batch is then a
plan of its own (`anchoreval.scoring.plan`): few-shot examples are those of a full run, and answers pass the same checks
as all others, so each equals the answer of a full run of the same model. A batch costs an lm-eval run: some
ten milliseconds for each task that it touches, and whatever a model loses by small batches.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Generic, Self, TypeAlias, TypeVar

import numpy as np
import pandas as pd
from tqdm import tqdm

from anchoreval.arrays import Float64Array
from anchoreval.errors import AnchorEvalError, AnchorSetError
from anchoreval.responses import ResponseMatrix
from anchoreval.scoring.asked import AskedItems
from anchoreval.scoring.asking import Asking
from anchoreval.scoring.model_source import ModelSource, needs_no_network
from anchoreval.scoring.plan import Plan
from anchoreval.scoring.settings import RunSettings
from anchoreval.scoring.task_set import TaskSet, TaskSpec, load_tasks

Ask: TypeAlias = "Callable[[pd.Index[Any]], Float64Array]"
"""Item ids in, the model's scores in [0, 1] out."""

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class LiveQuestions:
    """What may be asked of models, and how.

    Attributes:
        whole: the plan of a full run; what is asked is a part of it.
        asking: memory, count and limits.
    """

    whole: Plan
    asking: Asking = field(default_factory=Asking)

    @classmethod
    def load(
        cls,
        benchmark: ResponseMatrix,
        *,
        tasks: Sequence[TaskSpec] | TaskSet,
        asking: Asking | None = None,
        network: bool = True,
        include_path: str | Path | None = None,
        metric: str | Mapping[str, str] = "acc",
        filter_name: str | None = None,
        task_manager: Any = None,
        verbose: bool = False,
        **settings: Any,
    ) -> Self:
        """Load the tasks and check the benchmark's items against them.

        Args:
            benchmark: its items may be asked.
            tasks: lm-eval tasks that hold them, or a set that was loaded before.
            asking: memory, count and limits; None: none of them.
            network: whether models may need it (see `load_tasks`).
            include_path: as for `anchoreval.scoring.live.score_live`, like all arguments below.
            metric: as for `score_live`.
            filter_name: as for `score_live`.
            task_manager: as for `score_live`.
            verbose: as for `score_live`.
            **settings: as for `score_live`.

        Raises:
            AnchorSetError: an item that the tasks do not hold, or items without `task` and `doc_id`.
            ConfigurationError: an unknown task, metric, filter or setting.
            ScoringError: a document is not the one recorded under its id.
        """
        chosen = RunSettings.of(settings)
        loaded = load_tasks(
            tasks, include_path=include_path, task_manager=task_manager, network=network, verbose=verbose
        )
        asked = AskedItems.of_benchmark(benchmark)
        whole = Plan.make(asked, loaded, metric=metric, filter_name=filter_name, settings=chosen, verbose=verbose)
        return cls(whole, asking or Asking())

    @contextmanager
    def model(self, source: ModelSource, name: str, identity: Any = None) -> Iterator[Ask]:
        """Open a model; what the block gets answers for it, as often as wanted.

        Raises:
            ConfigurationError, MissingExtraError, ScoringError: as for `anchoreval.scoring.asking.Asking.model`; the
                last also where the model fails while it is asked.
        """
        with self.asking.model(source, self.whole, name, identity) as lm:
            yield partial(self._scores, lm, name)

    def _scores(self, lm: Any, name: str, items: pd.Index[Any]) -> Float64Array:
        given = self._plan(items).answers(lm, name)
        return np.array([given[item].score for item in items], dtype=np.float64)

    def _plan(self, items: pd.Index[Any]) -> Plan:
        """The plan of one batch."""
        whole = self.whole
        if (unknown := items.difference(whole.asked.table.index)).size:
            raise AnchorSetError(f"benchmark {whole.asked.benchmark} has no item {unknown[0]!r} to ask")
        return Plan.make(
            AskedItems(whole.asked.table.loc[items], whole.asked.benchmark),
            whole.tasks,
            metric=whole.metric,
            filter_name=whole.filter_name,
            settings=whole.settings,
            verbose=whole.verbose,
        )


@dataclass(frozen=True)
class Sat(Generic[Result]):
    """Results of the models that sat a test, and why each of the others did not, by model."""

    results: Mapping[str, Result]
    failures: Mapping[str, AnchorEvalError]


def sit_models(
    models: Mapping[str, ModelSource],
    questions: LiveQuestions,
    sit: Callable[[Ask, str], Result],
    identity: Mapping[str, Any] | None = None,
) -> Sat[Result]:
    """Let several models sit a test one after another; a model that fails, at whatever item, stops no other.

    Args:
        models: by name; functions and registered kinds are opened when their turn comes and released after it.
        questions: what may be asked.
        sit: the test: given what answers for a model, and its name, the result.
        identity: words for the models by name, where a memory needs them (see `Asking.model`).
    """
    results: dict[str, Result] = {}
    failures: dict[str, AnchorEvalError] = {}
    for name, source in tqdm(models.items(), unit="model", disable=None):
        try:
            with questions.model(source, name, (identity or {}).get(name)) as ask:
                results[name] = sit(ask, name)
        except AnchorEvalError as error:
            failures[name] = type(error)(str(error))  # without the frames, which hold the model
        gc.collect()  # a model's memory is wanted for the next
    return Sat(results, failures)


def may_need_network(models: Mapping[str, ModelSource]) -> bool:
    """Whether any of the models is not known to be here already."""
    return not all(map(needs_no_network, models.values()))
