"""gp-IRT: a mixture of its parts, the share that data ask for, both rules, whole groups left out, refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.numerics.irt.simulate import simulate as simulate_irt

from anchor_selectors.irt_clusters import IrtClusters
from anchoreval.contract import choose, fit
from anchoreval.errors import MethodOptionError, NotApplicableError
from anchoreval.estimators import gpirt
from anchoreval.estimators.gpirt import GPIRT
from anchoreval.estimators.kinship import kin
from anchoreval.estimators.pirt import PIRT
from anchoreval.estimators.weighted import Weighted
from anchoreval.methods import Selection
from anchoreval.numerics.irt import fit_irt, map_abilities
from anchoreval.registry import make_selector
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


def fitted(matrix: ResponseMatrix, selection: Selection, **options: Any) -> Any:
    return fit(GPIRT(folds=3, **options), matrix, selection)


@pytest.mark.parametrize("rule", ["held_out", "published"])
def test_it_is_a_mixture_of_its_parts(rule: str, synthetic: Simulator) -> None:
    matrix = synthetic(40, 60, n_subjects=3, seed=1)
    selection = choose(make_selector("random"), matrix, 15)
    made = fitted(matrix, selection, rule=rule)
    mean, response = (fit(part, matrix, selection).predict(matrix) for part in (Weighted(), PIRT()))
    assert ((made.share_ >= 0) & (made.share_ <= 1)).all()
    np.testing.assert_allclose(made.predict(matrix), made.share_ * mean + (1 - made.share_) * response)


def test_the_published_share_is_the_formula_model_by_model(synthetic: Simulator) -> None:
    matrix = synthetic(30, 41, seed=8).sorted_by_id()
    selection = choose(make_selector("random"), matrix, 15)
    made = GPIRT(rule="published", folds=2).fit(matrix, selection, np.random.default_rng(0))
    errors = []
    for held_out in gpirt._folds(matrix, selection, 2, np.random.default_rng(0)):
        curves = fit_irt(matrix.scores[~held_out]).parameters
        for row in matrix.scores[held_out].astype(np.float64):
            seen = np.where(np.arange(41) % 2 == 0, row, np.nan)
            ability = map_abilities(seen[None], curves).ability[0]
            chance = 1 / (1 + np.exp(-(curves.discrimination * ability + curves.intercept)))
            errors.append(abs(chance[1::2].mean() - row[1::2].mean()))
    variance = matrix.scores.astype(np.float64).var(axis=1).mean()
    bias = np.mean(errors) ** 2
    assert made.share_[0] == pytest.approx(bias / (bias + variance / 60), rel=1e-5)


def test_where_the_curves_are_right_they_get_nearly_all_the_weight() -> None:
    matrix = ResponseMatrix.from_arrays(simulate_irt(200, 400, seed=2).scores)
    made = fitted(matrix, choose(make_selector("random"), matrix, 25))
    assert made.share_[0] < 0.3


def test_where_the_curves_mislead_the_mean_gets_most_of_the_weight() -> None:
    """Noise that all items share with nothing: every model has a level of its own on each of two halves of the items.

    The anchors' weights are right for both halves; all but two anchors are of one half.
    """
    rng = np.random.default_rng(3)
    level = np.clip(0.5 + 0.2 * rng.normal(size=(120, 2)), 0.02, 0.98)
    half = np.r_[np.zeros(300, dtype=int), np.ones(300, dtype=int)]
    matrix = ResponseMatrix.from_arrays(np.clip(level[:, half] + 0.02 * rng.normal(size=(120, 600)), 0, 1))
    items = np.r_[np.arange(40), 300, 301]
    weights = np.r_[np.full(40, 0.5 / 40), 0.25, 0.25]
    made = fitted(matrix, Selection(matrix.items.index[items], weights))
    assert made.share_[0] > 0.8


def test_the_mean_has_no_say_about_a_subject_without_anchors(synthetic: Simulator) -> None:
    matrix = synthetic(40, 60, n_subjects=3, seed=4)
    inside = matrix.items.index[matrix.items["subject"] == "subject0"][:10]
    made = fitted(matrix, Selection(inside, np.full(10, 0.1)))
    estimate = made.predict(matrix)
    assert estimate.notna().all(axis=None)
    assert estimate["subject1"].equals(made.response_.predict(matrix)["subject1"])


def test_kin_leave_together(synthetic: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = synthetic(40, 60, variants=4, seed=5)
    selection = choose(make_selector("random"), matrix, 15)
    divisions: list[tuple[set[str], set[str]]] = []
    divided = gpirt._divided

    def spy(sources: ResponseMatrix, held_out: Any) -> tuple[ResponseMatrix, ResponseMatrix]:
        parts = divided(sources, held_out)
        divisions.append(tuple(set(part.models["base_model"]) for part in parts))  # type: ignore[arg-type]
        return parts

    monkeypatch.setattr(gpirt, "_divided", spy)
    fitted(matrix, selection)
    assert len(divisions) == 3
    for seen, unseen in divisions:
        assert seen
        assert unseen
        assert not seen & unseen


def test_one_group_of_sources_leaves_the_mean_alone(synthetic: Simulator) -> None:
    matrix = synthetic(6, 60, variants=6, seed=6)
    selection = choose(make_selector("random"), matrix, 15)
    assert len(np.unique(kin(matrix.part(selection.items)))) == 1
    assert fitted(matrix, selection).share_.tolist() == [1.0]


def test_anchors_without_weights_are_refused(synthetic: Simulator) -> None:
    matrix = synthetic(30, 40, seed=7)
    with pytest.raises(NotApplicableError, match="estimator gpirt needs anchors whose selector gives weights"):
        fit(GPIRT(), matrix, Selection(matrix.items.index[:5]))


@pytest.mark.parametrize(
    ("options", "message"),
    [({"rule": "best"}, "option rule"), ({"folds": 1}, "option folds"), ({"model": "x"}, "option model")],
)
def test_impossible_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodOptionError, match=f"estimator gpirt: {message}"):
        GPIRT(**options)


@pytest.mark.real_data
def test_on_ifeval_the_mixture_is_no_worse_than_its_parts(real: Callable[[str], ResponseMatrix]) -> None:
    """Two splits of the models, k = 50 clusters of curves."""
    matrix = real("ifeval")
    errors: dict[str, list[float]] = {"mean": [], "response": [], "mixture": []}
    for seed in range(2):
        rng = np.random.default_rng(seed)
        models = matrix.models.index[rng.permutation(matrix.n_models)]
        sources, targets = matrix.subset(models=models[:300]), matrix.subset(models=models[300:])
        selection = choose(IrtClusters(restarts=1), sources, 50, seed)
        made: Any = fit(GPIRT(folds=3), sources, selection, seed)
        estimates = {"mean": made.mean_, "response": made.response_, "mixture": made}
        for name, part in estimates.items():
            errors[name].append(float((part.predict(targets)["score"] - targets.full_scores).abs().mean()))
    means = {name: np.mean(values) for name, values in errors.items()}
    assert means["mixture"] < means["mean"]
    assert means["mixture"] < 1.02 * means["response"]
