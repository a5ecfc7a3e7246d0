"""The model whose transferability is measured: one of pocket's population, or one that scorer=lm_eval names."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from omegaconf import DictConfig

from anchoreval.errors import ConfigurationError, NotApplicableError
from anchoreval.instantiate import instantiate
from anchoreval.jobs.scorer_lm_eval import LmEvalScorer
from anchoreval.jobs.scorer_pocket import PocketScorer
from anchoreval.jobs.scorers import Setting
from anchoreval.responses import ResponseMatrix
from anchoreval.scoring.transfer_matrix import TransferMatrix

POCKET_MODEL = "olive-3"
"""A character model whose answers change with the exemplars' subject; those of word model ivy-4 with its own alone."""


class TransferSource(Protocol):
    """Measures one model."""

    def measure(self, matrix: ResponseMatrix, **how: Any) -> TransferMatrix:
        """Ask the model, `how` being arguments of `anchoreval.scoring.transferability.measure_transfer`."""
        ...

    def identity(self) -> dict[str, Any]:
        """What the answers depend on, as plain data without paths."""
        ...


@dataclass(frozen=True)
class PocketModel:
    """A model of pocket's population, trained here."""

    name: str = POCKET_MODEL
    verbose: bool = False

    def measure(self, matrix: ResponseMatrix, **how: Any) -> TransferMatrix:
        """Train the model and ask it; paraphrases of one fact are kept apart unless `apart` says otherwise."""
        from anchoreval.pocket import population, write_tasks
        from anchoreval.pocket.lm import PocketLM
        from anchoreval.scoring.transferability import measure_transfer

        spec = next((spec for spec in population() if spec.name == self.name), None)
        if spec is None:
            raise ConfigurationError(f"transfer.model={self.name}: pocket has no such model")
        how["apart"] = how["apart"] or ("fact" if "fact" in matrix.items else None)
        with tempfile.TemporaryDirectory() as folder:
            tasks = write_tasks(Path(folder))
            return measure_transfer(
                PocketLM(spec), matrix.items, tasks=tasks, name=self.name, verbose=self.verbose, **how
            )

    def identity(self) -> dict[str, Any]:
        """The model's name: with the package's version it says everything."""
        return {"model": self.name}


@dataclass(frozen=True)
class LmEvalModel:
    """The model of scorer=lm_eval, on its tasks."""

    scorer: LmEvalScorer

    def measure(self, matrix: ResponseMatrix, **how: Any) -> TransferMatrix:
        """Ask the model through lm-eval; what it answered is kept, so that a measurement that was killed goes on."""
        from anchoreval.scoring.transferability import measure_transfer

        with self.scorer.asking() as asking:
            return measure_transfer(self.scorer.model, matrix.items, **vars(asking), **self.scorer.arguments(), **how)

    def identity(self) -> dict[str, Any]:
        """That of the scorer."""
        return self.scorer.identity()


def transfer_source(config: DictConfig, matrix: ResponseMatrix) -> TransferSource:
    """The model that a configuration names.

    Raises:
        NotApplicableError: it names none that can be asked live.
        ConfigurationError: it names two.
    """
    scorer = instantiate("scorer", config.scorer, setting=Setting.of(config, matrix))
    if isinstance(scorer, PocketScorer):
        return PocketModel(config.transfer.model or POCKET_MODEL, config.verbose)
    if not isinstance(scorer, LmEvalScorer):
        raise NotApplicableError(
            f"job=transfer asks a model live: benchmark {matrix.name} needs scorer=lm_eval with its model and tasks"
        )
    if config.transfer.model:
        raise ConfigurationError("transfer.model names a model of pocket; with scorer=lm_eval it is scorer.model")
    return LmEvalModel(scorer)
