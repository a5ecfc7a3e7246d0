"""Keys of `job=export` and `job=reconstruct`: those that must be there, and those of other jobs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from omegaconf import DictConfig, OmegaConf

from anchoreval.errors import ConfigurationError
from anchoreval.jobs.request import ONLY_IMPORT


def required(config: DictConfig, key: str, what: str, job: str) -> str:
    """The value of a key.

    Raises:
        ConfigurationError: it is not given.
    """
    if not config[key]:
        raise ConfigurationError(f"job={job} needs {key}=<{what}>")
    return str(config[key])


def refuse_other_keys(config: DictConfig, used: Collection[str]) -> None:
    """Refuse keys of `job=import` that would have no effect here.

    Raises:
        ConfigurationError: naming the key.
    """
    for key in ONLY_IMPORT:
        if key not in used and config.get(key) is not None:
            raise ConfigurationError(f"{key}={config[key]} is for job=import; this is job={config.job.name}")


def plain_settings(value: Any) -> Any:
    """A part of a configuration as built-in types."""
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
