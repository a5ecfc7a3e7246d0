"""What `job=adaptive` is about to do: everything made and checked before any work is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Self

from omegaconf import DictConfig, OmegaConf

from anchoreval.adaptive.auto_policy import Auto
from anchoreval.contract import check_budget
from anchoreval.errors import ConfigurationError, MethodOptionError
from anchoreval.instantiate import instantiate
from anchoreval.jobs.bystanders import without
from anchoreval.jobs.request import benchmark, calibration, check_level
from anchoreval.jobs.scorers import Setting
from anchoreval.jobs.sitters import Sitter
from anchoreval.methods import Policy
from anchoreval.path_digests import content_of
from anchoreval.protocol.digests import content_digest
from anchoreval.registry import make_policy, method_name, method_options, provider
from anchoreval.responses import ResponseMatrix
from anchoreval.versions import installed_versions


@dataclass(frozen=True, eq=False)
class Plan:
    """The benchmark, the policy and the scorer of one run.

    Attributes:
        sources: the benchmark without the targets, their variants and copies; nothing else is looked at.
        half_width: that is wanted, in score units; None: that of `fixed` anchors, on the same calibration models.
        fixed: number of anchors of the fixed form; None where the half-width is given.
        guarded: whether the level of the intervals is guaranteed (see `anchoreval.adaptive.stopping`).
    """

    matrix: ResponseMatrix
    sources: ResponseMatrix
    policy: Policy
    scorer: Sitter
    budget: int
    batch: int
    half_width: float | None
    fixed: int | None
    guarded: bool
    seed: int
    level: float
    calibration: float | str | list[str]
    missing: str

    @classmethod
    def from_config(cls, config: DictConfig) -> Self:
        """Make everything that the configuration names.

        Raises:
            RequestError: something is not there, not allowed, or does not fit the benchmark.
        """
        check_level(config.level)
        matrix, wanted = benchmark(config), config.adaptive.half_width
        check_budget(config.adaptive.budget, matrix, key="adaptive.budget")
        if wanted is None:
            check_budget(config.k, matrix)
        scorer = instantiate("scorer", config.scorer, setting=Setting.of(config, matrix))
        if not isinstance(scorer, Sitter):
            raise ConfigurationError(f"scorer {type(scorer).__name__} cannot ask one item after another")
        return cls(
            matrix=matrix,
            sources=without(matrix, scorer.held_out()),
            policy=_policy(config),
            scorer=scorer,
            budget=config.adaptive.budget,
            batch=config.adaptive.batch,
            half_width=None if wanted is None else _points(wanted),
            fixed=config.k if wanted is None else None,
            guarded=config.adaptive.guarded,
            seed=config.seed,
            level=config.level,
            calibration=calibration(config),
            missing=config.missing,
        )

    def identity(self) -> dict[str, Any]:
        """What decides the results, without paths: the run's folder is named by its hash."""
        name = method_name(self.policy)
        options = {option: content_of(value) for option, value in method_options(self.policy).items()}
        return {
            "job": "adaptive",
            "benchmark": {"name": self.matrix.name, "content": content_digest(self.matrix)},
            "policy": {"name": name, "options": options, "provider": provider("policy", name)},
            "budget": self.budget,
            "half_width": self.half_width,
            "fixed": self.fixed,
            "guarded": self.guarded,
            "calibration": self.calibration,
            "scorer": self.scorer.identity(),
            "seed": self.seed,
            "level": self.level,
            "missing": self.missing,
            "anchoreval": installed_versions()["anchoreval"],
        }


def _points(wanted: float) -> float:
    """Percentage points as score units.

    Raises:
        ConfigurationError: they are not between 0 and 100.
    """
    if not 0.0 < wanted < 100.0:
        raise ConfigurationError(f"adaptive.half_width = {wanted:g} is not between 0 and 100 percentage points")
    return wanted / 100


def _policy(config: DictConfig) -> Policy:
    """The policy that is named, asking as many items at a time as `adaptive.batch` says.

    Raises:
        ConfigurationError: options without a name.
        UnknownMethodError, MethodOptionError: no such policy or option, or it asks one item at a time.
    """
    given: Mapping[str, Any] = dict(OmegaConf.to_container(config.policy, resolve=True) or {})  # type: ignore[arg-type]
    options = {str(key): value for key, value in given.items() if key != "name"}
    name = given.get("name")
    if not isinstance(name, str):
        raise ConfigurationError("policy.name is missing: give policy.name=<registered name>")
    made = Auto(**options) if name == "auto" and not options else make_policy(name, **options)
    return _asking(made, name, config.adaptive.batch)


def _asking(policy: Policy, name: str, batch: int) -> Policy:
    if not is_dataclass(policy) or "batch" not in {f.name for f in fields(policy) if f.init}:
        if batch != 1:
            raise MethodOptionError(f"policy {name} decides by itself how many items it asks at a time: adaptive.batch")
        return policy
    changed: Any = replace(policy, batch=batch)
    return changed
