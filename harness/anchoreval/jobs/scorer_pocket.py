"""New models of pocket's own kind: trained here, then scored live through lm-eval on the anchors."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from anchoreval.adaptive import AdaptiveTest
from anchoreval.anchors import AnchorSet
from anchoreval.errors import ConfigurationError, TooFewModelsError
from anchoreval.jobs.scorers import Scored, Setting, with_relatives
from anchoreval.jobs.sitters import SatTests
from anchoreval.responses import SCORE, ResponseMatrix

if TYPE_CHECKING:
    from anchoreval.pocket import LanguageModel, ModelSpec


@dataclass(frozen=True)
class PocketScorer:
    """Trains `models` newcomers and scores them; with `truth`, on every item too."""

    setting: Setting
    models: int = 3
    truth: bool = True
    scoring: ClassVar[str] = "scored live through lm-eval"
    drawn_alike: ClassVar[bool | None] = None

    def __post_init__(self) -> None:
        if self.models < 1:
            raise TooFewModelsError(f"scorer.models = {self.models}: at least one new model is needed")
        if self.setting.matrix.name != "pocket":
            raise ConfigurationError(
                f"scorer=pocket scores models on benchmark pocket, not on {self.setting.matrix.name}: take "
                "scorer=replay or scorer=lm_eval"
            )

    @cached_property
    def specs(self) -> tuple[ModelSpec, ...]:
        """The new models, by the run's seed."""
        from anchoreval.pocket import newcomers

        return newcomers(self.models, self.setting.seed)

    def held_out(self) -> pd.Index[Any]:
        """Newcomers are in no benchmark, unless somebody added them to one."""
        models = self.setting.matrix.models.index
        return with_relatives(self.setting.matrix, models[models.isin([spec.name for spec in self.specs])])

    def score(self, anchors: AnchorSet) -> Scored:
        """Train each model and score it through lm-eval."""
        from anchoreval.pocket import train, write_tasks
        from anchoreval.pocket.lm import PocketLM
        from anchoreval.scoring.live import score_models

        models = {spec.name: train(spec) for spec in self.specs}
        with tempfile.TemporaryDirectory() as folder:
            sources = {name: PocketLM(model) for name, model in models.items()}
            verbose = self.setting.verbose
            live = score_models(sources, anchors, tasks=write_tasks(Path(folder)), verbose=verbose)
        truth = {name: self._full_score(model) if self.truth else np.nan for name, model in models.items()}
        failures = {name: str(error) for name, error in live.failures.items()}
        return Scored(live.responses, pd.Series(truth, dtype=np.float64), failures)

    def sit(self, test: AdaptiveTest) -> SatTests:
        """Train each model and test it through lm-eval, batch by batch."""
        from anchoreval.pocket import train, write_tasks
        from anchoreval.pocket.lm import PocketLM
        from anchoreval.scoring.sitting import LiveQuestions, sit_models

        models = {spec.name: train(spec) for spec in self.specs}
        with tempfile.TemporaryDirectory() as folder:
            tasks, verbose = write_tasks(Path(folder)), self.setting.verbose
            questions = LiveQuestions.load(self.setting.matrix, tasks=tasks, network=False, verbose=verbose)
            sat = sit_models({name: PocketLM(model) for name, model in models.items()}, questions, test.sit)
        truth = {name: self._full_score(model) if self.truth else np.nan for name, model in models.items()}
        failures = {name: str(error) for name, error in sat.failures.items()}
        return SatTests(sat.results, pd.Series(truth, dtype=np.float64), failures)

    def identity(self) -> dict[str, Any]:
        """The models' specifications, and whether the truth is asked for."""
        return {"scorer": "pocket", "models": [repr(spec) for spec in self.specs], "truth": self.truth}

    def _full_score(self, model: LanguageModel) -> float:
        """Score on every item, by the model itself: equal to lm-eval's, and much quicker."""
        from anchoreval.pocket import score_directly

        matrix = self.setting.matrix
        scores, _ = score_directly(model, matrix.items.index)
        every = ResponseMatrix.from_arrays(scores, items=matrix.items, weights=matrix.weights)
        return float(every.totals()[SCORE].iloc[0])
