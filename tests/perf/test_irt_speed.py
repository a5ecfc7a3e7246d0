"""IRT at the size of real benchmarks: processor time, peak memory, and a step in multiples of its matrix products.

Each fit is a process of its own (`peers/ours.py`), so that peak memory is its own. Limits are on processor seconds,
which a busy machine changes less than those of the clock: two cores give 20 of them in 10 seconds.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anchoreval.numerics.irt import fit_irt

pytestmark = pytest.mark.perf
OURS = Path(__file__).with_name("peers") / "ours.py"
ATTEMPTS = 3
GIB = 2**30


def measured(*arguments: str) -> dict[str, Any]:
    """What a task of ours says that it measured."""
    done = subprocess.run([sys.executable, str(OURS), *arguments], capture_output=True, text=True, check=True)
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"\n{' '.join(arguments)}: {facts}")  # noqa: T201
    return facts


@pytest.fixture(scope="module")
def floor() -> float:
    """Peak memory in GiB of a fit of next to nothing: what imports alone take."""
    return float(measured("scale", "--models", "5", "--items", "5")["peak_gib"])


def test_a_2pl_on_395_models_and_14042_items_takes_what_two_cores_do_in_ten_seconds() -> None:
    for _ in range(ATTEMPTS):
        facts = measured("scale", "--models", "395", "--items", "14042")
        if facts["cpu"] < 20:
            break
    assert facts["cpu"] < 20
    assert facts["corr_b"] > 0.95
    assert facts["corr_a"] > 0.85


def test_two_dimensions_on_400_models_and_10000_items_take_a_fraction_of_a_minute() -> None:
    facts = measured("several", "--models", "400", "--items", "10000")
    assert facts["cpu"] < 30
    assert facts["least_canonical"] > 0.99


@pytest.mark.parametrize(("missing", "times"), [("0", 1.5), ("0.05", 3.0)])
def test_peak_memory_is_a_few_times_the_scores(missing: str, times: float, floor: float) -> None:
    """Where cells are missing, the scores once more without gaps, and which are there; then items x nodes."""
    facts = measured("scale", "--models", "1000", "--items", "6000", "--missing", missing)
    nodes = 8 * 6000 * 61 / GIB
    assert facts["peak_gib"] - floor < times * facts["scores_gib"] + 8 * nodes


def test_a_step_costs_a_few_times_its_matrix_products() -> None:
    models, items, nodes = 400, 4000, 61
    scores = (np.random.default_rng(0).random((models, items)) < 0.6).astype(np.float32)
    posterior, curves = np.ones((models, nodes), np.float32), np.ones((items, nodes), np.float32)
    ratios = []
    for _ in range(ATTEMPTS):
        start = time.process_time()
        for _ in range(20):
            _ = scores.T @ posterior, scores @ curves
        products = (time.process_time() - start) / 20
        start = time.process_time()
        steps = len(fit_irt(scores, max_steps=20, tolerance=1e-9).trace)
        ratios.append((time.process_time() - start) / steps / products)
    print(f"\na step takes {', '.join(f'{ratio:.0f}' for ratio in ratios)} times its products")  # noqa: T201
    assert min(ratios) < 15
