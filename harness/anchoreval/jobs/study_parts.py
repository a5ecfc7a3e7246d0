"""The parts of a study: lists of overrides, each composed into the configuration of one job.

There is one rule. Later wins: the defaults, then the keys that the study's own file sets for all parts, then the part's
overrides, then the command line. Only the job is the part's own whatever the command line says, because `job=figures`
is about the study as a whole. So `compare.repeats=20` raises the repeats of every part that compares, and
`benchmark.path`, `seed`, `results` or `verbose` are the same for all. To change one part alone, give its list anew
(`study.parts.<name>=[...]`) or leave it out (`~study.parts.<name>`).

`<name>` in an override stands for the run folder of an earlier part: `selector.transfer=<transfer>/transfer.csv`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
from hydra import compose
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from anchoreval.config import refuse_added_keys
from anchoreval.errors import ConfigurationError, NotApplicableError
from anchoreval.jobs.compare import BASELINES
from anchoreval.path_digests import content_of
from anchoreval.runs import Outcome

JOBS = ("run", "compare", "plan", "sources", "adaptive", "transfer")
"""Jobs that a part may be: those of which the result is a run folder named by a hash."""
DECIDE = (
    *("selector", "estimator", "policy", "split", "scorer"),
    *("compare", "transfer", "power", "plan", "sources", "adaptive"),
    *("k", "seed", "level", "calibration", "intervals", "missing", "anchors"),
)
"""Keys on which what these jobs find may depend, beside the benchmark."""
WHERE = ("workers", "cells")
"""Keys inside these that say how and where the work is done, and change no result."""
NAME = re.compile(r"[A-Za-z0-9_]+")
STANDS_FOR = re.compile(rf"<({NAME.pattern})>([^\s,\]}}]*)")
"""A part's name in angle brackets and what follows it in the same value."""


@dataclass(frozen=True)
class Part:
    """One part of a study.

    Attributes:
        name: in the study.
        overrides: what the study sets for it.
        given: what the command line sets.
    """

    name: str
    overrides: tuple[str, ...]
    given: tuple[str, ...]

    @property
    def after(self) -> tuple[str, ...]:
        """Names of the parts whose run folders it needs."""
        return tuple(dict.fromkeys(found[1] for text in self.overrides for found in STANDS_FOR.finditer(text)))

    def config(self, folders: Mapping[str, Path]) -> DictConfig:
        """The configuration of its job.

        Args:
            folders: of parts that it comes after; the name stays where there is none.

        Raises:
            HydraException: an override that cannot be read or put in place.
            ConfigurationError: a value is missing, a key does not exist, or the job cannot be part of a study.
        """
        overrides = [filled(text, folders) for text in self.overrides]
        config: DictConfig = compose(HydraConfig.get().job.config_name, [*overrides, *self.given])
        if missing := sorted(OmegaConf.missing_keys(config)):
            raise ConfigurationError(f"study.parts.{self.name}: {missing[0]} is missing")
        refuse_added_keys(config)
        if config.job.name not in JOBS:
            listed = ", ".join(JOBS)
            raise ConfigurationError(f"study.parts.{self.name}: job={config.job.name} cannot be a part ({listed} can)")
        return config

    def identity(self) -> dict[str, Any]:
        """What decides its result, beside the benchmark and the parts that it comes after, as plain data."""
        config = self.config({})
        plain = OmegaConf.to_container(OmegaConf.masked_copy(config, [*DECIDE]), resolve=True)
        return {"job": config.job.name, "config": _decisive(plain)}

    def run(self, folders: Mapping[str, Path]) -> Outcome:
        """Do its job (errors as those of `config`, and the job's own).

        Raises:
            NotApplicableError: a comparison of which nothing but the baselines applies, which it adds by itself.
        """
        config = self.config(folders)
        outcome: Outcome = import_module(f"anchoreval.jobs.{config.job.name}").run(config)
        if config.job.name == "compare":
            _refuse_baselines_alone(pd.read_parquet(outcome.folder / "cells.parquet"))
        return outcome


def parts_of(config: DictConfig) -> tuple[Part, ...]:
    """The parts that a configuration lists, in order.

    Raises:
        ConfigurationError: there is none, a name is no name, one stands for the folder of no earlier part, or an
            override cannot be read.
    """
    given = _given()
    listed: Any = OmegaConf.to_container(config.study.parts, resolve=True)
    parts = tuple(Part(str(name), tuple(texts), given) for name, texts in listed.items())
    if not parts:
        raise ConfigurationError("job=study has no parts: give experiment=<name of a study>")
    for n, part in enumerate(parts):
        _check(part, [one.name for one in parts[:n]])
    return parts


def _check(part: Part, earlier: Sequence[str]) -> None:
    if not NAME.fullmatch(part.name):
        raise ConfigurationError(f"study.parts: {part.name!r} is not a name of letters, digits and underscores")
    for name in part.after:
        if name not in earlier:
            raise ConfigurationError(f"study.parts.{part.name}: <{name}> is no earlier part of the study")
    for text in part.overrides:
        try:
            OverridesParser.create().parse_override(filled(text, {}))
        except HydraException:
            raise ConfigurationError(f"study.parts.{part.name}: {text} cannot be read") from None


def _given() -> tuple[str, ...]:
    """The overrides of the command line without the job, and of Hydra's own keys where files are searched for."""
    asked = HydraConfig.get().overrides
    texts = [*asked.task, *asked.hydra]
    read = OverridesParser.create().parse_overrides(texts)
    return tuple(text for text, one in zip(texts, read, strict=True) if _is_passed_on(one.key_or_group))


def _is_passed_on(key: str) -> bool:
    return key == "hydra.searchpath" or (key != "job" and key.partition(".")[0].partition("/")[0] != "hydra")


def _refuse_baselines_alone(cells: pd.DataFrame) -> None:
    asked = cells[~cells["selector"].isin(BASELINES)]
    if len(asked) and not (asked["status"] == "ok").any():
        raise NotApplicableError(f"no selector that it asks for applies: {asked['reason'].iloc[0]}")


def filled(override: str, folders: Mapping[str, Path]) -> str:
    """The override with folders in the place of names, in quotes, because a path may hold any character."""

    def path(found: re.Match[str]) -> str:
        whole = f"{folders.get(found[1], f'<{found[1]}>')}{found[2]}"
        return "'" + whole.replace("\\", "\\\\").replace("'", "\\'") + "'"

    return STANDS_FOR.sub(path, override)


def _decisive(value: Any) -> Any:
    """Plain data without the keys that change no result, and paths replaced by digests of what is there."""
    if isinstance(value, dict):
        return {str(key): _decisive(entry) for key, entry in value.items() if key not in WHERE}
    if isinstance(value, list):
        return [_decisive(entry) for entry in value]
    return content_of(value) if isinstance(value, str) and os.sep in value else value
