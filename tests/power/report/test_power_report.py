from __future__ import annotations

import json
import warnings
from collections.abc import Callable

import jsonschema
import numpy as np
import pytest

from anchoreval.errors import MethodOptionError, TooFewModelsError
from anchoreval.power.report.power_report import PowerReport, power_report
from anchoreval.power.report.record import power_record
from anchoreval.protocol.anchoring import reconstruct, select
from anchoreval.reporting.power_report_page import markdown_power, terminal_power
from anchoreval.responses import ResponseMatrix
from anchoreval.schema import load_schema

from ...conftest import simulate


def made(matrix: ResponseMatrix, targets: ResponseMatrix | None = None, k: int = 30) -> PowerReport:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        anchors = select(matrix, "random", k=k)
        rec = reconstruct(matrix, anchors, "signature")
    return power_report(matrix, anchors, targets=targets, reconstruction=rec)


def split(matrix: ResponseMatrix, targets: int) -> tuple[ResponseMatrix, ResponseMatrix]:
    names = matrix.models.index
    return matrix.subset(models=names[:-targets]), matrix.subset(models=names[-targets:])


def shown(report: PowerReport) -> str:
    """Every form of the report, each checked to be whole: the document by its schema."""
    document = json.loads(json.dumps(power_record(report), allow_nan=False))
    jsonschema.validate(document, dict(load_schema("power")))
    text = markdown_power(report, {}) + terminal_power(report)
    assert "nan" not in text
    assert "inf" not in text.replace("information", "")
    return text


@pytest.fixture(scope="module")
def whole() -> PowerReport:
    sources, targets = split(simulate(120, 300), 8)
    return made(sources, targets, k=60)


def test_everything_is_there_and_the_estimand_stands_first(whole: PowerReport) -> None:
    text = shown(whole)
    assert text.index("## Estimand") < text.index("## What is told apart")
    for heading in ("Power", "Ranks", "Pairs", "Accuracy", "Intervals", "Claims, checked", "Design"):
        assert f"## {heading}\n" in text
    assert whole.targets is not None
    assert len(whole.targets.pairs) == 28


def test_figures_agree_with_each_other(whole: PowerReport) -> None:
    first = whole.resolution.iloc[0]
    assert whole.smallest == first["smallest"] > first["critical"] > first["spread"]
    assert first["smallest_population"] > first["smallest"]
    near = whole.curve.iloc[(whole.curve["gap"] - whole.smallest).abs().argmin()]
    assert near["power"] == pytest.approx(0.8, abs=0.06)
    known = whole.curve.dropna()
    assert (known["power"].diff().dropna() > 0).all()
    np.testing.assert_allclose(known["lost"], known["full"] - known["population"])


def test_the_accuracy_is_that_of_the_residuals(whole: PowerReport) -> None:
    row = whole.accuracy.loc["rmse"]
    assert row["lower"] < row["value"] < row["upper"]
    assert whole.random_error is not None
    assert 0.3 * whole.random_error < row["value"] < 1.2 * whole.random_error


def test_random_items_err_as_the_formula_says() -> None:
    from anchoreval.power.report.measured_accuracy import random_error

    matrix = simulate(20, 120, n_subjects=3, aggregation="macro")
    rng = np.random.default_rng(0)
    weighted = matrix.scores * matrix.weights * matrix.n_items
    errors = [weighted[:, rng.choice(120, 30, replace=False)].mean(axis=1) - weighted.mean(axis=1) for _ in range(4000)]
    assert random_error(matrix, matrix.models.index, 30) == pytest.approx(
        100 * float(np.sqrt(np.mean(np.square(errors)))), rel=0.02
    )


def test_ranks_hold_the_truth_and_the_best_is_named() -> None:
    sources, targets = split(simulate(150, 400, seed=3), 20)
    report = made(sources, targets, k=100)
    assert report.targets is not None
    places = report.targets.places
    truth = targets.full_scores[places.index].rank(ascending=False, method="min")
    assert ((places["lower"] <= truth) & (truth <= places["upper"])).all()
    assert (places["marginal_upper"] - places["marginal_lower"] <= places["upper"] - places["lower"]).mean() > 0.9
    assert targets.full_scores.idxmax() in report.targets.ranks.best()


def test_few_calibration_models_say_what_is_still_attainable() -> None:
    report = made(simulate(40, 100))
    groups = report.design["calibration_groups"]
    text = shown(report)
    assert f"All figures rest on {groups} independent calibration models" in text or groups >= 30


def test_fewer_than_nineteen_groups_name_the_level() -> None:
    matrix = simulate(40, 100)
    anchors = select(matrix, "random", k=20, calibration=0.3)
    report = power_report(matrix, anchors, "signature")
    assert report.design["calibration_groups"] == 12
    text = shown(report)
    assert (
        "12 independent calibration models: the highest level that an interval of one score can attain is 92.3%" in text
    )
    assert "6 disjoint pairs of calibration models: the highest level that an interval of a difference" in text
    assert np.isinf(report.difference_half_width)


