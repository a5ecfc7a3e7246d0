"""Regression on signatures: equal to scikit-learn where it must be, better than the mean, and bounded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor

from anchoreval.contract import choose, fit
from anchoreval.errors import MethodOptionError, NotApplicableError, TooFewModelsError, UnknownMethodError
from anchoreval.estimators.boosting import Boosting
from anchoreval.estimators.regressors import Lesson
from anchoreval.estimators.signature import Signature
from anchoreval.methods import Selection
from anchoreval.registry import make_estimator, make_selector
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]
Real = Callable[[str], ResponseMatrix]


def halves(matrix: ResponseMatrix, k: int) -> tuple[ResponseMatrix, ResponseMatrix, Selection]:
    """Sources, targets and k anchors without weights, every n-th item."""
    models = matrix.models.index
    items = matrix.items.index[:: matrix.n_items // k][:k]
    return matrix.subset(models=models[::2]), matrix.subset(models=models[1::2]), Selection(items)


def mean_error(targets: ResponseMatrix, estimate: pd.DataFrame) -> float:
    return float((estimate["score"] - targets.full_scores).abs().mean())


def rest_of(matrix: ResponseMatrix, selection: Selection) -> tuple[np.ndarray, np.ndarray, float]:
    """Answers on the anchors, mean over the other items, and the anchors' share, all by hand."""
    chosen = np.isin(matrix.items.index, selection.items)
    return matrix.scores[:, chosen].astype(float), matrix.scores[:, ~chosen].mean(axis=1, dtype=float), chosen.mean()


def test_without_the_line_it_is_scikit_learns_ridge(synthetic: Simulator) -> None:
    sources, targets, selection = halves(synthetic(60, 200, seed=1), 20)
    answers, rest, share = rest_of(sources, selection)
    answered = rest_of(targets, selection)[0]
    expected = share * answered.mean(axis=1) + (1 - share) * Ridge(alpha=3.0).fit(answers, rest).predict(answered)
    estimate = fit(Signature(alpha=3.0, line=False), sources, selection).predict(targets)["score"]
    np.testing.assert_allclose(estimate, expected, atol=1e-6)


def test_with_an_endless_penalty_it_is_the_line(synthetic: Simulator) -> None:
    sources, targets, selection = halves(synthetic(60, 200, seed=1), 20)
    answers, rest, share = rest_of(sources, selection)
    answered = rest_of(targets, selection)[0].mean(axis=1)
    line = LinearRegression().fit(answers.mean(axis=1, keepdims=True), rest)
    expected = share * answered + (1 - share) * np.clip(line.predict(answered[:, None]), 0, 1)
    estimate = fit(Signature(alpha=1e12), sources, selection).predict(targets)["score"]
    np.testing.assert_allclose(estimate, expected, atol=1e-6)


def test_neighbours_in_components_are_scikit_learns(synthetic: Simulator) -> None:
    matrix = synthetic(80, 200, options=4, seed=2)
    sources, targets, selection = halves(matrix, 20)
    chosen = np.isin(matrix.items.index, selection.items)
    _, rest, share = rest_of(sources, selection)
    answered = rest_of(targets, selection)[0].mean(axis=1)
    assert sources.probabilities is not None
    assert targets.probabilities is not None
    components = PCA(6).fit(sources.probabilities[:, chosen].reshape(40, -1))
    near = KNeighborsRegressor(3).fit(components.transform(sources.probabilities[:, chosen].reshape(40, -1)), rest)
    expected = near.predict(components.transform(targets.probabilities[:, chosen].reshape(40, -1)))
    made = Signature(features="probabilities", regressor="knn", neighbours=3, components=6, line=False)
    estimate = fit(made, sources, selection).predict(targets)["score"]
    np.testing.assert_allclose(estimate, share * answered + (1 - share) * expected, atol=1e-5)


@pytest.mark.parametrize("regressor", ["ridge", "kernel_ridge", "knn", "forest", "boosting", "average"])
def test_every_regressor_beats_the_mean_by_a_margin(synthetic: Simulator, regressor: str) -> None:
    """Two abilities, 300 sources, 40 random anchors: regressions know which anchors hang together."""
    sources, targets, _ = halves(synthetic(600, 400, seed=4), 40)
    selection = choose(make_selector("random"), sources, 40, seed=1)
    mean = mean_error(targets, fit(make_estimator("mean"), sources, selection).predict(targets))
    made = fit(Signature(regressor=regressor), sources, selection).predict(targets)
    assert mean_error(targets, made) < 0.9 * mean


