"""The optimal design's options, its cross-validated shrinkage, and its anchors against brute force and random ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from anchor_selectors.optimal import FEWEST_GROUPS, FIXED, LEAST_NOISE, SHRINKAGES, Optimal
from anchoreval.contract import choose, fit, generator
from anchoreval.errors import MethodOptionError, NotApplicableError
from anchoreval.estimators.bayes_linear import BayesLinear
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


def dense_covariance(scores: Any, shrinkage: float, noise: float, pooling: float = 0.0) -> np.ndarray:
    """With all items of one stratum, as where k is below 10."""
    matrix = np.cov(np.asarray(scores, dtype=np.float64).T, bias=True)
    variance = np.diag(matrix)
    alike = np.full_like(matrix, matrix.mean())
    np.fill_diagonal(alike, variance.mean())
    single = (1 - shrinkage) * matrix + np.diag(shrinkage * variance)
    return (1 - pooling) * single + pooling * alike + noise * variance.mean() * np.eye(len(matrix))


def left(matrix: np.ndarray, weights: np.ndarray, chosen: list[int]) -> float:
    """Posterior variance of the weighted sum, by a dense inverse."""
    total = matrix @ weights
    return float(weights @ total - total[chosen] @ np.linalg.inv(matrix[np.ix_(chosen, chosen)]) @ total[chosen])


@pytest.mark.parametrize("shrinkage", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("pooling", [0.0, 0.6])
def test_anchors_are_the_greedy_choice_by_brute_force(shrinkage: float, pooling: float, synthetic: Simulator) -> None:
    matrix = synthetic(30, 24, seed=2)
    covariance = dense_covariance(matrix.scores, shrinkage, 0.2, pooling)
    chosen: list[int] = []
    for _ in range(6):
        values = [left(covariance, matrix.weights, [*chosen, j]) if j not in chosen else np.inf for j in range(24)]
        chosen.append(int(np.argmin(values)))
    selection = choose(Optimal(shrinkage=shrinkage, noise=0.2, pooling=pooling), matrix, 6)
    path = selection.details["posterior_variance"]
    assert path[-1] == pytest.approx(left(covariance, matrix.weights, chosen), rel=1e-6)
    if shrinkage < 1:  # with nothing shared, items of equal variance are tied
        assert set(selection.items) == set(matrix.items.index[chosen])
    assert selection.weights is None
    assert selection.inclusion is None
    assert selection.details["held_out_rmse"] == {}


def test_swaps_never_leave_more_variance(synthetic: Simulator) -> None:
    swapped = 0
    for seed in range(8):
        details = choose(Optimal(shrinkage=0.1, swaps=20), synthetic(30, 80, seed=seed), 8).details
        swapped += details["swapped"]
        reached, greedy = details["posterior_variance_refined"], details["posterior_variance"][-1]
        assert reached < greedy if details["swapped"] else reached == greedy
    assert swapped > 0


def test_the_least_noise_and_no_shrinkage_still_give_numbers(synthetic: Simulator) -> None:
    matrix = synthetic(10, 120, seed=1)  # more anchors than models: only noise is left to know
    details = choose(Optimal(noise=LEAST_NOISE, shrinkage=0.0, pooling=0.0, swaps=2), matrix, 80).details
    path = np.array(details["posterior_variance"])
    assert (path > 0).all()
    assert (np.diff(path) <= 0).all()
    assert 0 < details["posterior_variance_refined"] <= path[-1]


def test_shrinkage_is_the_value_of_least_held_out_error(synthetic: Simulator) -> None:
    details = choose(Optimal(), synthetic(60, 80, variants=2), 10).details
    assert details["groups"] == 30
    assert set(details["held_out_rmse"]) == {str(value) for value in SHRINKAGES}
    assert details["held_out_rmse"][str(details["shrinkage"])] == min(details["held_out_rmse"].values())


def test_cross_validation_prefers_what_the_data_hold() -> None:
    rng = np.random.default_rng(0)
    independent = ResponseMatrix.from_arrays(rng.random((40, 120)) < 0.5)
    ability = rng.normal(size=(200, 1))
    one_factor = ResponseMatrix.from_arrays(ability + 0.3 * rng.normal(size=(200, 120)) > rng.normal(size=120))
    by_chance, by_factor = (choose(Optimal(), matrix, 20).details for matrix in (independent, one_factor))
    strongest, weakest = str(max(SHRINKAGES)), str(min(SHRINKAGES))
    assert by_chance["held_out_rmse"][strongest] < by_chance["held_out_rmse"][weakest]
    assert by_factor["held_out_rmse"][strongest] > by_factor["held_out_rmse"][weakest]
    assert by_factor["shrinkage"] < by_chance["shrinkage"]


def test_variants_of_a_base_model_leave_together(synthetic: Simulator) -> None:
    # every model three times: if twins stayed behind, the held-out error would be far below the truth
    matrix = synthetic(24, 120, seed=1)
    rows = np.repeat(np.arange(24), 3)
    ids = [f"model{n:03d}" for n in range(72)]
    models = matrix.models.iloc[rows].set_axis(ids, axis=0)
    tripled = ResponseMatrix.from_arrays(matrix.scores[rows], models=models, items=matrix.items)
    scattered = ResponseMatrix.from_arrays(matrix.scores[rows], models=ids, items=matrix.items)
    kept = choose(Optimal(), tripled, 20).details
    apart = choose(Optimal(), scattered, 20).details
    assert (kept["groups"], apart["groups"]) == (24, 72)
    assert min(apart["held_out_rmse"].values()) < 0.6 * min(kept["held_out_rmse"].values())


@pytest.mark.parametrize("n_models", [1, 2, 3, FEWEST_GROUPS - 1])
def test_few_sources_get_strong_shrinkage_without_cross_validation(n_models: int, synthetic: Simulator) -> None:
    selection = choose(Optimal(), synthetic(n_models, 40), 7)
    assert len(selection.items) == 7
    assert selection.details["shrinkage"] == FIXED
    assert selection.details["held_out_rmse"] == {}
    assert np.isfinite(selection.details["posterior_variance"]).all()


@pytest.mark.parametrize(("n_models", "variants"), [(12, 1), (40, 1), (40, 4)])
def test_the_fewer_groups_the_more_items_are_taken_for_alike(
    n_models: int, variants: int, synthetic: Simulator
) -> None:
    matrix = synthetic(n_models, 60, variants=variants)
    n_groups = n_models // variants
    details = choose(Optimal(shrinkage=0.3), matrix, 20).details
    assert details["pooling"] == Optimal().prior_groups / (Optimal().prior_groups + n_groups)
    assert choose(Optimal(shrinkage=0.3, prior_groups=0.0), matrix, 20).details["pooling"] == 0
    assert choose(Optimal(shrinkage=0.3, pooling=0.7), matrix, 20).details["pooling"] == 0.7


def test_wholly_pooled_it_is_a_random_design_stratified_by_difficulty(synthetic: Simulator) -> None:
    matrix = synthetic(40, 200, continuous=True, seed=5)  # without ties, which would fall to either stratum
    band = matrix.scores.mean(axis=0).argsort(kind="stable").argsort() // 25  # 40 anchors make 8 strata
    counts, drawn = np.zeros((60, 8)), np.zeros((60, 200))
    for seed in range(60):
        items = matrix.items.index.get_indexer(choose(Optimal(pooling=1.0), matrix, 40, seed=seed).items)
        drawn[seed, items] = 1
        counts[seed] = np.bincount(band[items], minlength=8)
    assert (counts == counts[0]).all()  # a simple random sample of 40 has a standard deviation of 1.9
    # inside a stratum items are drawn alike: how often they are scatters as in a lottery
    chance = counts[0][band] / 25
    possible = (chance > 0) & (chance < 1)
    scatter = ((drawn.sum(axis=0) - 60 * chance) ** 2)[possible] / (60 * chance * (1 - chance))[possible]
    assert scatter.mean() == pytest.approx(1.0, abs=0.4)
    sets = [set(choose(Optimal(pooling=0.0, shrinkage=0.3), matrix, 40, seed=seed).items) for seed in (0, 1)]
    assert sets[0] == sets[1]


def test_with_few_groups_it_does_better_than_greed_alone() -> None:
    """Two abilities, 12 source models and 100 anchors; the estimator is the selector's own reading."""
    rng = np.random.default_rng(0)
    errors = []
    for seed in range(6):
        slopes = np.column_stack([np.exp(0.3 * rng.normal(size=600)), 0.5 * rng.normal(size=600)])
        chance = 1 / (1 + np.exp(-rng.normal(size=(112, 2)) @ slopes.T + rng.normal(size=600)))
        matrix = ResponseMatrix.from_arrays(rng.random(chance.shape) < chance)
        sources, targets = (
            matrix.subset(models=matrix.models.index[:12]),
            matrix.subset(models=matrix.models.index[12:]),
        )
        row = []
        for selector in (Optimal(prior_groups=0.0), Optimal()):
            reading = fit(BayesLinear(), sources, choose(selector, sources, 100, seed), seed)
            row.append((reading.predict(targets)["score"] - targets.full_scores).abs().mean())
        errors.append(row)
    alone, pooled = np.mean(errors, axis=0)
    assert pooled < 0.95 * alone


