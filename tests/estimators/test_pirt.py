"""p-IRT: the formula written out, own abilities for own answers, outside scores, fractions, refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.numerics.irt.simulate import simulate as simulate_irt

from anchoreval.contract import choose, fit
from anchoreval.errors import MethodOptionError
from anchoreval.estimators.pirt import PIRT
from anchoreval.methods import Selection
from anchoreval.numerics.irt import fit_irt, map_abilities
from anchoreval.registry import make_selector
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


def sides(matrix: ResponseMatrix, n_targets: int = 10) -> tuple[ResponseMatrix, ResponseMatrix]:
    models = matrix.models.index
    return matrix.subset(models=models[n_targets:]), matrix.subset(models=models[:n_targets])


@pytest.mark.parametrize("aggregation", ["micro", "macro"])
def test_the_rest_is_expected_at_the_ability_that_the_anchors_show(aggregation: str, synthetic: Simulator) -> None:
    sources, targets = sides(synthetic(50, 61, n_subjects=4, aggregation=aggregation, seed=1))
    anchors = sources.items.index[::5]
    estimate = fit(PIRT(), sources, Selection(anchors)).predict(targets)
    curves = fit_irt(sources.scores).parameters
    asked = sources.items.index.isin(anchors)
    answers = np.where(asked, targets.scores, np.nan)
    ability = map_abilities(answers, curves).ability
    chance = 1 / (1 + np.exp(-(ability[:, None] * curves.discrimination + curves.intercept)))
    values = np.where(asked, targets.scores, chance)
    np.testing.assert_allclose(estimate["score"], values @ sources.weights, atol=1e-6)
    for subject in sources.subjects:
        inside = (sources.items["subject"] == subject).to_numpy()
        np.testing.assert_allclose(estimate[subject], values[:, inside].mean(axis=1), atol=1e-6)


def test_simulated_targets_are_found_where_the_mean_of_easy_anchors_is_far_off() -> None:
    simulation = simulate_irt(260, 500, seed=2)
    matrix = ResponseMatrix.from_arrays(simulation.scores)
    sources, targets = sides(matrix, 60)
    easy = matrix.items.index[np.argsort(simulation.parameters.difficulty)[:60]]
    truth = targets.full_scores.to_numpy()
    errors = fit(PIRT(), sources, Selection(easy)).predict(targets)["score"].to_numpy() - truth
    mean = targets.part(easy).scores.mean(axis=1) - truth
    assert np.abs(errors).mean() < 0.25 * np.abs(mean).mean()
    assert abs(errors.mean()) < 0.02


def test_with_all_items_as_anchors_gaps_count_as_expected(synthetic: Simulator) -> None:
    """However many items a target left open, its estimate is that of anchors it answered alone."""
    sources, targets = sides(synthetic(50, 60, seed=3))
    anchors = sources.items.index[::4]
    scores = np.where(sources.items.index.isin(anchors), targets.scores, np.float32(np.nan))
    holes = ResponseMatrix.from_arrays(scores, models=targets.models, items=targets.items)
    open_ended = fit(PIRT(), sources, Selection(sources.items.index)).predict(holes)
    fixed = fit(PIRT(), sources, Selection(anchors)).predict(targets)
    np.testing.assert_allclose(open_ended, fixed, atol=1e-6)


def test_scores_measured_elsewhere_are_reached_by_a_line(synthetic: Simulator) -> None:
    whole = synthetic(120, 400, seed=4)
    known = 0.2 + 0.6 * whole.full_scores  # on another scale than the items at hand
    matrix = ResponseMatrix.from_arrays(
        whole.scores[:, :80], models=whole.models.assign(full_score=known), items=whole.items.index[:80]
    )
    sources, targets = sides(matrix, 30)
    estimate = fit(PIRT(), sources, Selection(matrix.items.index[::2])).predict(targets)["score"]
    error = np.abs(estimate - targets.full_scores).mean()
    spread = np.abs(targets.full_scores - sources.full_scores.mean()).mean()
    plain = np.abs(targets.scores.mean(axis=1) - targets.full_scores.to_numpy()).mean()
    assert error < 0.5 * spread
    assert error < 0.5 * plain


def test_fractions_are_expectations_and_are_not_cut(synthetic: Simulator) -> None:
    """Targets that score 0.3 on every item, far from any threshold's 0 or 1."""
    sources, _ = sides(synthetic(60, 80, continuous=True, seed=5))
    flat = ResponseMatrix.from_arrays(np.full((1, 80), 0.3), items=sources.items)
    estimate = fit(PIRT(), sources, Selection(sources.items.index[::2])).predict(flat)["score"]
    assert estimate.iloc[0] == pytest.approx(0.3, abs=0.05)


def test_two_abilities_tell_specialists_apart() -> None:
    """Half of the items need one skill, half another; anchors of both kinds, targets good at one."""
    rng = np.random.default_rng(6)
    ability = rng.normal(size=(300, 2)) * 1.5
    kind = np.arange(200) % 2
    chance = 1 / (1 + np.exp(-(ability[:, kind] - rng.normal(size=200))))
    items = [f"i{n:03d}" for n in range(200)]
    subjects = np.array(["even", "odd"])[kind]
    matrix = ResponseMatrix.from_arrays(
        (rng.random(chance.shape) < chance).astype(float),
        items=pd.DataFrame({"subject": subjects}, index=items),
        models=[f"m{n:03d}" for n in range(300)],
    )
    sources, targets = sides(matrix, 80)
    errors = {}
    for dimensions in (1, 2):
        estimate = fit(PIRT(dimensions=dimensions), sources, Selection(matrix.items.index[:40])).predict(targets)
        errors[dimensions] = (estimate - targets.totals())[["even", "odd"]].abs().to_numpy().mean()
    assert errors[2] < 0.6 * errors[1]


def test_abilities_are_those_of_the_answers(synthetic: Simulator) -> None:
    sources, targets = sides(synthetic(50, 60, seed=7))
    made: Any = fit(PIRT(), sources, choose(make_selector("random"), sources, 20))
    abilities = made.abilities(targets)[0]
    assert np.corrcoef(abilities, targets.full_scores)[0, 1] > 0.7
    silent = ResponseMatrix.from_arrays(np.full((1, 60), np.nan), items=sources.items)
    assert made.abilities(silent)[0].tolist() == [0.0]


@pytest.mark.parametrize(
    ("options", "message"),
    [({"model": "2pn"}, "option model = '2pn'"), ({"model": "3pl", "dimensions": 2}, "option dimensions = 2")],
)
def test_impossible_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodOptionError, match=f"estimator pirt: {message}"):
        PIRT(**options)
