"""Models of the benchmark that have no part in a run: the targets with their relatives, and who cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from anchoreval.errors import ConfigurationError
from anchoreval.responses import ResponseMatrix


def without(matrix: ResponseMatrix, held_out: pd.Index[Any]) -> ResponseMatrix:
    """The benchmark without the models that are held out.

    Raises:
        ConfigurationError: no model is left.
    """
    if held_out.empty:
        return matrix
    left = matrix.models.index.difference(held_out, sort=False)
    if left.empty:
        raise ConfigurationError(f"benchmark {matrix.name}: every model is a target or a variant of one")
    return matrix.subset(models=left)


def left_out(
    matrix: ResponseMatrix, sources: ResponseMatrix, targets: pd.Index[Any], roles: Mapping[str, int] | None
) -> dict[str, int]:
    """Number of models of the benchmark that had no part, by reason.

    Args:
        matrix: the whole benchmark.
        sources: the benchmark without what was held out.
        targets: models that were estimated, of the benchmark or not.
        roles: number of source models by role; None where they were not given roles here.
    """
    held_out = matrix.n_models - sources.n_models
    used = sources.n_models if roles is None else sum(roles.get(role, 0) for role in ("select", "calibrate"))
    return {
        "variants or copies of a target": held_out - int(targets.isin(matrix.models.index).sum()),
        "models without a full score": sources.n_models - used,
    }