def test_where_nothing_is_known_other_seeds_take_other_items() -> None:
    equal = ResponseMatrix.from_arrays(np.ones((3, 50)))
    assert len({tuple(choose(Optimal(), equal, 5, seed=seed).items) for seed in range(5)}) > 1


def test_a_base_model_that_is_not_named_is_the_model_itself(synthetic: Simulator) -> None:
    matrix = synthetic(12, 40)
    models = matrix.models.assign(base_model=["x", "x", "model003", None, *[None] * 8])
    named = ResponseMatrix.from_arrays(matrix.scores, models=models, items=matrix.items)
    assert choose(Optimal(), named, 5).details["groups"] == 10  # x; model002 with model003; the other eight


def test_costs_buy_cheap_items_first(synthetic: Simulator) -> None:
    matrix = synthetic(30, 40, seed=3)
    costs = np.where(np.arange(40) % 2, 1.0, 50.0)
    priced = ResponseMatrix.from_arrays(matrix.scores, models=matrix.models, items=matrix.items.assign(cost=costs))
    plain = choose(Optimal(shrinkage=0.3), priced, 10).items
    cheap = choose(Optimal(shrinkage=0.3, cost_aware=True), priced, 10).items
    assert priced.items.loc[cheap, "cost"].sum() == 10
    assert priced.items.loc[plain, "cost"].sum() > 10
    with pytest.raises(NotApplicableError, match=r"selector optimal with cost_aware=True needs item costs"):
        choose(Optimal(cost_aware=True), matrix, 10)
    for bad in (0.0, -1.0, np.nan, np.inf):
        spoilt = ResponseMatrix.from_arrays(
            matrix.scores, models=matrix.models, items=matrix.items.assign(cost=[*costs[:-1], bad])
        )
        with pytest.raises(NotApplicableError, match="item 'item0039' has no positive cost"):
            choose(Optimal(cost_aware=True), spoilt, 10)


