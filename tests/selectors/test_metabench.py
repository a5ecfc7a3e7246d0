"""metabench: its filters by hand, its search by brute force, its budget, and its worth on models it has not seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from anchor_selectors.metabench import Metabench
from anchor_selectors.metabench.item_filters import ItemFilters, part_whole
from anchor_selectors.metabench.objective import Fold, Objective
from anchor_selectors.metabench.settings_search import every_setting, points, search
from anchor_selectors.metabench.subsampling import best_subset
from anchor_selectors.metabench.thinning import Settings, Thinning
from anchoreval.contract import choose, fit
from anchoreval.errors import MethodOptionError, NotApplicableError, TooFewModelsError
from anchoreval.estimators.gam import Gam
from anchoreval.methods import Selection
from anchoreval.numerics.subset_regression import fold_errors
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]
Real = Callable[[str], ResponseMatrix]
QUICK = {"candidates": 40, "start": 3, "iterations": 3, "folds": 3}
PUBLISHED = ItemFilters(0.01, 0.95, 0.05, rest_score=False, drop_negative=False)


def test_part_whole_correlations_are_point_biserial(synthetic: Simulator) -> None:
    scores = synthetic(40, 12, seed=1).scores.astype(float)
    expected = [stats.pointbiserialr(column == 1, scores.sum(axis=1)).statistic for column in scores.T]
    np.testing.assert_allclose(part_whole(scores), expected, atol=1e-12)


def test_filters_drop_what_they_say_and_are_lifted_from_the_last() -> None:
    rng = np.random.default_rng(0)
    ability = rng.normal(size=200)
    scores = (ability[:, None] + rng.normal(size=(200, 12)) > 0).astype(np.float32)
    scores[:, 0] = 1.0  # no spread
    scores[:, 1] = ability > -2.1  # nearly all right
    scores[:, 2] = rng.permutation(np.arange(200) % 2)  # unrelated
    scores[:, 3] = ability < 0  # the wrong way round
    strict = ItemFilters(0.01, 0.95, 0.25, rest_score=True, drop_negative=True)
    dropped = {name: np.flatnonzero(~passed).tolist() for name, passed in strict.passed(scores).items()}
    assert (dropped["spread"], dropped["accuracy"]) == ([0], [0, 1])
    assert {0, 2, 3} <= set(dropped["correlation"]) <= {0, 1, 2, 3}
    for fewest, first, lifted in ((8, 4, []), (9, 2, ["correlation"]), (11, 1, ["correlation", "accuracy"])):
        kept = strict.kept(scores, fewest)
        assert (kept[0].tolist(), kept[1]) == (list(range(first, 12)), lifted)
    assert strict.kept(scores, 12)[1] == ["correlation", "accuracy", "spread"]
    assert 3 in PUBLISHED.kept(scores, 1)[0]


def test_the_subset_kept_is_the_best_in_its_worst_fold(synthetic: Simulator) -> None:
    matrix = synthetic(60, 80, seed=2)
    truth = matrix.full_scores.to_numpy()
    folds = [np.arange(60) % 3 == n for n in range(3)]
    won = best_subset(matrix.scores, truth, folds, 20, 50, np.random.default_rng(7))
    draws = np.argpartition(np.random.default_rng(7).random((50, 80)), 19, axis=1)[:, :20]
    assert won.items.tolist() in np.sort(draws, axis=1).tolist()
    assert won.worst < won.median
    means = np.stack([matrix.scores[:, subset].mean(axis=1) for subset in draws], axis=1).astype(float)
    fold = np.arange(60) % 3
    spread = [fold_errors(means, truth, fold, 8, penalty).max(axis=1) for penalty in (1e-3, 1e0, 1e6)]
    best = [values.min() for values in spread]
    assert min(best) - 1e-6 <= won.worst <= max(best) + 1e-6
    everything = best_subset(matrix.scores, truth, folds, 80, 50, np.random.default_rng(7))
    assert (len(everything.items), everything.candidates, everything.told()) == (80, 0, {})


def problem(matrix: ResponseMatrix, k: int, *, published: bool, price: float) -> tuple[Thinning, Objective]:
    scores, truth = matrix.scores.astype(float), matrix.full_scores.to_numpy()
    folds = [Fold.of(scores, truth, np.arange(len(scores)) % 3 == n, 40) for n in range(3)]
    return Thinning(scores, 40), Objective(folds, k, price, published)


def test_the_objective_is_an_error_on_models_left_out_plus_the_price(synthetic: Simulator) -> None:
    matrix = synthetic(120, 60, seed=3)
    settings = Settings("2pl", "map", "quantiles", 0.2)
    _, free = problem(matrix, 15, published=False, price=0.0)
    error = free(settings)
    assert 0.5 < error < 100 * matrix.full_scores.std()
    _, priced = problem(matrix, 15, published=False, price=1.0)
    taken = [len(fold.learnt.filtered(settings)) for fold in free.folds]
    assert priced(settings) - error == pytest.approx(np.abs(np.array(taken) - 15).mean())
    _, published = problem(matrix, 15, published=True, price=1.0)
    assert published(settings) > np.mean(taken)
    nothing = Settings("2pl", "map", "quantiles", 99.0)
    assert published(nothing) == pytest.approx(100 * matrix.full_scores.std(), rel=0.1)


def test_what_a_model_left_out_answers_changes_no_choice_made_without_it(synthetic: Simulator) -> None:
    matrix = synthetic(60, 40, seed=4)
    scores = matrix.scores.astype(float)
    changed = scores.copy()
    changed[::3] = 1.0 - changed[::3]
    inside = np.arange(60) % 3 == 0
    settings = Settings("2pl", "eap", "steps", 0.3)
    folds = [Fold.of(values, matrix.full_scores.to_numpy(), inside, 30) for values in (scores, changed)]
    np.testing.assert_array_equal(folds[0].learnt.thinned(settings, 9), folds[1].learnt.thinned(settings, 9))


def test_the_search_comes_near_the_best_of_all_settings(synthetic: Simulator) -> None:
    matrix = synthetic(90, 50, seed=5)
    whole, objective = problem(matrix, 12, published=False, price=0.005)
    listed = every_setting(whole, ("2pl",), ("map",), ("quantiles", "steps"))[::4]
    values = sorted(objective(settings) for settings in listed)
    found = search(objective, listed, 5, 9, np.random.default_rng(0))
    assert objective(found.settings) == pytest.approx(found.told["objective_points"])
    assert found.told["objective_points"] <= values[len(values) // 4]
    coded = points(listed)
    assert coded.shape == (len(listed), 1 + 1 + 2 + 1)
    assert (coded.min(), coded.max()) == (0.0, 1.0)


def test_details_say_what_was_done(synthetic: Simulator) -> None:
    details = choose(Metabench(subsample=40, **QUICK), synthetic(60, 100, seed=6), 15).details
    assert details["subsample"]["candidates"] == 40
    assert details["subsample"]["worst_fold_rmse"] < details["subsample"]["median_worst_fold_rmse"]
    assert (details["groups"], details["tried"], details["filters_lifted"]) == (60, 6, [])
    assert details["settings"]["model"] == "2pl"
    assert details["reconstruction"] == {"name": "gam"}
    few = choose(Metabench(**QUICK), synthetic(8, 60, seed=6), 15).details
    assert (few["tried"], few["settings"]["threshold"]) == (0, 0.0)


def test_jointly_every_subject_gets_its_part_and_its_own_score(synthetic: Simulator) -> None:
    matrix = synthetic(40, 90, n_subjects=3, seed=7)
    selector = Metabench(joint=True, **QUICK)
    chosen = choose(selector, matrix, 12)
    assert matrix.items.loc[chosen.items, "subject"].value_counts().tolist() == [4, 4, 4]
    assert set(chosen.details["subjects"]) == set(matrix.subjects)
    assert chosen.details["reconstruction"] == {"name": "gam", "joint": True}
    assert selector.reconstruction["joint"]
    with pytest.raises(NotApplicableError, match=r"selector metabench needs subjects .* for joint"):
        choose(selector, synthetic(20, 30), 5)


def test_two_groups_and_odd_options_are_refused(synthetic: Simulator) -> None:
    with pytest.raises(TooFewModelsError, match=r"selector metabench needs .* has 2 with a known score"):
        choose(Metabench(**QUICK), synthetic(6, 30, variants=3), 5)
    for options in (
        {"models": ("5pl",)},
        {"models": "2pl"},
        {"thetas": ()},
        {"objective": "mine"},
        {"price": -1.0},
        {"folds": 1},
        {"bins": 2.5},
    ):
        with pytest.raises(MethodOptionError, match=next(iter(options))):
            Metabench(**options)  # type: ignore[arg-type]


@pytest.mark.real_data
@pytest.mark.slow
def test_its_anchors_beat_random_ones_on_arc(real: Real) -> None:
    """On models that neither chose nor fitted, both read by the same curves (ratio about 0.75 in our trials)."""
    matrix = real("arc")
    errors: dict[str, list[float]] = {"metabench": [], "random": []}
    for seed in range(3):
        rng = np.random.default_rng(seed)
        models = rng.permutation(matrix.models.index)
        sources, targets = matrix.subset(models=models[:150]), matrix.subset(models=models[150:])
        chosen = {"metabench": choose(Metabench(start=6, iterations=4), sources, 100, seed)}
        for n in range(4):
            chosen[f"random {n}"] = Selection(matrix.items.index[np.sort(rng.permutation(matrix.n_items)[:100])])
        for label, anchors in chosen.items():
            estimate = fit(Gam(), sources, anchors, seed).predict(targets)["score"]
            errors[label.split()[0]].append(float((estimate - targets.full_scores).abs().mean()))
    assert np.mean(errors["metabench"]) < 0.95 * np.mean(errors["random"])
