"""Reading a suite jointly and separately, and the factors behind it, on simulations whose truth is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from anchoreval.contract import fit
from anchoreval.estimators.gam import Gam
from anchoreval.methods import Selection
from anchoreval.responses import ResponseMatrix
from anchoreval.studies.joint_metabench import (
    GRAND,
    error_table,
    factor_lines,
    one_split,
    read_apart,
    thinned,
    verdicts,
)
from anchoreval.studies.suite_factors import suite_factors
from anchoreval.suite import Suite

Simulator = Callable[..., ResponseMatrix]


def two(shared: float, n_models: int = 300) -> Suite:
    """Two benchmarks whose abilities correlate `shared`."""
    rng = np.random.default_rng(1)
    first = rng.normal(size=n_models)
    second = shared * first + np.sqrt(1 - shared**2) * rng.normal(size=n_models)
    matrices = {}
    for name, ability in (("x", first), ("y", second)):
        chance = 1 / (1 + np.exp(-(1.2 * ability[:, None] - rng.normal(size=90))))
        matrices[name] = ResponseMatrix.from_arrays(rng.random(chance.shape) < chance, name=name)
    return Suite(matrices)


@pytest.mark.parametrize(("shared", "factors"), [(1.0, 1), (0.2, 2)])
def test_parcels_tell_one_ability_from_two(shared: float, factors: int) -> None:
    found = suite_factors(two(shared), np.random.default_rng(0))
    assert found.number.n_factors == factors
    assert found.parcels == ["x 1", "x 2", "x 3", "y 1", "y 2", "y 3"]
    if factors == 2:
        assert found.several.correlation[0, 1] == pytest.approx(0.2, abs=0.12)
        own = np.abs(found.several.loadings)
        assert np.ptp(own.argmax(axis=1)[:3]) == np.ptp(own.argmax(axis=1)[3:]) == 0
    else:
        assert found.agreement > 0.99
    assert f"factors above chance (parallel analysis): {factors}" in factor_lines(found)


def test_a_split_measures_every_reading_of_the_same_anchors() -> None:
    suite = two(0.8, 90)
    rows = pd.DataFrame(list(one_split(suite, [12], 3, {"candidates": 0, "start": 2, "iterations": 0, "folds": 2})))
    assert set(rows["output"]) == {"x", "y", GRAND}
    assert len(rows) == 2 * 6 * 3
    assert (rows["rmse"] >= rows["mae"]).all()
    assert (rows["sources"] + rows["targets"] == 90).all()
    assert rows.loc[rows["output"] == "x", "mae"].between(0.5, 12).all()
    assert rows["mae"].nunique() > 20
    both = pd.concat([rows, rows.assign(seed=4, mae=rows["mae"] + 1)])
    assert error_table(both).count("±") == 2 * 6 * 3 * 2
    assert verdicts(both).count("\n") == 1 + 3


def test_reading_apart_is_each_benchmark_by_itself() -> None:
    suite = two(0.5, 80)
    stacked = suite.stacked()
    anchors = pd.Index([*stacked.items.index[:9], *stacked.items.index[95:104]], dtype=object)
    out = suite.models[:20]
    table = read_apart(suite, anchors, out, Gam(), 0)
    own = suite["y"]
    learnt = fit(Gam(), own.subset(models=own.models.index[20:]), Selection(own.items.index[5:14]), 0)
    expected = learnt.predict(own.subset(models=out))["score"]
    np.testing.assert_allclose(table["y"], expected, atol=1e-12)
    np.testing.assert_allclose(table[GRAND], table[["x", "y"]].mean(axis=1), atol=1e-12)


def test_thinning_keeps_whole_groups_and_models_with_scores(synthetic: Simulator) -> None:
    matrix = synthetic(60, 30, variants=3, missing=0.02, seed=1)
    scores = matrix.scores.copy()
    scores[0] = np.nan
    holed = ResponseMatrix.from_arrays(scores, models=matrix.models, items=matrix.items)
    kept = thinned(Suite({"a": holed, "b": synthetic(60, 20, variants=3, seed=2)}), 21).models
    assert matrix.models.index[0] not in kept
    assert 18 <= len(kept) <= 24
    known = holed.models[holed.full_scores.notna()]  # the other benchmark has no gaps
    bases = matrix.models.loc[kept, "base_model"].unique()
    assert set(kept) == set(known.index[known["base_model"].isin(bases)])
