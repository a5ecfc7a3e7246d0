"""What is asked of every model of a run and how its answers are read, checked before any model loads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from anchoreval.errors import ConfigurationError
from anchoreval.scoring.asked import AskedItems
from anchoreval.scoring.records import Answer, check_hashes, chosen_filter, document_hash, read_records
from anchoreval.scoring.request import sample_request
from anchoreval.scoring.run import run
from anchoreval.scoring.settings import RunSettings
from anchoreval.scoring.task_set import TaskSet

MULTIPLE_CHOICE = "multiple_choice"


@dataclass(frozen=True, eq=False)
class Plan:
    """One run, the same for every model.

    Attributes:
        asked: the items.
        tasks: loaded tasks that hold them.
        request: document ids by task.
        metric: which of lm-eval's metrics is the score, or that by task.
        filter_name: which filter's records count; None: the only one, else `none`.
        settings: of lm-eval.
        verbose: show what lm-eval logs.
    """

    asked: AskedItems
    tasks: TaskSet
    request: Mapping[str, list[int]]
    metric: str | Mapping[str, str]
    filter_name: str | None
    settings: RunSettings
    verbose: bool = False

    @classmethod
    def make(
        cls,
        asked: AskedItems,
        tasks: TaskSet,
        *,
        metric: str | Mapping[str, str] = "acc",
        filter_name: str | None = None,
        settings: RunSettings | None = None,
        verbose: bool = False,
    ) -> Plan:
        """Check everything that can be checked without a model.

        Raises:
            AnchorSetError: an item that the tasks do not hold.
            ConfigurationError: a metric or filter that a task does not have.
            ScoringError: a document that is not the one recorded under its id; names the item and both hashes.
        """
        request = sample_request(asked.table, tasks.sizes)
        asked = asked.numbered()
        plan = cls(asked, tasks, request, metric, filter_name, settings or RunSettings(), verbose)
        for task, ids in request.items():
            plan._check_task(task)
            if "doc_hash" in asked.table:
                documents = tasks.documents[task]
                check_hashes(asked.of_task(task), {doc_id: document_hash(documents[doc_id]) for doc_id in ids})
        return plan

    @property
    def multiple_choice(self) -> frozenset[str]:
        """The tasks whose answers are log-likelihoods of options."""
        return frozenset(task for task in self.request if self.tasks.tasks[task].OUTPUT_TYPE == MULTIPLE_CHOICE)

    def answers(self, lm: Any, name: str) -> dict[str, Answer]:
        """Run one model; its answers by item id.

        Raises:
            ScoringError: the model failed, or its answers are not those of the items asked.
        """
        records = run(lm, self.tasks, self.request, self.settings, name=name, verbose=self.verbose)
        answers: dict[str, Answer] = {}
        for task in self.request:
            answers |= read_records(
                records[task],
                self.asked.of_task(task),
                task=task,
                metric=self.metric_of(task),
                filter_name=self.filter_name,
                options=task in self.multiple_choice,
            )
        return answers

    def metric_of(self, task: str) -> str:
        """The metric that is the score of a task.

        Raises:
            ConfigurationError: metrics are given by task, and this one has none.
        """
        if isinstance(self.metric, str):
            return self.metric
        if task not in self.metric:
            raise ConfigurationError(f"task {task!r} has no metric among those given for {', '.join(self.metric)}")
        return self.metric[task]

    def described(self) -> dict[str, Any]:
        """What is asked and how, as plain data to keep with the answers."""
        return {
            "tasks": {task: len(ids) for task, ids in self.request.items()},
            "metric": {task: self.metric_of(task) for task in self.request},
            "filter": self.filter_name,
            "settings": {name: value for name, value in vars(self.settings).items() if value is not None},
        }

    def _check_task(self, name: str) -> None:
        """Refuse what is sure to fail after the run: hours of work would be lost."""
        task = self.tasks.tasks[name]
        if getattr(task, "MULTIMODAL", False):
            raise ConfigurationError(f"task {name!r} is multimodal: lm-eval's records do not identify its documents")
        if filters := [ensemble.name for ensemble in getattr(task, "_filters", [])]:
            chosen_filter(filters, self.filter_name, name)
        computed = callable(task.get_config("process_results")) or task.OUTPUT_TYPE != MULTIPLE_CHOICE
        metrics, wanted = list(task.aggregation()), self.metric_of(name)
        if not computed and wanted not in metrics:
            raise ConfigurationError(f"task {name!r} has no metric {wanted!r} (there are: {', '.join(metrics)})")
