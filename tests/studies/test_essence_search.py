"""The study of EssenceBench's search: random subsets that are, held-out models that are, and a verdict that follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchor_selectors.essence import Essence
from anchoreval.contract import generator
from anchoreval.groups import model_groups
from anchoreval.responses import ResponseMatrix
from anchoreval.studies.essence_search import best_of_random, halves, one_split, simple_random, table, verdict

Simulator = Callable[..., ResponseMatrix]
QUICK = Essence(population=20, elite=4, generations=10, rounds=1)


def test_simple_random_subsets_are_all_as_likely() -> None:
    subsets = simple_random(20_000, 6, 3, np.random.default_rng(0))
    count = pd.Series([tuple(sorted(subset)) for subset in subsets.tolist()]).value_counts()
    assert len(count) == 20
    assert all(len(set(subset)) == 3 for subset in count.index)
    assert (np.abs(count - 1000) < 4.5 * np.sqrt(1000 * 0.95)).all()


def test_no_group_of_models_is_on_both_sides(synthetic: Simulator) -> None:
    matrix = synthetic(40, 30, variants=4)
    old, new = halves(matrix, 0)
    groups = model_groups(matrix)
    assert not set(groups[old.models.index]) & set(groups[new.models.index])
    assert old.n_models + new.n_models == 40
    assert new.n_models == 12


def test_best_of_random_is_the_least_of_as_many_as_were_asked_for(synthetic: Simulator) -> None:
    old, _ = halves(synthetic(60, 50, seed=1), 0)
    best, fitness = best_of_random(old, 5, 0, QUICK, 2500)
    panel = QUICK.panel(old, generator(0, "select", "essence"))
    pool, _ = QUICK.pool_rule().pool(old.items, panel.scores, 5)
    judge = panel.fitness(pool, 5)
    assert judge(np.searchsorted(pool, np.sort(best))[None])[0] == fitness
    other = judge(simple_random(2500, len(pool), 5, np.random.default_rng(9)))
    assert fitness <= np.sort(other)[25]  # at least as good as the best hundredth of others
    assert fitness <= best_of_random(old, 5, 0, QUICK, 100)[1]


def test_a_split_gives_a_row_a_method(synthetic: Simulator) -> None:
    rows = pd.DataFrame(one_split(synthetic(60, 50, seed=2), 5, 0, QUICK))
    assert rows["method"].tolist() == ["random", "best of B random", "essence"]
    assert (rows["error"] > 0).all()
    assert rows["calls"].nunique() == 1
    assert "| simulated | 5 | essence |" in table(rows.assign(fitness=rows["fitness"].astype(float)))


@pytest.mark.parametrize(("gain", "words"), [(-1.0, "beats"), (1.0, "is worse than"), (0.0, "is not told apart from")])
def test_the_verdict_follows_the_differences(gain: float, words: str) -> None:
    noise = np.array([0.02, -0.01, 0.03, -0.02, -0.02])
    rows: list[dict[str, Any]] = []
    for seed in range(5):
        shared = {"benchmark": "b", "k": 5, "seed": seed, "targets": 30, "sources": 70, "calls": 9}
        rows.append({**shared, "method": "best of B random", "error": 3.0})
        rows.append({**shared, "method": "essence", "error": 3.0 + gain + noise[seed]})
    assert f"essence {words} best of B random" in verdict(pd.DataFrame(rows))
