"""What Hydra composes a configuration from: the folder of YAML files, and the schema where it looks for one."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

from anchoreval.config.root import Config
from anchoreval.config.scorers import AutoScorerConfig, LmEvalScorerConfig, PocketScorerConfig, ReplayScorerConfig
from anchoreval.errors import ConfigurationError

PACKAGE = Path(__file__).resolve().parents[1]
CONF = PACKAGE / "conf" if (PACKAGE / "conf").is_dir() else PACKAGE.parents[1] / "conf"
"""The folder of YAML files: inside the package where it was installed from a wheel, else in the repository."""


def register() -> None:
    """Put the schema where Hydra finds it; the YAML files name it in their defaults lists."""
    store = ConfigStore.instance()
    store.store(name="schema", node=Config, provider="anchoreval")
    for name, schema in {
        "auto": AutoScorerConfig,
        "pocket": PocketScorerConfig,
        "replay": ReplayScorerConfig,
        "lm_eval": LmEvalScorerConfig,
    }.items():
        store.store(group="scorer", name=f"{name}_schema", node=schema, provider="anchoreval")


def refuse_added_keys(config: DictConfig, parent: str = "") -> None:
    """Refuse a key that `+key=value` put where the schema knows all keys: it would have no effect.

    Raises:
        ConfigurationError: naming the key.
    """
    schema = OmegaConf.get_type(config)
    for key in map(str, config):
        if is_dataclass(schema) and key not in {f.name for f in fields(schema)}:
            raise ConfigurationError(f"{parent}{key}: there is no such key")
        if not OmegaConf.is_missing(config, key) and isinstance(config[key], DictConfig):
            refuse_added_keys(config[key], f"{parent}{key}.")