def test_boosting_is_scikit_learns_an_output_at_a_time() -> None:
    rng = np.random.default_rng(0)
    coordinates, leftovers = rng.normal(size=(60, 9)), rng.normal(size=(60, 2))
    lesson = Lesson(coordinates, np.ones((60, 1)), leftovers, np.arange(60))
    made = Boosting(rounds=30).learn(lesson, np.random.default_rng(1))
    for output in range(2):
        booster = GradientBoostingRegressor(
            n_estimators=30,
            learning_rate=0.05,
            max_depth=3,
            subsample=0.5,
            max_features="sqrt",
            random_state=int(np.random.default_rng(1).integers(2**31)),
        ).fit(coordinates.astype(np.float32), leftovers[:, output])
        expected = booster.predict(coordinates.astype(np.float32))
        np.testing.assert_array_equal(made.predict(coordinates, lesson.columns)[:, output], expected)


def test_the_average_is_the_mean_of_its_members(synthetic: Simulator) -> None:
    """Corrections far from their limits and scores far from 0 and 1 are averaged as they are."""
    sources, targets, selection = halves(synthetic(80, 200, n_subjects=2, seed=2), 20)
    members = ("ridge", "knn", "kernel_ridge")
    made = fit(Signature(regressor="average", members=members), sources, selection)
    assert isinstance(made, Signature)
    alone = [fit(Signature(regressor=member), sources, selection) for member in members]
    columns = (np.zeros((1, made.space_.centre.size)), np.ones((1, 2)))
    corrections = [each.regressor_.predict(*columns) for each in alone if isinstance(each, Signature)]
    np.testing.assert_allclose(made.regressor_.predict(*columns), np.mean(corrections, axis=0), atol=1e-12)
    inside = np.mean([each.predict(targets) for each in alone], axis=0)
    assert np.median(np.abs(made.predict(targets) - inside)) < 1e-9


def test_the_average_is_no_worse_than_its_members_on_the_whole(synthetic: Simulator) -> None:
    sources, targets, selection = halves(synthetic(300, 300, seed=12), 30)
    members = ("ridge", "kernel_ridge", "forest")
    errors = [mean_error(targets, fit(Signature(regressor=r), sources, selection).predict(targets)) for r in members]
    average = mean_error(targets, fit(Signature(regressor="average"), sources, selection).predict(targets))
    assert average < np.mean(errors)


def test_probabilities_beat_scores(synthetic: Simulator) -> None:
    """Option probabilities say more about a model than which option is on top."""
    sources, targets, selection = halves(synthetic(300, 400, options=4, seed=5), 20)
    scores = mean_error(targets, fit(Signature(features="scores"), sources, selection).predict(targets))
    auto = mean_error(targets, fit(Signature(), sources, selection).predict(targets))
    assert auto < 0.95 * scores


def test_a_selected_set_is_read_without_its_bias(synthetic: Simulator) -> None:
    """On the hardest items the raw mean is far off; the line takes the difference out."""
    matrix = synthetic(200, 300, seed=6)
    sources, targets, _ = halves(matrix, 30)
    hardest = matrix.items.index[np.argsort(sources.scores.mean(axis=0), kind="stable")[:30]]
    estimate = fit(Signature(), sources, Selection(hardest)).predict(targets)
    raw = (targets.subset(items=hardest).full_scores - targets.full_scores).abs().mean()
    assert raw > 0.2
    assert mean_error(targets, estimate) < raw / 2


def test_the_line_follows_models_beyond_all_sources(synthetic: Simulator) -> None:
    """Targets are the best fifth. Trees alone cannot go beyond the best source and fall short by more."""
    matrix = synthetic(200, 300, seed=7)
    best = matrix.full_scores.sort_values().index[-40:]
    sources, targets = matrix.subset(models=matrix.models.index.drop(best)), matrix.subset(models=best)
    selection = Selection(matrix.items.index[::10])
    bias = {
        line: (
            fit(Signature(regressor="forest", line=line), sources, selection).predict(targets)["score"]
            - targets.full_scores
        ).mean()
        for line in (True, False)
    }
    assert bias[False] < -0.05
    assert abs(bias[True]) < 0.7 * abs(bias[False])


def test_the_correction_stays_within_what_sources_needed() -> None:
    """The rest follows the difference of two anchors, by 0.05 at most among sources; a target differs tenfold."""
    tilt = np.linspace(-0.05, 0.05, 20)[:, None]
    sources = ResponseMatrix.from_arrays(np.hstack([0.5 + tilt, 0.5 - tilt, np.repeat(0.5 + tilt, 8, axis=1)]))
    target = ResponseMatrix.from_arrays([[1.0, 0.0], [0.52, 0.48]], items=sources.items.index[:2])
    made = fit(Signature(alpha=1e-9), sources, Selection(sources.items.index[:2]))
    np.testing.assert_allclose(
        made.predict(target)["score"], [0.2 * 0.5 + 0.8 * 0.55, 0.2 * 0.5 + 0.8 * 0.52], atol=1e-6
    )


