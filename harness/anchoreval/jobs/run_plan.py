"""What `job=run` is about to do: everything made and checked before any work is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from omegaconf import DictConfig

from anchoreval.anchors import AnchorSet, load_anchors
from anchoreval.contract import check_budget
from anchoreval.instantiate import estimator, instantiate, selector
from anchoreval.jobs.bystanders import without
from anchoreval.jobs.request import benchmark, calibration, check_level
from anchoreval.jobs.scorers import Scorer, Setting
from anchoreval.methods import Estimator, Selector
from anchoreval.path_digests import content_of, path_digest
from anchoreval.power.report.power_report import check_power
from anchoreval.protocol.digests import content_digest
from anchoreval.reconstruction.choice import check_intervals
from anchoreval.registry import method_name, method_options, provider
from anchoreval.responses import ResponseMatrix
from anchoreval.versions import installed_versions


@dataclass(frozen=True, eq=False)
class Plan:
    """The benchmark, the methods and the scorer of one run.

    Attributes:
        sources: the benchmark without the targets, their variants and copies; nothing else is looked at.
        saved: an anchor set to use again, from the folder `anchors=` names; None to select anew.
    """

    matrix: ResponseMatrix
    sources: ResponseMatrix
    selector: Selector
    estimator: Estimator
    scorer: Scorer
    saved: AnchorSet | None
    saved_digest: str
    k: int
    seed: int
    level: float
    alpha: float
    power: float
    budgets: list[int]
    calibration: float | str | list[str]
    intervals: str
    missing: str

    @classmethod
    def from_config(cls, config: DictConfig) -> Self:
        """Make everything that the configuration names.

        Raises:
            RequestError: something is not there, not allowed, or does not fit the benchmark.
        """
        check_level(config.level)
        check_power(config.power.alpha, config.power.power)
        intervals = check_intervals(config.intervals)
        methods = selector(config.selector), estimator(config.estimator)
        matrix = benchmark(config)
        saved = load_anchors(Path(config.anchors)) if config.anchors else None
        if saved is not None:
            saved.check_benchmark(matrix)
        for budget in config.power.budgets:
            check_budget(budget, matrix, methods[0].unit if saved is None else saved.unit, "power.budgets")
        setting = Setting.of(config, matrix, roles=None if saved is None else saved.roles)
        scorer: Scorer = instantiate("scorer", config.scorer, setting=setting)
        return cls(
            matrix=matrix,
            sources=without(matrix, scorer.held_out()),
            selector=methods[0],
            estimator=methods[1],
            scorer=scorer,
            saved=saved,
            saved_digest=path_digest(Path(config.anchors)) if config.anchors else "",
            k=config.k,
            seed=config.seed,
            level=config.level,
            alpha=config.power.alpha,
            power=config.power.power,
            budgets=list(config.power.budgets),
            calibration=calibration(config),
            intervals=intervals,
            missing=config.missing,
        )

    def identity(self) -> dict[str, Any]:
        """What decides the results, without paths: the run's folder is named by its hash."""
        chosen = {"selector": _method("selector", self.selector), "k": self.k, "calibration": self.calibration}
        return {
            "job": "run",
            "benchmark": {"name": self.matrix.name, "content": content_digest(self.matrix)},
            "anchors": {"saved": self.saved_digest} if self.saved is not None else chosen,
            "estimator": _method("estimator", self.estimator),
            "scorer": self.scorer.identity(),
            "seed": self.seed,
            "level": self.level,
            "power": {"alpha": self.alpha, "power": self.power, "budgets": self.budgets},
            "intervals": self.intervals,
            "missing": self.missing,
            "anchoreval": installed_versions()["anchoreval"],
        }


def _method(kind: str, method: object) -> Mapping[str, Any]:
    name = method_name(method)
    options = {option: content_of(value) for option, value in method_options(method).items()}
    return {"name": name, "options": options, "provider": provider(kind, name)}