@pytest.mark.parametrize(
    "options",
    [
        {"noise": 0.0},
        {"noise": 1e-7},
        {"noise": -1.0},
        {"noise": float("nan")},
        {"noise": float("inf")},
        {"shrinkage": -0.1},
        {"shrinkage": 1.1},
        {"shrinkage": float("nan")},
        {"pooling": -0.1},
        {"pooling": 1.1},
        {"pooling": float("nan")},
        {"prior_groups": -1.0},
        {"prior_groups": float("inf")},
        {"prior_groups": float("nan")},
        {"swaps": -1},
        {"swaps": 1.5},
        {"swaps": True},
    ],
)
def test_impossible_options_are_refused_by_name(options: dict[str, Any]) -> None:
    with pytest.raises(MethodOptionError, match=next(iter(options))):
        Optimal(**options)


def test_its_posterior_mean_beats_that_of_random_anchors(synthetic: Simulator) -> None:
    """On models not seen, by the reconstruction of the design itself; the simulation is logistic, not Gaussian."""
    matrix = synthetic(240, 300, seed=8)
    sources = matrix.subset(models=matrix.models.index[:120])
    covariance = dense_covariance(sources.scores, 0.5, 0.1)
    away = matrix.scores[120:].astype(np.float64) - sources.scores.mean(axis=0)

    def error(chosen: Any) -> float:
        slopes = np.linalg.solve(covariance[np.ix_(chosen, chosen)], (covariance @ matrix.weights)[chosen])
        return float(np.abs(away[:, chosen] @ slopes - away @ matrix.weights).mean())

    chosen = choose(Optimal(shrinkage=0.5, noise=0.1), sources, 20).items
    rng = generator(0)
    drawn = [error(rng.choice(300, size=20, replace=False)) for _ in range(50)]
    assert error(matrix.items.index.get_indexer(chosen)) < np.mean(drawn)
