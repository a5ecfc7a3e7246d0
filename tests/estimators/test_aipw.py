"""AIPW: unbiased over draws, a correction that is not zero, and never much worse than the mean."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from anchoreval.contract import choose, fit
from anchoreval.errors import NotApplicableError
from anchoreval.estimators.aipw import AIPW
from anchoreval.estimators.mean import Mean
from anchoreval.methods import Estimator, Selection
from anchoreval.registry import make_selector
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]
Real = Callable[[str], ResponseMatrix]


def random_anchors(matrix: ResponseMatrix, k: int, seed: int = 0) -> Selection:
    return choose(make_selector("random"), matrix, k, seed)


def halves(matrix: ResponseMatrix) -> tuple[ResponseMatrix, ResponseMatrix]:
    models = matrix.models.index
    return matrix.subset(models=models[::2]), matrix.subset(models=models[1::2])


def errors(made: Estimator, sources: ResponseMatrix, targets: ResponseMatrix, k: int, draws: int) -> np.ndarray:
    """(draws, targets) estimate minus truth."""
    truth = targets.full_scores
    return np.array(
        [
            fit(made, sources, random_anchors(sources, k, seed)).predict(targets)["score"] - truth
            for seed in range(draws)
        ]
    )


def test_the_correction_is_not_zero_and_makes_it_unbiased(synthetic: Simulator) -> None:
    """Targets answer the other way round than sources in a third of the items: an uncorrected regression is misled."""
    matrix = synthetic(60, 150, seed=3)
    sources, targets = halves(matrix)
    scores = targets.scores.copy()
    scores[:, :50] = 1.0 - scores[:, :50]
    targets = ResponseMatrix.from_arrays(scores, models=targets.models, items=targets.items)
    missed = errors(AIPW(), sources, targets, 40, 150)
    standard_error = missed.std(axis=0, ddof=1) / np.sqrt(len(missed))
    z = missed.mean(axis=0) / standard_error
    assert np.sqrt((z**2).mean()) < 1.6
    made = fit(AIPW(), sources, random_anchors(sources, 40))
    assert isinstance(made, AIPW)
    answers = made.answered_.signatures(targets).T
    left_out = made.ridge_.left_out(answers)
    residuals = answers - answers.mean(axis=0) - left_out.predicted
    assert np.abs(residuals.mean(axis=0)).max() > 1e-3


def test_it_beats_the_mean_where_sources_know_the_items() -> None:
    """Items that differ a lot in difficulty."""
    rng = np.random.default_rng(1)
    chance = 1 / (1 + np.exp(rng.normal(size=(80, 1)) - 3.0 * rng.normal(size=300)))
    sources, targets = halves(ResponseMatrix.from_arrays(rng.random(chance.shape) < chance))
    aipw, mean = (np.abs(errors(made, sources, targets, 50, 10)).mean() for made in (AIPW(), Mean()))
    assert aipw < 0.88 * mean


@pytest.mark.parametrize("k", [10, 40])
def test_it_loses_little_where_sources_know_nothing(k: int) -> None:
    scores = (np.random.default_rng(0).random((60, 300)) < 0.5).astype(float)
    sources, targets = halves(ResponseMatrix.from_arrays(scores))
    aipw, mean = (np.abs(errors(made, sources, targets, k, 20)).mean() for made in (AIPW(), Mean()))
    assert aipw < 1.06 * mean


def test_the_design_standard_error_is_the_spread_over_draws(synthetic: Simulator) -> None:
    sources, targets = halves(synthetic(60, 200, seed=2))
    missed, stated = [], []
    for seed in range(120):
        made = fit(AIPW(), sources, random_anchors(sources, 50, seed))
        assert isinstance(made, AIPW)
        missed.append(made.predict(targets)["score"] - targets.full_scores)
        stated.append(made.design_standard_error(targets))
    assert np.mean(stated) == pytest.approx(np.sqrt(np.mean(np.square(missed))), rel=0.12)


def test_with_one_source_and_no_information_the_error_is_sampling_theorys() -> None:
    """All sources alike: the mean of a simple random sample, sd / sqrt(k) * sqrt(1 - k/n)."""
    scores = np.vstack([np.full((3, 100), 0.5), np.random.default_rng(1).random(100)])
    matrix = ResponseMatrix.from_arrays(scores)
    sources, targets = matrix.subset(models=matrix.models.index[:3]), matrix.subset(models=matrix.models.index[3:])
    selection = random_anchors(matrix, 25)
    made = fit(AIPW(), sources, selection)
    assert isinstance(made, AIPW)
    answers = targets.subset(items=selection.items).scores[0].astype(float)
    pd.testing.assert_frame_equal(
        made.predict(targets), fit(Mean(), sources, selection).predict(targets), check_exact=False, atol=1e-9
    )
    expected = answers.std(ddof=1) / 5 * np.sqrt(0.75)
    assert made.design_standard_error(targets).iloc[0] == pytest.approx(expected, rel=0.05)


def test_certain_anchors_leave_no_design_error(synthetic: Simulator) -> None:
    sources, targets = halves(synthetic(30, 40))
    made = fit(AIPW(), sources, random_anchors(sources, 40))
    assert isinstance(made, AIPW)
    np.testing.assert_allclose(made.design_standard_error(targets), 0.0, atol=1e-12)


def test_one_anchor_and_no_answer_have_no_design_error(synthetic: Simulator) -> None:
    sources, targets = halves(synthetic(30, 40))
    lonely = fit(AIPW(), sources, random_anchors(sources, 1))
    assert isinstance(lonely, AIPW)
    assert lonely.design_standard_error(targets).isna().all()
    assert lonely.predict(targets)["score"].notna().all()
    scores = targets.scores.copy()
    scores[0] = np.nan
    made = fit(AIPW(), sources, random_anchors(sources, 10))
    assert isinstance(made, AIPW)
    silent = ResponseMatrix.from_arrays(scores, models=targets.models, items=targets.items)
    assert made.design_standard_error(silent).isna().tolist() == [True] + [False] * 14


def test_unequal_inclusion_is_corrected_for() -> None:
    """Easy items are drawn four times as often; sources tell nothing, so only the weights can correct."""
    rng, draws = np.random.default_rng(0), 200
    easy = np.arange(120) < 60
    target = (rng.random((20, 120)) < np.where(easy, 0.9, 0.3)).astype(float)
    sources = ResponseMatrix.from_arrays((rng.random((10, 120)) < 0.5).astype(float))
    targets = ResponseMatrix.from_arrays(target, models=[f"t{n:02d}" for n in range(20)])
    missed = []
    for _ in range(draws):
        drawn = np.sort(np.concatenate([rng.choice(60, 32, replace=False), 60 + rng.choice(60, 8, replace=False)]))
        inclusion = np.where(easy[drawn], 32 / 60, 8 / 60)
        made = fit(AIPW(), sources, Selection(sources.items.index[drawn], inclusion=inclusion))
        missed.append(made.predict(targets)["score"] - targets.full_scores)
    bias = np.mean(missed, axis=0)
    assert np.abs(bias).max() < 5 * np.std(missed) / np.sqrt(draws)
    assert abs(bias.mean()) < 0.01


def test_subjects_gain_from_the_regression_and_one_without_anchors_is_predicted(synthetic: Simulator) -> None:
    sources, targets = halves(synthetic(100, 300, n_subjects=6, seed=5))
    selection = random_anchors(sources, 48)
    subjects = list(sources.subjects)
    truth = targets.totals()[subjects]
    missed = [
        (fit(made, sources, selection).predict(targets)[subjects] - truth).abs().mean(axis=None)
        for made in (AIPW(), Mean())
    ]
    assert missed[0] < 0.8 * missed[1]
    inside = sources.items.index[sources.items["subject"] != "subject0"][::5]
    bare = fit(AIPW(), sources, Selection(inside, inclusion=np.full(len(inside), 0.2))).predict(targets)
    assert bare["subject0"].notna().all()
    assert np.corrcoef(bare["subject0"], truth["subject0"])[0, 1] > 0.5


def test_scores_measured_elsewhere_are_reached_by_a_line(synthetic: Simulator) -> None:
    whole = synthetic(100, 60, seed=7)
    matrix = ResponseMatrix.from_arrays(
        whole.scores, models=whole.models.assign(full_score=0.5 * whole.full_scores + 0.2), items=whole.items
    )
    sources, targets = halves(matrix)
    made = fit(AIPW(), sources, random_anchors(sources, 59))
    assert isinstance(made, AIPW)
    # one item is open, and half of its share of a sixtieth reaches the score
    np.testing.assert_allclose(made.predict(targets)["score"], targets.full_scores, atol=0.5 / 60 + 1e-6)
    assert (made.design_standard_error(targets) < 0.5 / 60).all()


def test_without_inclusion_probabilities_it_is_refused(synthetic: Simulator) -> None:
    matrix = synthetic(6, 10)
    with pytest.raises(NotApplicableError, match="estimator aipw needs anchors drawn at random"):
        AIPW().fit(matrix, Selection(matrix.items.index[:3]), np.random.default_rng(0))


@pytest.mark.real_data
def test_on_real_models_it_beats_the_mean(real: Real) -> None:
    sources, targets = halves(real("arc"))
    aipw, mean = (np.abs(errors(made, sources, targets, 50, 8)).mean() for made in (AIPW(), Mean()))
    assert aipw < 0.9 * mean
