"""What a sweeper that optimises may minimise: an error inside the source models, and nothing else.

Options tuned on the models that size the errors, or on the targets, would make every error reported of them too small.
"""

from __future__ import annotations

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from anchoreval.errors import ConfigurationError
from anchoreval.jobs.output import in_sweep

OPTIMISERS = ("hydra_optuna_sweeper", "hydra_ax_sweeper", "hydra_nevergrad_sweeper")
"""Hydra's own sweepers that read what a job returns."""
TUNE = "tune"
"""The job that returns an error inside the source models."""


def is_minimised() -> bool:
    """Whether the sweeper of this job minimises what jobs return; it learns of failures by exceptions."""
    return in_sweep() and any(name in str(HydraConfig.get().sweeper["_target_"]) for name in OPTIMISERS)


def refuse_other_objectives(config: DictConfig) -> None:
    """Refuse any job but `tune` under a sweeper that minimises what jobs return.

    Raises:
        ConfigurationError: naming the job.
    """
    if config.job.name != TUNE and is_minimised():
        raise ConfigurationError(
            f"hydra/sweeper minimises what job=tune returns, an error inside the source models; job={config.job.name} "
            "returns none"
        )
