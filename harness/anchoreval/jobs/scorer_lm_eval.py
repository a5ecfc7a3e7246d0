"""One model scored live through lm-eval on the anchors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from anchoreval.adaptive import AdaptiveTest
from anchoreval.anchors import AnchorSet
from anchoreval.errors import ConfigurationError
from anchoreval.jobs import output
from anchoreval.jobs.scorers import Scored, Setting, with_relatives
from anchoreval.jobs.sitters import SatTests
from anchoreval.path_digests import content_of
from anchoreval.scoring.asking import Asking
from anchoreval.scoring.limits import Limits
from anchoreval.scoring.masking import public_arguments
from anchoreval.scoring.memory.request_memory import RequestMemory
from anchoreval.scoring.settings import RunSettings
from anchoreval.scoring.usage import Usage


@dataclass(frozen=True)
class LmEvalScorer:
    """A model as lm-eval names it, on tasks that the benchmark's items come from."""

    setting: Setting
    model: str
    tasks: list[str]
    model_args: dict[str, Any] = field(default_factory=dict)
    name: str | None = None
    metric: str = "acc"
    filter_name: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    include_path: str | None = None
    truth: bool = False
    limits: dict[str, Any] = field(default_factory=dict)
    scoring: ClassVar[str] = "scored live through lm-eval"
    drawn_alike: ClassVar[bool | None] = None

    def __post_init__(self) -> None:
        if missing := [c for c in ("task", "doc_id") if c not in self.setting.matrix.items]:
            raise ConfigurationError(
                f"scorer=lm_eval needs items.{missing[0]}, by which lm-eval finds an item; benchmark "
                f"{self.setting.matrix.name} has none"
            )
        if self.include_path is not None and not Path(self.include_path).is_dir():
            raise ConfigurationError(f"scorer.include_path: there is no folder {self.include_path}")
        RunSettings.of(self.settings)  # refuses by name what must not be passed on
        Limits(**self.limits)

    @property
    def label(self) -> str:
        """What the model is called in tables: `name`, else what its arguments say."""
        given = self.name or self.model_args.get("pretrained") or self.model_args.get("model") or self.model
        return str(given)

    def held_out(self) -> pd.Index[Any]:
        """The model itself and its relatives, where the benchmark has them already."""
        models = self.setting.matrix.models.index
        return with_relatives(self.setting.matrix, models[models == self.label])

    def score(self, anchors: AnchorSet) -> Scored:
        """Score the model on the anchors, and on everything where the truth is asked for."""
        from anchoreval.scoring.live import score_live

        with self.asking() as asking:
            answers = score_live(self.model, anchors, **vars(asking), **self.arguments())
            truth = self._full_score(asking) if self.truth else np.nan
        return Scored(answers, pd.Series({self.label: truth}))

    def sit(self, test: AdaptiveTest) -> SatTests:
        """Test the model batch by batch, and score it on everything where the truth is asked for."""
        from anchoreval.scoring.model_source import RegisteredModel
        from anchoreval.scoring.sitting import LiveQuestions, may_need_network, sit_models

        models = {self.label: RegisteredModel(self.model, dict(self.model_args))}
        arguments = {key: value for key, value in self.arguments().items() if key not in ("name", "model_args")}
        network = may_need_network(models)
        with self.asking() as asking:
            questions = LiveQuestions.load(self.setting.matrix, asking=asking, network=network, **arguments)
            sat = sit_models(models, questions, test.sit)
            truth = self._full_score(asking) if self.truth and sat.results else np.nan
        failures = {name: str(error) for name, error in sat.failures.items()}
        return SatTests(sat.results, pd.Series({self.label: truth}), failures)

    def identity(self) -> dict[str, Any]:
        """Everything that decides the answers; paths count by their content."""
        arguments = {key: content_of(value) for key, value in public_arguments(self.model_args).items()}
        return {
            "scorer": "lm_eval",
            "model": self.model,
            "model_args": arguments,
            "name": self.label,
            "tasks": list(self.tasks),
            "metric": self.metric,
            "filter_name": self.filter_name,
            "settings": dict(self.settings),
            "include_path": content_of(self.include_path),
            "truth": self.truth,
        }

    @contextmanager
    def asking(self) -> Iterator[Asking]:
        """The memory of a run, its count, which is told at the end, and its limits."""
        usage = Usage()
        with RequestMemory(self.setting.requests) as memory:
            yield Asking(memory, usage, Limits(**self.limits))
        output.note(f"{self.label}: {usage.summary()}")

    def arguments(self) -> dict[str, Any]:
        """What `anchoreval.scoring.live` is called with beside the model and the items."""
        return {
            "tasks": list(self.tasks),
            "model_args": dict(self.model_args),
            "include_path": self.include_path,
            "name": self.label,
            "metric": self.metric,
            "filter_name": self.filter_name,
            "verbose": self.setting.verbose,
            **self.settings,
        }

    def _full_score(self, asking: Asking) -> float:
        from anchoreval.scoring.live import score_full

        full = score_full(self.model, self.setting.matrix, **vars(asking), **self.arguments())
        return float(full.full_scores.iloc[0])
