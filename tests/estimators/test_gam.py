"""metabench's reconstruction: a GAM by hand, the joint form where it helps, and linear terms out of fold."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from anchoreval.contract import choose, fit
from anchoreval.errors import MethodOptionError, TooFewModelsError
from anchoreval.estimators.curves import Curves
from anchoreval.estimators.gam import Gam
from anchoreval.estimators.linear_terms import LinearTerms, out_of_fold
from anchoreval.methods import Selection
from anchoreval.numerics.gam import fit_gam
from anchoreval.numerics.irt import eap_abilities, fit_irt, map_abilities
from anchoreval.registry import make_selector
from anchoreval.responses import ResponseMatrix
from anchoreval.suite import Suite

Simulator = Callable[..., ResponseMatrix]
Real = Callable[[str], ResponseMatrix]


def halves(matrix: ResponseMatrix, k: int) -> tuple[ResponseMatrix, ResponseMatrix, Selection]:
    models = matrix.models.index
    items = matrix.items.index[:: matrix.n_items // k][:k]
    return matrix.subset(models=models[::2]), matrix.subset(models=models[1::2]), Selection(items)


def mean_error(targets: ResponseMatrix, estimate: pd.DataFrame) -> float:
    return float((estimate["score"] - targets.full_scores).abs().mean())


@pytest.mark.parametrize("theta", ["map", "eap"])
def test_it_is_a_gam_in_ability_and_mean(theta: str, synthetic: Simulator) -> None:
    sources, targets, selection = halves(synthetic(200, 150, seed=1), 15)
    chosen = np.isin(sources.items.index, selection.items)
    here, there = (m.scores[:, chosen].astype(float) for m in (sources, targets))
    rest = sources.scores[:, ~chosen].mean(axis=1, dtype=float)
    parameters = fit_irt(here).parameters
    find = {"map": map_abilities, "eap": eap_abilities}[theta]
    features = [np.column_stack([a.mean(axis=1), find(a, parameters).ability]) for a in (here, there)]
    curve = fit_gam(features[0], rest, splines=10).predict(features[1])
    expected = 0.1 * there.mean(axis=1) + 0.9 * np.clip(curve, 0, 1)
    estimate = fit(Gam(theta=theta), sources, selection).predict(targets)["score"]
    np.testing.assert_allclose(estimate, expected, atol=1e-5)


def test_a_curve_is_followed_where_a_line_cannot(synthetic: Simulator) -> None:
    """Anchors that are all easy: their mean saturates, and the full score goes on."""
    rng = np.random.default_rng(0)
    ability = rng.normal(size=600)
    difficulty = np.concatenate([np.full(25, -1.8), rng.normal(0.8, 0.3, 125)])
    scores = rng.random((600, 150)) < 1 / (1 + np.exp(-2.0 * (ability[:, None] - difficulty)))
    matrix = ResponseMatrix.from_arrays(scores.astype(float))
    models = matrix.models.index
    sources, targets = matrix.subset(models=models[:300]), matrix.subset(models=models[300:])
    estimate = fit(Gam(), sources, Selection(matrix.items.index[:25])).predict(targets)
    lead = sources.scores[:, :25].mean(axis=1)
    line = np.polyval(np.polyfit(lead, sources.full_scores, 1), targets.scores[:, :25].mean(axis=1))
    assert mean_error(targets, estimate) < 0.85 * float(np.abs(line - targets.full_scores).mean())


def test_few_groups_get_lines_and_fewer_a_constant(synthetic: Simulator) -> None:
    rng = np.random.default_rng(2)
    features = rng.random((30, 3))
    target = 0.2 + 0.5 * features[:, 0]
    assert Curves.learn(features, [0, 1, 2], target, 4, 10).columns == ()
    line = Curves.learn(features, [0, 1, 2], target, 20, 10)
    assert (line.columns, line.slope) == ((0,), 0.0)
    np.testing.assert_allclose(line.at(features), target, atol=1e-5)
    assert Curves.learn(features, [0, 1, 2], target, 25, 10).columns == (0, 1, 2)
    assert Curves.learn(rng.random((30, 9)), range(9), target, 30, 10).columns == (0, 1, 2)


def test_out_of_fold_terms_are_blind_to_what_they_predict() -> None:
    """On pure noise an in-sample regression seems to know something; one out of fold does not."""
    rng = np.random.default_rng(3)
    signatures, rests = rng.integers(0, 2, (80, 40)).astype(float), rng.random((80, 1))
    groups = np.repeat(np.arange(40), 2)
    inside = LinearTerms.least_squares(signatures, rests).at(signatures)
    outside = out_of_fold(signatures, rests, groups, rng)
    assert np.corrcoef(inside[:, 0], rests[:, 0])[0, 1] > 0.5
    assert abs(np.corrcoef(outside[:, 0], rests[:, 0])[0, 1]) < 0.35
    copied = rests.copy()
    copied[:2] = 9.0  # a pair of kin changes no term of its own, but those of others
    changed = out_of_fold(signatures, copied, groups, np.random.default_rng(4))
    same = out_of_fold(signatures, rests, groups, np.random.default_rng(4))
    np.testing.assert_array_equal(changed[:2], same[:2])
    assert not np.array_equal(changed[2:], same[2:])


def test_the_published_linear_term_leaks_and_ours_does_not(synthetic: Simulator) -> None:
    sources, targets, selection = halves(synthetic(120, 300, seed=5), 50)
    errors = {
        linear: mean_error(targets, fit(Gam(linear=linear), sources, selection).predict(targets))
        for linear in (False, True, "in_sample")
    }
    assert errors["in_sample"] > 1.5 * errors[True]
    assert errors[True] < 1.1 * errors[False]


def stacked(n_models: int, seed: int) -> ResponseMatrix:
    """Two benchmarks of one ability; the second has many more items."""
    rng = np.random.default_rng(seed)
    ability = rng.normal(size=n_models)
    parts = {}
    for name, n_items in (("x", 60), ("y", 200)):
        chance = 1 / (1 + np.exp(-(1.3 * ability[:, None] - rng.normal(size=n_items))))
        parts[name] = ResponseMatrix.from_arrays(rng.random(chance.shape) < chance, name=name)
    return Suite(parts).stacked()


def test_the_joint_form_lends_one_benchmark_the_anchors_of_the_other() -> None:
    matrix = stacked(500, 1)
    sources, targets = matrix.subset(models=matrix.models.index[:350]), matrix.subset(models=matrix.models.index[350:])
    items = [*matrix.items.index[:6], *matrix.items.index[60:100]]
    selection = Selection(pd.Index(items, dtype=object))
    joint = fit(Gam(joint=True), sources, selection).predict(targets)
    alone = fit(Gam(), *_only(sources, "x"), 0).predict(_only(targets, "x")[0])["score"]
    truth = targets.totals()["x"]
    assert (joint["x"] - truth).abs().mean() < 0.8 * (alone - truth).abs().mean()


def _only(matrix: ResponseMatrix, name: str) -> tuple[ResponseMatrix, Selection]:
    kept = matrix.items.index[matrix.items["subject"] == name]
    part = matrix.subset(items=kept)
    plain = ResponseMatrix.from_arrays(part.scores, models=part.models.index, items=kept)
    return plain, Selection(kept[:6])


def test_a_subject_with_fewer_than_three_anchors_has_no_ability_of_its_own() -> None:
    matrix = stacked(120, 2)
    selection = Selection(pd.Index([*matrix.items.index[:2], *matrix.items.index[60:70]], dtype=object))
    fitted = fit(Gam(joint=True), matrix, selection)
    assert isinstance(fitted, Gam)
    assert fitted.readings_.n_abilities == 1
    assert fitted.readings_.owner.tolist() == [-1, -1, 0]
    assert np.isfinite(fitted.predict(matrix).to_numpy()).all()


def test_scores_measured_elsewhere_are_predicted_jointly() -> None:
    inner = stacked(200, 3)
    models = pd.DataFrame({"full_score": np.clip(inner.totals()["x"] * 0.5 + 0.1, 0, 1)})
    first = inner.items.index[:60]
    external = ResponseMatrix.from_arrays(inner.scores[:, :60], models=models, items=first)
    other = ResponseMatrix.from_arrays(inner.scores[:, 60:], models=inner.models.index)
    matrix = Suite({"ext": external, "own": other}).stacked()
    selection = Selection(pd.Index([*matrix.items.index[:20], *matrix.items.index[60:80]], dtype=object))
    sources, targets = matrix.subset(models=matrix.models.index[:150]), matrix.subset(models=matrix.models.index[150:])
    estimate = fit(Gam(joint=True), sources, selection).predict(targets)
    truth = targets.totals()
    assert (estimate["ext"] - truth["ext"]).abs().mean() < 0.4 * truth["ext"].std()
    assert (estimate["score"] - truth["score"]).abs().mean() < 0.4 * truth["score"].std()


def test_options_and_lonely_models_are_refused(synthetic: Simulator) -> None:
    for options in ({"features": "all"}, {"theta": "ml"}, {"model": "5pl"}, {"linear": "out"}, {"splines": 3}):
        with pytest.raises(MethodOptionError, match=f"option {next(iter(options))} is"):
            Gam(**options)  # type: ignore[arg-type]
    one = synthetic(1, 20)
    with pytest.raises(TooFewModelsError, match="gam needs 2 source models"):
        fit(Gam(), one, Selection(one.items.index[:5]))


@pytest.mark.perf
def test_fitting_takes_seconds_with_thousands_of_models(synthetic: Simulator) -> None:
    matrix = synthetic(3000, 200, seed=1)
    selection = Selection(matrix.items.index[:100])
    seconds = []
    for _ in range(3):
        start = time.process_time()
        fit(Gam(), matrix, selection)
        seconds.append(time.process_time() - start)
    print(f"\n{min(seconds):.2f} s of processor time")  # noqa: T201
    assert min(seconds) < 5


@pytest.mark.real_data
def test_it_reads_real_anchors_better_than_a_line(real: Real) -> None:
    matrix = real("musr")
    matrix = ResponseMatrix.from_arrays(matrix.scores, models=matrix.models.drop(columns="full_score", errors="ignore"))
    models = np.random.default_rng(0).permutation(matrix.models.index)
    sources, targets = matrix.subset(models=models[:300]), matrix.subset(models=models[300:])
    errors: dict[str, list[float]] = {"gam": [], "line": []}
    for seed in range(5):
        anchors = choose(make_selector("random"), sources, 60, seed)
        errors["gam"].append(mean_error(targets, fit(Gam(), sources, anchors).predict(targets)))
        lead, there = (m.subset(items=anchors.items).scores.mean(axis=1) for m in (sources, targets))
        line = np.polyval(np.polyfit(lead, sources.full_scores, 1), there)
        errors["line"].append(float(np.abs(line - targets.full_scores).mean()))
    assert np.mean(errors["gam"]) < np.mean(errors["line"])
