"""What a job is asked for: the benchmark, and keys that belong to another job refused."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from anchoreval.errors import ConfigurationError
from anchoreval.jobs.cores import cores, share
from anchoreval.protocol.roles import AUTO, CROSS
from anchoreval.responses import ResponseMatrix
from anchoreval.store import load_benchmark

ONLY_IMPORT = ("importer", "path", "into", "items", "models", "logits", "name", "aggregation")
MOST_WORKERS = 8
"""Processes that are started unless more are asked for."""


def benchmark(config: DictConfig) -> ResponseMatrix:
    """The benchmark of a job: `benchmark.path` where it is given, else the one that is named.

    Raises:
        ConfigurationError: neither is given.
        StoreError: the stored benchmark is not there, or damaged.
    """
    chosen = config.benchmark.path or config.benchmark.name
    if not chosen:
        raise ConfigurationError("no benchmark: give benchmark=pocket or benchmark.path=<folder>")
    return load_benchmark(Path(chosen) if config.benchmark.path else chosen)


def refuse_import_keys(config: DictConfig) -> None:
    """Refuse keys of `job=import` in another job, where they would have no effect.

    Raises:
        ConfigurationError: naming the key.
    """
    for key in ONLY_IMPORT:
        if config[key] is not None:
            raise ConfigurationError(f"{key}={config[key]} is for job=import; this is job={config.job.name}")


def check_level(level: float) -> None:
    """Refuse an interval level that is not between 0 and 1.

    Raises:
        ConfigurationError: it is not.
    """
    if not 0 < level < 1:
        raise ConfigurationError(f"level = {level:g} is not between 0 and 1")


def calibration(config: DictConfig) -> float | str | list[str]:
    """The share of source models that calibrate, or their names; `auto` and `cross` as they are.

    Raises:
        ConfigurationError: it is none of them.
    """
    given = config.calibration
    if given in (AUTO, CROSS):
        return str(given)
    if isinstance(given, int | float) and not isinstance(given, bool):
        return float(given)
    if OmegaConf.is_list(given) and all(isinstance(name, str) for name in given):
        return [str(name) for name in given]
    raise ConfigurationError(f"calibration = {given!r} is neither {AUTO} nor {CROSS}, nor a share nor a list of models")


def resolved_yaml(config: DictConfig) -> str:
    """The configuration as it was, for the run's folder."""
    return OmegaConf.to_yaml(config, resolve=True)


def processes(given: int | None) -> int:
    """Number of processes: as given, else one less than there are cores, or the job's share where others run beside."""
    if given is not None:
        return given
    own = share()
    return max(1, min(cores() - 1 if own is None else own, MOST_WORKERS))
