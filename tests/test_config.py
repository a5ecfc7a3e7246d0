from __future__ import annotations

from dataclasses import fields
from typing import Any

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from anchoreval.config import CONF, Config, register
from anchoreval.config.measuring import CompareConfig
from anchoreval.reconstruction import INTERVALS


def composed(*overrides: str) -> Any:
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", overrides=list(overrides))


def test_the_file_lists_every_key_of_the_schema_with_its_default() -> None:
    listed, groups = (
        OmegaConf.load(CONF / "config.yaml"),
        {"job", "benchmark", "selector", "estimator", "policy", "split", "scorer"},
    )
    assert isinstance(listed, type(OmegaConf.create({})))
    assert {field.name for field in fields(Config)} == (set(listed) | groups) - {"defaults", "hydra"}
    assert OmegaConf.to_container(listed.compare) == OmegaConf.to_container(OmegaConf.structured(CompareConfig))
    default = composed()
    for name, value in OmegaConf.to_container(OmegaConf.structured(Config)).items():  # type: ignore[union-attr]
        if name not in groups:
            assert default[name] == value, name


def test_every_rule_for_intervals_is_named_beside_its_key() -> None:
    (line,) = [
        line for line in (CONF / "config.yaml").read_text(encoding="utf-8").splitlines() if "intervals: " in line
    ]
    assert all(rule in line for rule in INTERVALS)
