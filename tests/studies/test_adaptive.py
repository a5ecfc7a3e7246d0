"""The adaptive study's page: figures by hand, a row for every test and budget."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from anchoreval.policies.fisher import Fisher
from anchoreval.protocol.adaptive import adaptive_trial
from anchoreval.registry import make_selector
from anchoreval.responses import ResponseMatrix
from anchoreval.studies.adaptive import STOPPING, benchmark_table, page, ratio

Simulator = Callable[..., ResponseMatrix]


def of_errors(errors: dict[str, tuple[list[float], list[float]]]) -> pd.DataFrame:
    """Rows of one test and reading: by benchmark, the errors of its repeats and those of random items."""
    parts = [
        pd.DataFrame({"benchmark": name, "mae": mae, "mae_random": random, "n_source": 75, "n_target": 25})
        for name, (mae, random) in errors.items()
    ]
    return pd.concat(parts)


def test_a_ratio_is_the_geometric_mean_of_benchmarks_and_counts_what_is_resolved() -> None:
    table = of_errors(
        {
            "better": ([1.0, 1.1, 0.9, 1.0], [2.0, 2.1, 1.9, 2.1]),
            "unclear": ([1.0, 3.0, 2.0, 2.0], [2.0, 2.0, 3.0, 1.0]),
            "worse": ([4.0, 4.1, 4.2, 4.0], [1.0, 1.0, 1.2, 0.9]),
        }
    )
    mean = (4.0 / 8.1 * 1.0 * 16.3 / 4.1) ** (1 / 3)
    assert ratio(table) == f"{mean:.2f} (+1 -1)"
    assert ratio(table[:1]) == "0.50 (+0 -0)"


def test_the_page_has_a_row_for_every_test_and_budget(synthetic: Simulator) -> None:
    tables = []
    for repeat in range(2):
        policies = {"fisher": Fisher(), next(iter(STOPPING)): Fisher(standard_error=0.5, least=3)}
        trial = adaptive_trial(
            synthetic(60, 80, seed=1), policies, {"random": make_selector("random")}, k=(5, 10), seed=repeat
        )
        tables.append(trial.assign(benchmark="simulated", repeat=repeat))
    table = pd.concat(tables, ignore_index=True)
    lines = benchmark_table(table).splitlines()
    assert len(lines) == 2 + 6
    fisher = table[(table["test"] == "fisher") & (table["k"] == 5) & (table["reading"] == "pirt")]
    assert lines[2].split(" | ")[2:4] == ["5.0", f"{fisher['mae'].mean():.2f} ({fisher['mae_random'].mean():.2f})"]
    assert sum("stops" in line for line in lines) == 2
    text = page(table, 2)
    assert "## simulated" in text
    assert text.count("\n| fisher |") == 4
    assert np.isfinite(table["mae"]).all()
    assert "nan" not in text


@pytest.mark.real_data
def test_adaptive_items_beat_random_ones_on_ifeval(real: Callable[[str], ResponseMatrix]) -> None:
    """One split, 20 items a target, read by p-IRT."""
    trial = adaptive_trial(real("ifeval"), {"fisher": Fisher()}, k=(20,), seed=0, most_targets=25)
    read = trial[trial["reading"] != "linear"]
    assert (read["mae"] < read["mae_random"]).all()