def test_few_sources_take_the_slope_as_one(synthetic: Simulator) -> None:
    matrix = synthetic(4, 100, seed=1)
    sources, selection = matrix.subset(models=matrix.models.index[:3]), Selection(matrix.items.index[::5])
    made = fit(Signature(alpha=1e12), sources, selection)
    assert isinstance(made, Signature)
    assert made.line_.slope.tolist() == [1.0]
    answers, rest, _ = rest_of(sources, selection)
    assert made.line_.intercept[0] == pytest.approx((rest - answers.mean(axis=1)).mean(), abs=1e-6)


def test_options_beyond_an_items_own_are_left_out(synthetic: Simulator) -> None:
    matrix = synthetic(20, 30, options=5, seed=4)
    assert matrix.probabilities is not None
    probabilities = np.array(matrix.probabilities)
    probabilities[:, ::2, 2:] = np.nan
    probabilities[:, ::2] /= np.nansum(probabilities[:, ::2], axis=2, keepdims=True)
    matrix = ResponseMatrix.from_arrays(matrix.scores, models=matrix.models, probabilities=probabilities)
    made = fit(Signature(), matrix, Selection(matrix.items.index[:10]))
    assert isinstance(made, Signature)
    assert len(made.space_.centre) == 5 * 2 + 5 * 5
    # all targets lack the last options: they count as the sources' mean
    narrow = ResponseMatrix.from_arrays(
        matrix.scores[:, ::2], items=matrix.items.index[::2], probabilities=probabilities[:, ::2, :2]
    )
    made = fit(Signature(), matrix, Selection(matrix.items.index[:10:2]))
    np.testing.assert_allclose(made.predict(narrow), made.predict(matrix), atol=1e-9)


def test_copies_of_a_source_do_not_pull_the_choice_of_neighbours(synthetic: Simulator) -> None:
    """With every source there twice, one neighbour would look perfect if copies did not leave together."""
    matrix = synthetic(40, 100, seed=3)
    twice = ResponseMatrix.from_arrays(np.repeat(matrix.scores, 2, axis=0))
    made = fit(Signature(regressor="knn"), twice, Selection(twice.items.index[::5]))
    assert isinstance(made, Signature)
    assert int(made.state()["regressor/count"][0]) > 2


def test_bad_options_and_unmet_needs_are_named(synthetic: Simulator) -> None:
    with pytest.raises(
        MethodOptionError, match="regressor is one of ridge, kernel_ridge, knn, forest, boosting, average"
    ):
        make_estimator("signature", regressor="lasso")
    with pytest.raises(MethodOptionError, match="option trees must be positive, not 0"):
        make_estimator("signature", trees=0)
    with pytest.raises(MethodOptionError, match=r"members is one of ridge, .*, boosting, not 'average'"):
        make_estimator("signature", members=["ridge", "average"])
    with pytest.raises(MethodOptionError, match="option members names no regressor"):
        make_estimator("signature", members=[])
    with pytest.raises(UnknownMethodError, match="did you mean 'signature'"):
        make_estimator("signatur")
    bare, rich = synthetic(10, 20), synthetic(10, 20, options=4)
    anchors = Selection(bare.items.index[:5])
    with pytest.raises(NotApplicableError, match="estimator signature needs option probabilities"):
        fit(Signature(features="both"), bare, anchors)
    with pytest.raises(NotApplicableError, match="estimator signature needs option probabilities"):
        fit(Signature(), rich, anchors).predict(bare)
    with pytest.raises(TooFewModelsError, match="needs 2 source models with a full score, benchmark simulated has 1"):
        fit(Signature(), bare.subset(models=bare.models.index[:1]), anchors)


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "factor"), [("arc", 0.85), ("musr", 0.6), ("ifeval", 0.9)])
def test_on_real_benchmarks_it_beats_the_mean_of_random_anchors(real: Real, name: str, factor: float) -> None:
    sources, targets, _ = halves(real(name), 100)
    errors = {"mean": 0.0, "signature": 0.0}
    for seed in range(5):
        selection = choose(make_selector("random"), sources, 100, seed)
        for method in errors:
            estimate = fit(make_estimator(method), sources.part(selection.items), selection).predict(targets)
            errors[method] += mean_error(targets, estimate) / 5
    assert errors["signature"] < factor * errors["mean"], errors
