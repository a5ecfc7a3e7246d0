"""Shared fixtures: real response matrices where they are at hand, and simulated ones whose truth is known."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anchoreval.responses import ResponseMatrix

for variable in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("ANCHOREVAL_DATA", ROOT.parent / "shared" / "data"))
MACRO = {"livebench"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests on real data, with the reason, where the folder is absent."""
    if DATA.is_dir():
        return
    absent = pytest.mark.skip(reason=f"no real response data: {DATA} is absent (set ANCHOREVAL_DATA)")
    for item in items:
        if item.get_closest_marker("real_data"):
            item.add_marker(absent)


@cache
def read_real(name: str) -> ResponseMatrix:
    """A real benchmark, read with plain pandas so that it does not depend on our readers."""
    folder = DATA / name
    items = pd.read_parquet(folder / "items.parquet").set_index("item")
    models = pd.read_parquet(folder / "models.parquet").set_index("model")
    rows = pd.read_parquet(folder / "responses.parquet")
    scores = rows.pivot(index="model", columns="item", values="score").reindex(index=models.index, columns=items.index)
    probabilities = None
    if (folder / "logits.parquet").exists():
        logits = pd.read_parquet(folder / "logits.parquet").set_index(["model", "item"])
        grid = pd.MultiIndex.from_product([models.index, items.index])
        values = logits.reindex(grid).to_numpy(np.float64).reshape(len(models), len(items), -1)
        values = np.exp(values - values.max(axis=2, keepdims=True))
        probabilities = (values / values.sum(axis=2, keepdims=True)).astype(np.float32)
    return ResponseMatrix.from_arrays(
        scores.to_numpy(),
        models=models,
        items=items,
        probabilities=probabilities,
        aggregation="macro" if name in MACRO else "micro",
        name=name,
    )


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Where the real response matrices are."""
    return DATA


@pytest.fixture(scope="session")
def real() -> Callable[[str], ResponseMatrix]:
    """Reader of one real benchmark by name."""
    return read_real


def simulate(
    n_models: int = 60,
    n_items: int = 200,
    *,
    n_subjects: int = 0,
    options: int = 0,
    missing: float = 0.0,
    continuous: bool = False,
    variants: int = 1,
    aggregation: str = "micro",
    seed: int = 0,
) -> ResponseMatrix:
    """Draw a benchmark from a two-dimensional logistic model; base models come with `variants` rows each."""
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(-(-n_models // variants), 2))
    ability = np.repeat(base, variants, axis=0)[:n_models] + 0.1 * rng.normal(size=(n_models, 2))
    slopes = np.column_stack([np.exp(0.3 * rng.normal(size=n_items)), 0.5 * rng.normal(size=n_items)])
    logits = ability @ slopes.T - rng.normal(size=n_items)
    chance = 1 / (1 + np.exp(-logits))
    probabilities = None
    if options:
        noise = rng.gumbel(size=(n_models, n_items, options))
        noise[:, :, 0] += logits
        shares = np.exp(noise - noise.max(axis=2, keepdims=True))
        probabilities = (shares / shares.sum(axis=2, keepdims=True)).astype(np.float32)
        scores = (probabilities.argmax(axis=2) == 0).astype(np.float64)
    elif continuous:
        scores = rng.beta(1 + 4 * chance, 1 + 4 * (1 - chance))
    else:
        scores = (rng.random(chance.shape) < chance).astype(np.float64)
    if missing:
        holes = rng.random(scores.shape) < missing
        scores[holes] = np.nan
        if probabilities is not None:
            probabilities[holes] = np.nan
    models = pd.DataFrame(
        {
            "base_model": [f"base{n // variants}" for n in range(n_models)],
            "family": [f"family{(n // variants) % 6}" for n in range(n_models)],
            "released": pd.date_range("2024-01-01", periods=n_models, freq="7D"),
        },
        index=[f"model{n:03d}" for n in range(n_models)],
    )
    items = pd.DataFrame(index=[f"item{n:04d}" for n in range(n_items)])
    if n_subjects:
        items["subject"] = [f"subject{n % n_subjects}" for n in range(n_items)]
    return ResponseMatrix.from_arrays(
        scores, models=models, items=items, probabilities=probabilities, aggregation=aggregation, name="simulated"
    )


@pytest.fixture(scope="session")
def synthetic() -> Callable[..., ResponseMatrix]:
    """Simulator of small benchmarks (see `simulate`)."""
    return simulate


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where ANCHOREVAL_NO_SKIPS is set (continuous integration), a skipped test is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("ANCHOREVAL_NO_SKIPS") and reporter and reporter.stats.get("skipped"):
        reporter.write_line("a test was skipped, and ANCHOREVAL_NO_SKIPS is set", red=True)
        session.exitstatus = 1
