"""Errors across folds: nobody had a part in what predicts it, and few models get intervals that hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from anchoreval.contract import choose, fit, generator
from anchoreval.errors import MethodOptionError, ResponseDataError, TooFewModelsError
from anchoreval.groups import model_groups
from anchoreval.methods import Selection
from anchoreval.numerics.folds import group_folds
from anchoreval.reconstruction import cross_residuals, reconstruct_from
from anchoreval.registry import make_estimator, make_selector
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


@dataclass
class Greedy:
    """Each item in turn whose addition leaves the mean of the chosen nearest to the sources' full scores."""

    seen: list[list[Any]] = field(default_factory=list)
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset({"complete"})

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        self.seen.append(list(sources.models.index))
        scores, truth = sources.scores.astype(float), sources.full_scores.to_numpy()
        chosen: list[int] = []
        for step in range(1, k + 1):
            total = scores[:, chosen].sum(axis=1)
            error = ((total[:, None] + scores) / step - truth[:, None]) ** 2
            cost = error.sum(axis=0)
            cost[chosen] = np.inf
            chosen.append(int(np.argmin(cost)))
        return Selection(items=sources.items.index[chosen])


def test_the_loop_by_hand_gives_the_same(synthetic: Simulator) -> None:
    made = synthetic(40, 60, variants=2, seed=3)
    found = cross_residuals(made, "random", 15, "signature", seed=4, folds=4)
    groups = model_groups(made)
    codes = np.unique(groups, return_inverse=True)[1]
    expected = pd.Series(np.nan, made.models.index)
    for held_out in group_folds(codes, 4, generator(4, "cross")):
        learners = made.subset(models=made.models.index[~held_out])
        selection = choose(make_selector("random"), learners, 15, 4)
        fitted = fit(make_estimator("signature"), learners.part(selection.items), selection, 4)
        targets = made.subset(models=made.models.index[held_out], items=selection.items)
        expected[held_out] = fitted.predict(targets)["score"]
    pd.testing.assert_series_equal(found["estimate"], expected, check_names=False, check_exact=False, rtol=1e-6)
    np.testing.assert_allclose(found["truth"], made.full_scores, rtol=1e-6)
    np.testing.assert_allclose(found["residual"], found["estimate"] - found["truth"])
    assert found["group"].tolist() == groups.tolist()
    assert found["family"].tolist() == made.models["family"].tolist()
    assert found["distance"].between(0, 1).all()


def test_whole_groups_are_out_of_selection_and_fit(synthetic: Simulator) -> None:
    made, spy = synthetic(36, 40, variants=3), Greedy()
    cross_residuals(made, spy, 8, "signature", folds=5)
    assert len(spy.seen) == 5
    groups = model_groups(made)
    held_out = [set(made.models.index) - set(seen) for seen in spy.seen]
    assert sorted(model for fold in held_out for model in fold) == sorted(made.models.index)
    for fold in held_out:
        assert not set(groups[sorted(fold)]) & set(groups.drop(sorted(fold)))


def test_an_answer_changes_no_error_of_the_models_own_selection(synthetic: Simulator) -> None:
    """What a model answers off its fold's anchors reaches its error through its truth alone."""
    made = synthetic(30, 50, seed=6)
    found = cross_residuals(made, Greedy(), 6, "signature")
    scores = np.array(made.scores)
    scores[3] = 1.0 - scores[3]
    turned = ResponseMatrix.from_arrays(scores, models=made.models, items=made.items, name=made.name)
    again = cross_residuals(turned, Greedy(), 6, "signature")
    same_fold = _fold_of(made, "model003")
    others = [model for model in same_fold if model != "model003"]
    pd.testing.assert_frame_equal(again.loc[others], found.loc[others])


def _fold_of(matrix: ResponseMatrix, model: str) -> list[str]:
    codes = np.unique(model_groups(matrix), return_inverse=True)[1]
    position = matrix.models.index.get_loc(model)
    fold = next(held for held in group_folds(codes, 5, generator(0, "cross")) if held[position])
    return list(matrix.models.index[fold])


