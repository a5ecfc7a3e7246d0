"""How a model of the list comes to its answers on the anchors: live through lm-eval, or from a stored benchmark."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from anchoreval.anchors import AnchorSet
from anchoreval.errors import ConfigurationError
from anchoreval.leaderboard.entries import Entry
from anchoreval.responses import ResponseMatrix
from anchoreval.schema import plain
from anchoreval.scoring.limits import Limits
from anchoreval.scoring.memory.model_identity import identity_digest, model_identity
from anchoreval.scoring.memory.request_memory import RequestMemory
from anchoreval.scoring.model_source import RegisteredModel
from anchoreval.scoring.replay import replay
from anchoreval.scoring.settings import RunSettings
from anchoreval.scoring.usage import Usage
from anchoreval.store import load_benchmark

RECORDED, POCKET = "recorded", "pocket"
"""Kinds of models that are not lm-eval's: answers that are there already, and models of pocket's own kind."""


@dataclass(eq=False)
class Scoring:
    """Scores models of a list on one anchor set.

    Attributes:
        anchors: what is asked.
        tasks: lm-eval tasks that hold the anchors; none needed for anchors of pocket.
        include_path: folder of the user's own task files.
        metric: which of lm-eval's metrics is the score.
        filter_name: which of a task's filters counts.
        settings: of lm-eval's run, for every model.
        memory: answers to single requests.
        limits: on requests and what they cost; over all models of one refresh.
        verbose: show what lm-eval logs.
    """

    anchors: AnchorSet
    tasks: list[str] = field(default_factory=list)
    include_path: str | None = None
    metric: str = "acc"
    filter_name: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    memory: RequestMemory | None = None
    limits: Limits | None = None
    verbose: bool = False

    def identity(self, entry: Entry) -> str:
        """SHA-256 of what the model's answers depend on, beside the anchors.

        Raises:
            AnchorEvalError: that cannot be said (a recorded model that is not there).
        """
        if entry.model == RECORDED:
            answers = self._recorded(entry)
            return hashlib.sha256(answers.scores.tobytes()).hexdigest()
        facts = {
            "model": self._model_facts(entry),
            "settings": {**self.settings, **entry.settings},
            "tasks": self.tasks,
            "metric": self.metric,
            "filter": self.filter_name,
        }
        return hashlib.sha256(json.dumps(plain(facts, "model"), sort_keys=True).encode()).hexdigest()

    def answers(self, entry: Entry, usage: Usage) -> ResponseMatrix:
        """The model's answers on the anchors.

        Raises:
            AnchorEvalError: it could not be scored; says why.
        """
        if entry.model == RECORDED:
            return self._recorded(entry)
        from anchoreval.scoring.live import score_live

        source, identity = self._source(entry)
        return score_live(
            source,
            self.anchors,
            tasks=self._tasks,
            name=entry.name,
            metric=self.metric,
            filter_name=self.filter_name,
            verbose=self.verbose,
            memory=self.memory,
            identity=identity,
            usage=usage,
            limits=self.limits,
            **{**self.settings, **entry.settings},
        )

    @cached_property
    def _tasks(self) -> Any:
        """Loaded once for all models; the task files of pocket are written for the purpose."""
        from anchoreval.scoring.task_set import load_tasks

        if self.tasks:
            return load_tasks(self.tasks, include_path=self.include_path, verbose=self.verbose)
        if self.anchors.benchmark != POCKET:
            raise ConfigurationError("leaderboard.tasks is not given: name the lm-eval tasks that hold the anchors")
        from anchoreval.pocket import write_tasks

        with tempfile.TemporaryDirectory(prefix="anchoreval-pocket-") as folder:
            return load_tasks(write_tasks(Path(folder)), network=False, verbose=self.verbose)

    @cached_property
    def _benchmarks(self) -> dict[str, ResponseMatrix]:
        return {}

    def _recorded(self, entry: Entry) -> ResponseMatrix:
        where = str(entry.model_args.get("benchmark") or self.anchors.benchmark)
        if where not in self._benchmarks:
            self._benchmarks[where] = load_benchmark(where)
        model = str(entry.model_args.get("model") or entry.name)
        found = replay(self._benchmarks[where], self.anchors, [model])
        return dataclasses.replace(found, models=found.models.rename(index={model: entry.name}))

    def _model_facts(self, entry: Entry) -> Any:
        source, given = self._source(entry)
        settings = RunSettings.of({**self.settings, **entry.settings})
        return identity_digest(model_identity(source, settings, entry.name, given))

    def _source(self, entry: Entry) -> tuple[Any, Any]:
        """What lm-eval scores, and what identifies it where that does not say so itself."""
        if entry.model != POCKET:
            return RegisteredModel(entry.model, dict(entry.model_args)), None
        from anchoreval.pocket.lm import PocketLM

        spec = self._spec(entry)
        return (lambda: PocketLM(spec)), repr(spec)

    def _spec(self, entry: Entry) -> Any:
        """One of pocket's population by name (`model`), or a new model: `newcomer` 1, 2 ... `of` so many, by `seed`."""
        from anchoreval.pocket import newcomers, population

        arguments = dict(entry.model_args)
        if "newcomer" in arguments:
            return _newcomer(entry, newcomers, **arguments)
        name = str(arguments.get("model") or entry.name)
        known = {spec.name: spec for spec in population()}
        if name not in known:
            raise ConfigurationError(f"model {entry.name!r}: pocket's population has no {name!r}")
        return known[name]


def _newcomer(entry: Entry, newcomers: Any, newcomer: int = 1, of: int = 3, seed: int = 0) -> Any:
    if not all(isinstance(number, int) for number in (newcomer, of, seed)) or not 1 <= newcomer <= of:
        raise ConfigurationError(f"model {entry.name!r}: newcomer = {newcomer!r} is not one of 1 to of = {of!r}")
    return newcomers(of, seed)[newcomer - 1]
