"""Essence: what a search finds, what a round makes of it, and what the selector reports."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from itertools import combinations
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchor_selectors.essence import Essence
from anchor_selectors.essence.attribution import attributions, permutation_importance
from anchor_selectors.essence.boosting import has_boosting
from anchor_selectors.essence.panel import Panel, drawn_folds
from anchor_selectors.essence.regrouping import regrouped
from anchor_selectors.essence.search import SearchPlan, genetic_search
from anchoreval.contract import choose, generator
from anchoreval.errors import MethodOptionError, MissingExtraError, TooFewModelsError
from anchoreval.numerics.gam import fit_gam
from anchoreval.numerics.subset_fitness import SubsetFitness
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]
QUICK = {"population": 40, "elite": 6, "generations": 25, "attributed": 20}
UNFILTERED: dict[str, Any] = {"max_accuracy": None, "min_sd": None, "min_discrimination": None}


def fitness_of(matrix: ResponseMatrix, k: int) -> SubsetFitness:
    truth = matrix.full_scores.to_numpy()
    return SubsetFitness.of(matrix.scores, truth, [lambda mean: mean], k)


# --- the search --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mutation", ["swap", "flip"])
def test_the_search_finds_the_best_of_all_subsets(synthetic: Simulator, mutation: str) -> None:
    fitness = fitness_of(synthetic(30, 12, seed=1), 3)
    errors = fitness.errors(np.array(list(combinations(range(12), 3))))
    plan = SearchPlan(population=20, elite=3, generations=60, mutation=mutation)
    found = genetic_search(fitness.errors, 12, 3, plan, np.random.default_rng(0))
    assert found.errors[0] == errors.min() < np.partition(errors, 1)[1]
    assert found.errors[0] == fitness.errors(found.subsets[:1])[0]


def test_it_finds_far_better_subsets_than_as_many_random_ones(synthetic: Simulator) -> None:
    fitness = fitness_of(synthetic(60, 300, seed=2), 20)
    rng = np.random.default_rng(0)
    found = genetic_search(fitness.errors, 300, 20, SearchPlan(population=50, elite=5, generations=80), rng)
    drawn = np.array([rng.permutation(300)[:20] for _ in range(found.evaluations)])
    assert found.errors[0] < 0.7 * fitness.errors(drawn).min()


def test_the_best_never_gets_worse_and_the_log_counts(synthetic: Simulator) -> None:
    fitness = fitness_of(synthetic(30, 100, seed=3), 10)
    for elite, mutation in ((1, "swap"), (5, "swap"), (1, "flip")):
        plan = SearchPlan(population=30, elite=elite, generations=50, mutation=mutation)
        found = genetic_search(fitness.errors, 100, 10, plan, np.random.default_rng(1))
        best = found.log.select("best")
        assert best == sorted(best, reverse=True)
        assert best[-1] < best[0] or mutation == "flip"  # which leaves little of a good subset to start from
        assert found.generations == 50
        assert found.evaluations == 30 + 50 * (30 - elite)
        np.testing.assert_array_equal(found.errors, fitness.errors(found.subsets))
        assert (np.diff(found.errors) >= 0).all()


def test_patience_ends_a_search_that_gains_nothing() -> None:
    done: list[int] = []
    plan = SearchPlan(population=10, elite=2, generations=100, patience=4)
    found = genetic_search(lambda subsets: np.ones(len(subsets)), 20, 3, plan, np.random.default_rng(0), done.append)
    assert found.generations == 4
    assert sum(done) == 100


def test_with_one_possible_subset_nothing_is_searched() -> None:
    found = genetic_search(lambda subsets: np.ones(len(subsets)), 6, 6, SearchPlan(), np.random.default_rng(0))
    assert found.evaluations == 1
    np.testing.assert_array_equal(found.subsets, [np.arange(6)])


# --- attribution and regrouping ----------------------------------------------------------------------------------


def ridge_by_hand(scores: Any, truth: Any) -> Any:
    """|slope| sd of each item, the penalty entering as extra rows of an ordinary least-squares problem."""
    centred, target = scores - scores.mean(axis=0), truth - truth.mean()
    penalty = np.sqrt((centred**2).sum(axis=0).mean())
    rows = np.vstack([centred, penalty * np.eye(scores.shape[1])])
    slopes = np.linalg.lstsq(rows, np.concatenate([target, np.zeros(scores.shape[1])]), rcond=None)[0]
    return np.abs(slopes) * scores.std(axis=0)


@pytest.mark.parametrize("k", [1, 8, 30])
def test_importance_is_that_of_a_ridge_regression(synthetic: Simulator, k: int) -> None:
    matrix = synthetic(20, 40, seed=4)  # k = 30: more items than models
    scores, truth = matrix.scores.astype(np.float64), matrix.full_scores.to_numpy()
    rng = np.random.default_rng(0)
    subsets = np.array([np.sort(rng.permutation(40)[:k]) for _ in range(6)])
    expected = [ridge_by_hand(scores[:, subset], truth) for subset in subsets]
    np.testing.assert_allclose(permutation_importance(scores, truth, subsets), expected, atol=1e-10)


def test_permuting_an_item_costs_what_its_importance_says() -> None:
    rng = np.random.default_rng(1)
    scores = (rng.random((4000, 3)) < 0.5).astype(np.float64)
    truth = scores @ [0.5, 0.2, 0.0]
    importance = permutation_importance(scores, truth, np.array([[0, 1, 2]]))[0]
    centred, target = scores - scores.mean(axis=0), truth - truth.mean()
    penalty = (centred**2).sum(axis=0).mean()
    slopes = np.linalg.solve(centred.T @ centred + penalty * np.eye(3), centred.T @ target)
    for item in range(3):
        spoilt = centred.copy()
        spoilt[:, item] = rng.permutation(spoilt[:, item])
        rise = np.mean((target - spoilt @ slopes) ** 2) - np.mean((target - centred @ slopes) ** 2)
        own = 2 * slopes[item] * np.mean((target - centred @ slopes) * centred[:, item])  # ridge leaves this over
        assert rise - own == pytest.approx(2 * importance[item] ** 2, rel=0.1, abs=1e-4)


def test_attribution_is_the_mean_over_the_subsets_that_hold_an_item() -> None:
    def by_number(scores: Any, truth: Any, subsets: Any) -> Any:
        return subsets + 10.0 * subsets.sum(axis=1, keepdims=True)

    elites = np.array([[0, 2], [0, 2], [0, 5]])
    found = attributions(np.zeros((4, 7)), np.zeros(4), elites, by_number)
    nan = np.nan
    np.testing.assert_allclose(found, [(20 + 20 + 50) / 3, nan, 22, nan, nan, 55, nan])


def test_items_that_no_elite_holds_are_in_the_random_group_only() -> None:
    attribution = np.full(40, np.nan)
    attribution[:16] = np.arange(16.0)
    groups = regrouped(attribution, 4, 0.75, np.random.default_rng(0))
    np.testing.assert_array_equal(groups["high"], np.arange(4, 16))
    np.testing.assert_array_equal(groups["low"], np.arange(12))
    assert len(set(groups["random"])) == 30
    assert max(groups["random"]) >= 16
    drawn = [regrouped(attribution, 4, 0.75, np.random.default_rng(seed))["random"] for seed in range(300)]
    share = np.bincount(np.concatenate(drawn), minlength=40) / 300
    assert (np.abs(share - 0.75) < 5 * np.sqrt(0.75 * 0.25 / 300)).all()


def test_groups_hold_at_least_k_items() -> None:
    attribution = np.where(np.arange(12) < 6, 1.0, np.nan)
    groups = regrouped(attribution, 6, 0.5, np.random.default_rng(0))
    assert [len(group) for group in groups.values()] == [6, 6, 6]


def boosting_stand_in(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A module `interpret.glassbox` whose regressor tells covariances; returns the settings it was made with."""
    made: list[dict[str, Any]] = []

    class Regressor:
        def __init__(self, **settings: Any) -> None:
            made.append(settings)

        def fit(self, columns: Any, target: Any) -> None:
            self.terms = np.abs((columns - columns.mean(axis=0)).T @ (target - target.mean()))

        def term_importances(self) -> Any:
            return self.terms

    glassbox = ModuleType("interpret.glassbox")
    glassbox.ExplainableBoostingRegressor = Regressor  # type: ignore[attr-defined]
    package = ModuleType("interpret")
    package.__spec__ = pytest.__spec__
    monkeypatch.setitem(sys.modules, "interpret", package)
    monkeypatch.setitem(sys.modules, "interpret.glassbox", glassbox)
    return made


