"""Simulated suites of two benchmarks whose models are the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from anchoreval.responses import ResponseMatrix
from anchoreval.suite import Suite


def paired_suite(
    n_models: int = 80,
    sizes: tuple[int, int] = (40, 30),
    *,
    correlation: float = 0.9,
    outside: float | None = None,
    missing: float = 0.0,
    seed: int = 0,
) -> Suite:
    """Binary benchmarks `x` and `y`; a model's abilities in them are normal with a given correlation.

    Args:
        n_models: every model is its own base model.
        sizes: numbers of items.
        correlation: of the two abilities.
        outside: spread of what full scores of `y`, measured on a larger benchmark, differ by; None: the mean of items.
        missing: share of the answers that are not there.
        seed: of everything.
    """
    rng = np.random.default_rng(seed)
    first = rng.normal(size=n_models)
    second = correlation * first + np.sqrt(1 - correlation**2) * rng.normal(size=n_models)
    matrices = {}
    models = [f"m{n:03d}" for n in range(n_models)]
    for name, ability, size in zip("xy", (first, second), sizes, strict=True):
        scores = (rng.logistic(size=(n_models, size)) < 1.5 * ability[:, None] - rng.normal(size=size)).astype(float)
        matrix = ResponseMatrix.from_arrays(scores, models=models, items=[f"i{n}" for n in range(size)], name=name)
        table = matrix.models
        if outside is not None and name == "y":
            table = table.assign(full_score=np.clip(scores.mean(axis=1) + outside * rng.normal(size=n_models), 0, 1))
        scores[rng.random(scores.shape) < missing] = np.nan
        matrices[name] = ResponseMatrix.from_arrays(scores, models=table, items=matrix.items, name=name)
    return Suite(matrices)


@pytest.fixture(scope="session")
def two_benchmarks() -> Callable[..., Suite]:
    """Simulator of small suites (see `paired_suite`)."""
    return paired_suite
