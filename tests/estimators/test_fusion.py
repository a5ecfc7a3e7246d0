"""Fusion: follows the metamodel where it earns it, the sample where it does not, and neither end is lost."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from anchoreval.contract import choose, fit
from anchoreval.errors import MethodOptionError, NotApplicableError
from anchoreval.estimators.aipw import AIPW
from anchoreval.estimators.fusion import Fusion
from anchoreval.estimators.mean import Mean
from anchoreval.estimators.signature import Signature
from anchoreval.methods import Estimator, Selection
from anchoreval.registry import make_estimator, make_selector
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]
Real = Callable[[str], ResponseMatrix]


def random_anchors(matrix: ResponseMatrix, k: int, seed: int = 0) -> Selection:
    return choose(make_selector("random"), matrix, k, seed)


def halves(matrix: ResponseMatrix) -> tuple[ResponseMatrix, ResponseMatrix]:
    models = matrix.models.index
    return matrix.subset(models=models[::2]), matrix.subset(models=models[1::2])


def best_apart(matrix: ResponseMatrix, share: float = 0.2) -> tuple[ResponseMatrix, ResponseMatrix]:
    """All but the best models, and the best."""
    order = matrix.full_scores.sort_values().index
    count = round(share * len(order))
    return matrix.subset(models=order[:-count]), matrix.subset(models=order[-count:])


def mean_error(made: Estimator, sources: ResponseMatrix, targets: ResponseMatrix, k: int, draws: int) -> float:
    truth = targets.full_scores
    errors = [
        (fit(made, sources, random_anchors(sources, k, seed)).predict(targets)["score"] - truth).abs().mean()
        for seed in range(draws)
    ]
    return float(np.mean(errors))


def fitted(sources: ResponseMatrix, k: int = 40, seed: int = 0) -> Fusion:
    made = fit(Fusion(), sources, random_anchors(sources, k, seed))
    assert isinstance(made, Fusion)
    return made


def test_it_is_a_mixture_of_signature_and_aipw(synthetic: Simulator) -> None:
    sources, targets = halves(synthetic(80, 200, n_subjects=2, seed=1))
    made = fitted(sources)
    selection = random_anchors(sources, 40)
    sample, model = (fit(estimator, sources, selection).predict(targets) for estimator in (AIPW(), Signature()))
    share = made.sample_shares(targets)
    assert share.min(axis=None) >= 0.0
    assert share.max(axis=None) <= 1.0
    pd.testing.assert_frame_equal(made.predict(targets), share * sample + (1 - share) * model)


def test_among_models_of_one_kind_it_is_hardly_worse_than_the_better_of_the_two(synthetic: Simulator) -> None:
    sources, targets = halves(synthetic(120, 300, seed=4))
    for k in (20, 150):
        errors = [mean_error(made, sources, targets, k, 4) for made in (Fusion(), AIPW(), Signature())]
        assert errors[0] < 1.05 * min(errors[1:])


def test_it_does_not_collapse_on_the_best_models() -> None:
    """Targets have mastered what half of the items ask for, which no source has: regressions cannot know."""
    rng = np.random.default_rng(2)
    new_skill = np.arange(400) % 2 == 0
    chance = np.clip(rng.normal(0.4, 0.1, size=(100, 1)) + rng.normal(0, 0.1, 400), 0.02, 0.98)
    chance[80:] = np.where(new_skill, 0.95, chance[80:])
    matrix = ResponseMatrix.from_arrays(rng.random(chance.shape) < chance)
    sources, targets = (matrix.subset(models=matrix.models.index[rows]) for rows in (slice(80), slice(80, None)))
    fusion, signature, trusting = (
        mean_error(made, sources, targets, 60, 6) for made in (Fusion(), Signature(), Fusion(distrust=0.0))
    )
    assert fusion < 0.85 * signature
    assert fusion < 0.95 * trusting


def test_distrust_grows_with_the_distance_beyond_the_sources(synthetic: Simulator) -> None:
    sources, _ = halves(synthetic(120, 200, seed=6))
    made = fitted(sources)
    answers = (np.arange(40) < np.arange(41)[:, None]).astype(float)
    targets = ResponseMatrix.from_arrays(answers, items=made.sample_.answered_.anchors)
    share = made.sample_shares(targets)["score"].to_numpy()
    low, high = made.middle_
    leads = answers.mean(axis=1)
    inside = (leads >= low) & (leads <= high)
    assert np.ptp(share[inside]) < 1e-9
    assert (np.diff(share[leads > high]) > 0).all()
    assert (np.diff(share[leads < low]) < 0).all()
    assert share[-1] > share[inside][0] + 0.1


def test_few_sources_leave_the_sample_estimate(synthetic: Simulator) -> None:
    matrix = synthetic(30, 100, seed=3)
    sources, targets = matrix.subset(models=matrix.models.index[:7]), matrix.subset(models=matrix.models.index[7:])
    selection = random_anchors(sources, 20)
    made = fit(Fusion(), sources, selection)
    assert isinstance(made, Fusion)
    pd.testing.assert_frame_equal(made.predict(targets), fit(AIPW(), sources, selection).predict(targets))
    assert (made.sample_shares(targets) == 1.0).all(axis=None)
    restored = Fusion().from_state(made.state())
    pd.testing.assert_frame_equal(restored.predict(targets), made.predict(targets), check_exact=True)


def test_kin_are_left_out_together(synthetic: Simulator) -> None:
    """Every source is there three times: were copies left behind, the metamodel would look perfect."""
    matrix = synthetic(40, 120, seed=8)
    thrice = ResponseMatrix.from_arrays(np.repeat(matrix.scores, 3, axis=0), items=matrix.items)
    made = fitted(thrice, 20)
    alone = fitted(ResponseMatrix.from_arrays(matrix.scores, items=matrix.items), 20)
    assert made.moments_.model[0] > 0.5 * alone.moments_.model[0]


def test_one_anchor_has_no_design_variance_and_is_mixed_all_the_same(synthetic: Simulator) -> None:
    sources, targets = halves(synthetic(60, 100, seed=3))
    assert fitted(sources, 1).predict(targets)["score"].between(0, 1).all()


def test_bad_options_and_unmet_needs_are_named(synthetic: Simulator) -> None:
    with pytest.raises(MethodOptionError, match="estimator fusion: option distrust must be 0 or more, not -1"):
        make_estimator("fusion", distrust=-1.0)
    with pytest.raises(MethodOptionError, match="estimator fusion: option folds must be at least 2, not 1"):
        make_estimator("fusion", folds=1)
    with pytest.raises(MethodOptionError, match="regressor is one of"):
        make_estimator("fusion", regressor="lasso")
    matrix = synthetic(12, 20)
    with pytest.raises(NotApplicableError, match="estimator fusion needs anchors drawn at random"):
        Fusion().fit(matrix, Selection(matrix.items.index[:3]), np.random.default_rng(0))


@pytest.mark.real_data
def test_on_real_models_it_is_close_to_the_metamodel_where_that_holds(real: Real) -> None:
    sources, targets = halves(real("arc"))
    fusion, signature, mean = (mean_error(made, sources, targets, 50, 4) for made in (Fusion(), Signature(), Mean()))
    assert fusion < 1.08 * signature
    assert fusion < 0.8 * mean


@pytest.mark.real_data
def test_on_real_models_better_than_all_sources_it_is_not_lost_with_the_metamodel(real: Real) -> None:
    sources, targets = best_apart(real("ifeval"))
    fusion, signature = (mean_error(made, sources, targets, 50, 4) for made in (Fusion(), Signature()))
    assert fusion < 0.85 * signature


def part_whose_mean_is_off(matrix: ResponseMatrix) -> ResponseMatrix:
    """Its hardest third, with the full scores on all items: a mean of these items is far below them."""
    hardest = np.argsort(matrix.scores.mean(axis=0), kind="stable")[: matrix.n_items // 3]
    return matrix.part(matrix.items.index[np.sort(hardest)])


def test_means_of_a_part_are_put_on_the_scale_of_full_scores(synthetic: Simulator) -> None:
    part = part_whose_mean_is_off(synthetic(200, 450, seed=3))
    sources, targets = best_apart(part)
    truth = targets.full_scores
    raw = [Mean(), Fusion(sample="mean")]
    bias = [
        float((fit(made, sources, random_anchors(sources, 60)).predict(targets)["score"] - truth).mean())
        for made in raw
    ]
    assert bias[0] < -0.15
    assert abs(bias[1]) < 0.5 * abs(bias[0])


def test_the_line_is_that_of_full_scores_along_means_without_their_noise(synthetic: Simulator) -> None:
    part = part_whose_mean_is_off(synthetic(400, 450, seed=4))
    selection = random_anchors(part, 30)
    made = fit(Fusion(sample="mean"), part, selection)
    assert isinstance(made, Fusion)
    exact = np.polyfit(part.scores.mean(axis=1), part.full_scores, 1)
    noisy = np.polyfit(part.subset(items=selection.items).scores.mean(axis=1), part.full_scores, 1)
    assert noisy[0] < 0.85 * exact[0]
    assert made.line_[1] == pytest.approx(exact[0], rel=0.12)
    restored = Fusion(sample="mean").from_state(made.state())
    pd.testing.assert_frame_equal(restored.predict(part), made.predict(part))


def test_a_whole_benchmark_needs_no_line(synthetic: Simulator) -> None:
    sources, _ = halves(synthetic(80, 200))
    made = fit(Fusion(sample="mean"), sources, random_anchors(sources, 40))
    assert isinstance(made, Fusion)
    assert made.line_.tolist() == [0.0, 1.0]