def test_boosting_machines_see_every_different_elite_once(
    synthetic: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = boosting_stand_in(monkeypatch)
    assert has_boosting()
    chosen = choose(Essence(**{**QUICK, "rounds": 1}, attribution="auto"), synthetic(30, 50, seed=5), 6)
    assert chosen.details["attribution"] == "ebm"
    assert 1 <= len(made) <= 20
    assert all(settings["interactions"] == 0 and len(settings["feature_types"]) == 6 for settings in made)
    assert len({settings["random_state"] for settings in made}) == 1


def test_without_the_extra_boosting_is_refused(synthetic: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "interpret", None)
    monkeypatch.setitem(sys.modules, "interpret.glassbox", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'anchoreval\[ebm\]'"):
        choose(Essence(attribution="ebm", **QUICK), synthetic(12, 20), 3)


# --- the panel ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "share", "judges"), [(3, 0.0, 1), (3, 1.0, 1), (10, 0.5, 5), (20, 0.1, 2)])
def test_a_share_of_whole_groups_judges_and_two_are_left_to_fit(count: int, share: float, judges: int) -> None:
    fold = drawn_folds(np.repeat(np.arange(count), 3), share, np.random.default_rng(0)).reshape(count, 3)
    assert (fold == fold[:, :1]).all()
    assert (fold == 0).all(axis=1).sum() == judges
    assert set(fold.ravel()) == {-1, 0}


@pytest.mark.parametrize(("count", "sizes"), [(3, [1, 1, 1]), (5, [1] * 5), (13, [2, 2, 3, 3, 3])])
def test_or_all_judge_in_folds_of_whole_groups(count: int, sizes: list[int]) -> None:
    fold = drawn_folds(np.repeat(np.arange(count), 2), None, np.random.default_rng(0)).reshape(count, 2)
    assert (fold == fold[:, :1]).all()
    assert sorted(np.bincount(fold[:, 0])) == sizes


@pytest.mark.parametrize("share", [None, 0.4])
def test_models_are_judged_by_curves_of_the_pool_that_were_fitted_to_others(
    synthetic: Simulator, share: float | None
) -> None:
    matrix = synthetic(60, 80, variants=2, seed=6)
    panel = Panel.drawn(matrix, share, 25, 5.0, np.random.default_rng(0))
    truth, scores, fold = matrix.full_scores.to_numpy(), matrix.scores.astype(np.float64), panel.fold
    assert panel.judging.sum() == (60 if share is None else 24)
    assert panel.training.sum() == (60 if share is None else 36)
    pool, subset = np.arange(0, 80, 2), np.array([1, 5, 9, 20])

    def error(curve_items: Any, penalty: float | None, splines: int) -> float:
        left = []
        for number in range(fold.max() + 1):
            fit, judge = fold != number, fold == number
            means = scores[fit][:, curve_items].mean(axis=1)
            gam = fit_gam(means[:, None], truth[fit], splines=splines, penalty=penalty)
            left.extend(gam.predict(scores[judge][:, pool[subset]].mean(axis=1)[:, None]) - truth[judge])
        return float(100 * np.sqrt(np.mean(np.square(left))))

    assert panel.fitness(pool, 4)(subset[None])[0] == pytest.approx(error(pool, 5.0, 25), abs=1e-6)
    assert panel.refitted_error(pool[subset]) == pytest.approx(error(pool[subset], None, 10), abs=1e-9)


# --- the selector ------------------------------------------------------------------------------------------------


def test_a_seed_decides_everything_and_no_global_state_is_touched(synthetic: Simulator) -> None:
    matrix = synthetic(40, 80, seed=7)
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    before = random.getstate(), np.random.get_state()[1].tobytes()  # type: ignore[union-attr]  # noqa: NPY002
    first, again = choose(Essence(**QUICK), matrix, 8, seed=3), choose(Essence(**QUICK), matrix, 8, seed=3)
    assert (random.getstate(), np.random.get_state()[1].tobytes()) == before  # type: ignore[union-attr]  # noqa: NPY002
    assert first.items.equals(again.items)
    assert first.details == again.details
    assert not first.items.equals(choose(Essence(**QUICK), matrix, 8, seed=4).items)


def test_details_tell_what_was_searched(synthetic: Simulator) -> None:
    chosen = choose(Essence(**QUICK, **UNFILTERED), synthetic(40, 80, seed=8), 8)
    details = chosen.details
    assert [len(one["groups"]) for one in details["rounds"]] == [3, 3]
    assert details["rounds"][0]["pool"] == 80
    assert details["rounds"][0]["groups"]["random"]["pool"] == 60
    best = min(details["rounds"][0]["groups"].values(), key=lambda group: group["fitness"])
    assert details["rounds"][1]["pool"] == best["pool"]
    every = [one["fitness"] for one in details["rounds"]]
    every += [group["fitness"] for one in details["rounds"] for group in one["groups"].values()]
    assert details["fitness"] == min(every)
    assert details["generations"] == 2 * (25 + 3 * 25)
    assert details["evaluations"] == 8 * (40 + 25 * 34)
    assert details["refitted"] > 0
    assert chosen.weights is None
    assert chosen.inclusion is None
    assert "refitted" not in choose(Essence(refit=False, **QUICK), synthetic(40, 80, seed=8), 8).details


def test_the_fitness_is_that_of_the_anchors(synthetic: Simulator) -> None:
    matrix = synthetic(40, 60, variants=2, seed=9)
    selector = Essence(**{**QUICK, "generations": 0, "rounds": 1, "group_share": 1.0}, **UNFILTERED)
    for seed in range(20):
        chosen = choose(selector, matrix, 6, seed)
        if chosen.details["fitness"] == chosen.details["rounds"][0]["groups"]["random"]["fitness"]:
            break  # found in the group that here holds every item
    panel = selector.panel(matrix, generator(seed, "select", "essence"))  # the same folds
    place = np.sort(matrix.items.index.get_indexer(chosen.items))
    assert chosen.details["fitness"] == panel.fitness(np.arange(60), 6)(place[None])[0]
    assert chosen.details["refitted"] == pytest.approx(panel.refitted_error(place))


def test_models_without_a_full_score_are_left_out(synthetic: Simulator) -> None:
    matrix = synthetic(30, 40, seed=10)
    known = (0.9 * matrix.full_scores).where(np.arange(30) >= 5)
    matrix = ResponseMatrix.from_arrays(
        matrix.scores, models=matrix.models.assign(full_score=known), items=matrix.items
    )
    left = matrix.subset(models=matrix.models.index[5:])
    with_them, without = (choose(Essence(**QUICK), which, 6) for which in (matrix, left))
    assert with_them.items.equals(without.items)
    assert with_them.details == without.details


def test_it_does_better_on_new_models_than_random_items(synthetic: Simulator) -> None:
    simulated = synthetic(240, 150, seed=6)
    scores = simulated.scores.copy()
    scores[:, ::2] = np.random.default_rng(6).random((240, 75)) < 0.5  # half of the items tell nothing of a model
    matrix = ResponseMatrix.from_arrays(scores, models=simulated.models, items=simulated.items)
    old, new = matrix.subset(models=matrix.models.index[:120]), matrix.subset(models=matrix.models.index[120:])

    def error(items: Any) -> float:
        place = matrix.items.index.get_indexer(items)
        gam = fit_gam(old.scores[:, place].mean(axis=1)[:, None], old.full_scores.to_numpy())
        left = gam.predict(new.scores[:, place].mean(axis=1)[:, None]) - new.full_scores
        return float(100 * np.sqrt(np.mean(left**2)))

    chosen = [choose(Essence(**QUICK), old, 15, seed=seed) for seed in range(6)]
    found = np.mean([error(one.items) for one in chosen])
    rng = np.random.default_rng(0)
    assert found < 0.9 * np.mean([error(pd.Index(rng.choice(matrix.items.index, 15, False))) for _ in range(20)])
    assert np.mean([one.details["fitness"] for one in chosen]) < found  # which is why it must not be quoted


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"population": 1}, "population = 1 is not a whole number of at least 2"),
        ({"population": 20, "elite": 20}, "elite = 20 is not less than population = 20"),
        ({"generations": 1.5}, r"generations = 1\.5 is not a whole number"),
        ({"patience": 0}, "patience = 0 is not a whole number of at least 1"),
        ({"mutation": "shift"}, "mutation = 'shift' is not one of swap, flip"),
        ({"keep": "none"}, "keep = 'none' is not one of first, last"),
        ({"group_share": 1.5}, r"group_share = 1\.5 is not between 0 and 1"),
        ({"text_threshold": 2}, "text_threshold = 2 is not between -1 and 1"),
        ({"penalty": -1.0}, r"penalty = -1\.0 is not a number of at least 0"),
        ({"group_share": None}, "group_share = None is not between 0 and 1"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodOptionError, match=message):
        Essence(**options)


def test_too_few_groups_are_refused(synthetic: Simulator) -> None:
    with pytest.raises(TooFewModelsError, match=r"selector essence needs .* 3 groups .* simulated has 2 with"):
        choose(Essence(**QUICK), synthetic(10, 30, variants=5), 5)