def test_three_calibration_models_teach_no_law() -> None:
    matrix = simulate(30, 100)
    anchors = select(matrix, "random", k=20, calibration=list(matrix.models.index[:3]))
    report = power_report(matrix, anchors, "signature", targets=matrix.subset(models=matrix.models.index[5:9]))
    text = shown(report)
    assert report.slope is None
    assert report.targets is None
    assert "too few calibration models" in text
    assert "Power is not known: 3 groups of calibration models; 5 are needed" in text


@pytest.mark.parametrize("k", [1, 5])
def test_a_handful_of_anchors(k: int) -> None:
    sources, targets = split(simulate(100, 150), 5)
    assert shown(made(sources, targets, k=k))


def test_all_anchors_are_all_items_and_nothing_errs() -> None:
    sources, targets = split(simulate(100, 40), 5)
    report = made(sources, targets, k=40)
    text = shown(report)
    assert report.smallest < 0.005
    assert "10 of 10 pairs are told apart" in text or report.targets is not None
    assert report.targets is not None
    assert (report.targets.places["rank"] == report.targets.places["lower"]).all()


def test_anchors_that_everyone_gets_right() -> None:
    matrix = simulate(90, 120)
    scores = matrix.scores.copy()
    scores[:, :30] = 1.0
    easy = ResponseMatrix.from_arrays(scores, models=matrix.models, items=matrix.items, name="easy")
    anchors = select(easy, "random", k=30)
    from dataclasses import replace

    chosen = replace(anchors.selection, items=easy.items.index[:30], weights=None, inclusion=None)
    from anchoreval.anchors import AnchorSet
    from anchoreval.registry import make_selector

    fixed = AnchorSet.make(easy, chosen, roles=anchors.roles, selector=make_selector("random"), k=30, seed=0)
    report = power_report(easy, fixed, "signature", targets=easy.subset(models=easy.models.index[:4]))
    assert np.isnan(report.smallest)
    text = shown(report)
    assert "is found with probability 80%" in text
    assert report.targets is not None
    assert not report.targets.pairs["resolved"].any()
    assert (report.targets.pairs["p_first_better"] == 0.5).all()


def test_two_targets_identical_targets_and_one() -> None:
    sources, targets = split(simulate(100, 150), 5)
    two = targets.subset(models=targets.models.index[:2])
    report = made(sources, two)
    assert report.targets is not None
    assert len(report.targets.pairs) == 1
    shown(report)
    scores = np.repeat(targets.scores[:1], 3, axis=0)
    copies = ResponseMatrix.from_arrays(scores, models=["a", "b", "c"], items=targets.items, name=targets.name)
    same = made(sources, copies)
    assert same.targets is not None
    assert not same.targets.pairs["resolved"].any()
    assert (same.targets.places[["lower", "upper"]] == [1, 3]).all().all()
    shown(same)
    alone = made(sources, targets.subset(models=targets.models.index[:1]))
    assert alone.targets is not None
    assert alone.targets.pairs.empty
    shown(alone)


def test_one_subject_and_missing_answers() -> None:
    sources, targets = split(simulate(100, 150, n_subjects=1, missing=0.02), 5)
    shown(made(sources, targets))


def test_a_target_that_answered_nothing_is_left_out() -> None:
    sources, targets = split(simulate(100, 150), 4)
    scores = targets.scores.copy()
    scores[1] = np.nan
    silent = ResponseMatrix.from_arrays(scores, models=targets.models, items=targets.items, name=targets.name)
    report = made(sources, silent)
    assert report.targets is not None
    assert len(report.targets.estimates) == 3
    shown(report)


def test_doubtful_labels_and_prompts_are_told() -> None:
    matrix = simulate(90, 100)
    items = matrix.items.assign(label_status=["wrong ground truth" if n < 10 else "ok" for n in range(100)])
    models = matrix.models.assign(prompt=[f"p{n % 2}" for n in range(90)], run=[str(n % 2) for n in range(90)])
    told = ResponseMatrix.from_arrays(matrix.scores, models=models, items=items, name="told")
    text = shown(made(told))
    assert "Items with doubtful labels" in text
    assert "10.0% of all items" in text
    assert "prompts that are not recorded" not in text
    assert "Every model was run once" not in text


def test_no_calibration_models_and_impossible_wishes_are_refused() -> None:
    matrix = simulate(40, 60)
    anchors = select(matrix, "random", k=10, calibration=0.0)
    with pytest.raises(TooFewModelsError, match="no calibration models"):
        power_report(matrix, anchors, "signature")
    for wrong in ({"alpha": 0.0}, {"power": 1.0}, {"alpha": 0.5, "power": 0.2}):
        with pytest.raises(MethodOptionError, match="needed are"):
            power_report(matrix, anchors, "signature", **wrong)


def test_the_same_seed_gives_the_same_report(synthetic: Callable[..., ResponseMatrix]) -> None:
    sources, targets = split(simulate(100, 120), 5)
    first, second = (power_record(made(sources, targets)) for _ in range(2))
    assert first == second