def test_order_changes_nothing_and_models_without_a_truth_are_left_out(synthetic: Simulator) -> None:
    made = synthetic(30, 50, variants=2, seed=7)
    scores = np.array(made.scores)
    scores[4, :20] = np.nan
    made = ResponseMatrix.from_arrays(scores, models=made.models, items=made.items, name=made.name)
    rng = np.random.default_rng(0)
    turned = made.subset(models=made.models.index[rng.permutation(30)], items=made.items.index[rng.permutation(50)])
    found, again = (cross_residuals(matrix, "random", 12, "signature", seed=2) for matrix in (made, turned))
    assert "model004" not in found.index
    assert len(found) == 29
    numbers = ["residual", "estimate", "truth", "distance"]
    pd.testing.assert_frame_equal(again.loc[found.index, numbers], found[numbers], rtol=1e-5, atol=1e-7)


def test_given_residuals_size_the_intervals(synthetic: Simulator) -> None:
    made = synthetic(40, 60, seed=8)
    residuals = cross_residuals(made, "random", 15, "signature", seed=1)
    selection = choose(make_selector("random"), made, 15, 1)
    roles = pd.Series("select", made.models.index)
    rec = reconstruct_from(made, selection, roles, "signature", 1, residuals=residuals)
    plain = residuals[["residual", "estimate", "truth", "group"]]
    bare = reconstruct_from(made, selection, roles, "signature", 1, residuals=plain)
    table = rec.predict(made, level=0.9)
    size = np.sort(residuals["residual"].abs())[int(np.ceil(41 * 0.9)) - 1]
    np.testing.assert_allclose(table["upper"], np.clip(table["score"] + size, 0, 1))
    pd.testing.assert_frame_equal(bare.predict(made, level=0.9), table)
    assert rec.expected_error == pytest.approx(residuals["residual"].abs().mean())
    assert rec.crossed
    normalised = reconstruct_from(
        made, selection, roles, "signature", 1, residuals=plain, intervals="normalised"
    ).predict(made, level=0.9)
    assert normalised["standard_error"].nunique() > 1
    with pytest.raises(ResponseDataError, match="have no column 'group'"):
        reconstruct_from(made, selection, roles, "signature", 1, residuals=plain.drop(columns="group"))
    gap = plain.assign(truth=plain["truth"].where(plain.index != "model000"))
    with pytest.raises(ResponseDataError, match="model 'model000' has a residual without truth"):
        reconstruct_from(made, selection, roles, "signature", 1, residuals=gap)


def test_few_models_get_intervals_that_hold_where_naive_ones_do_not(synthetic: Simulator) -> None:
    """30 models choose 8 of 100 items greedily; 80 % intervals on 60 new models, the mean of 25 draws."""
    level, repeats = 0.8, 25
    coverage = np.array([_coverage(synthetic, level, seed) for seed in range(repeats)])
    honest, naive = coverage.mean(axis=0)
    noise = coverage.std(axis=0, ddof=1) / np.sqrt(repeats)
    assert honest >= level - 3 * noise[0] - 0.02, coverage.mean(axis=0)
    assert honest <= level + 0.1, coverage.mean(axis=0)
    assert naive < level - 0.1, coverage.mean(axis=0)


def _coverage(synthetic: Simulator, level: float, seed: int) -> tuple[float, float]:
    """Shares of new models inside intervals from whole repetitions, and from folds with the anchors kept."""
    made = synthetic(90, 100, seed=100 + seed)
    sources, targets = made.subset(models=made.models.index[:30]), made.subset(models=made.models.index[30:])
    selection = choose(Greedy(), sources, 8, seed)
    roles, truth = pd.Series("select", sources.models.index), targets.full_scores
    kept = cross_residuals(sources, Fixed(list(selection.items)), 8, "signature", seed)
    shares = []
    for residuals in (cross_residuals(sources, Greedy(), 8, "signature", seed), kept):
        rec = reconstruct_from(sources, selection, roles, "signature", seed, residuals=residuals)
        table = rec.predict(targets, level)
        shares.append(float(((table["lower"] <= truth) & (truth <= table["upper"])).mean()))
    return shares[0], shares[1]


@dataclass
class Fixed:
    """The given items, whoever is looked at."""

    items: list[str]
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset()

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        return Selection(items=pd.Index(self.items, dtype=object))


def test_what_cannot_be_is_named(synthetic: Simulator) -> None:
    with pytest.raises(TooFewModelsError, match="1 groups of models cannot be divided into folds"):
        cross_residuals(synthetic(4, 30, variants=4), "random", 5)
    with pytest.raises(MethodOptionError, match="1 folds are too few"):
        cross_residuals(synthetic(10, 30), "random", 5, folds=1)
