"""Curves with correlated remainders: limits that are known, posterior means by the dense formula, greedy choice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from anchoreval.numerics.correlated_curves import CorrelatedCurves, most_telling, open_variance, suited_to


def answers(models: int, items: int, seed: int) -> Any:
    """Two abilities, and twins: every item of the second half copies one of the first in nine of ten cases."""
    rng = np.random.default_rng(seed)
    half = items // 2
    ability, slope = rng.normal(size=(models, 2)), rng.uniform(0.3, 1.5, size=(half, 2))
    first = (rng.random((models, half)) < 1 / (1 + np.exp(-ability @ slope.T))).astype(np.float64)
    copied = rng.random((models, half)) < 0.9
    other = (rng.random((models, half)) < 0.5).astype(np.float64)
    return np.hstack([first, np.where(copied, first, other)])


def test_remainders_hold_what_the_abilities_do_not() -> None:
    """An answer tells of its twin, which no ability of few can do."""
    model = CorrelatedCurves.fit(answers(300, 40, 0), dimensions=2, shrinkage=0.1)
    alone = CorrelatedCurves.fit(answers(300, 40, 0), dimensions=2, shrinkage=1.0)
    asked = np.array([3])
    moved = {
        name: one.predicted(asked, np.array([1.0]))[23] - one.predicted(asked, np.array([0.0]))[23]
        for name, one in {"with": model, "without": alone}.items()
    }
    assert moved["with"] > 0.5
    assert moved["without"] < 0.3


def test_full_shrinkage_leaves_the_curves_alone() -> None:
    model = CorrelatedCurves.fit(answers(120, 30, 1), dimensions=1, shrinkage=1.0)
    asked, scores = np.arange(0, 30, 3), np.resize([1.0, 0.0, 1.0], 10)
    ability = model.curves.take(asked).abilities(scores[None])
    rest = np.setdiff1d(np.arange(30), asked)
    assert model.predicted(asked, scores)[rest] == pytest.approx(model.curves.expected(ability)[0, rest], abs=1e-6)


def test_more_models_than_items_change_nothing_but_the_rank() -> None:
    """Factors are kept as few as the items allow, with the same covariance."""
    scores = answers(90, 20, 2)
    model = CorrelatedCurves.fit(scores, dimensions=1, shrinkage=0.4)
    expected = np.clip(model.curves.expected(model.curves.abilities(scores)), 1e-3, 1 - 1e-3)
    remainders = (scores - expected) / np.sqrt(expected * (1 - expected))
    covariance = 0.6 * np.cov(remainders.T, bias=True)
    assert len(model.factors) <= 20
    assert model.factors.T @ model.factors == pytest.approx(covariance, abs=1e-9)


def test_the_greedy_choice_is_the_best_by_brute_force() -> None:
    model = CorrelatedCurves.fit(answers(60, 24, 3), dimensions=2, shrinkage=0.3)
    asked, weights = np.array([1, 5, 9]), np.full(24, 1 / 24)
    weights[asked] = 0.0
    allowed = np.ones(24, dtype=np.bool_)
    allowed[asked] = False
    belief = model.belief(asked, np.array([1.0, 0.0, 1.0]))
    chosen = most_telling(belief, weights, allowed, 2)
    covariance = belief.factors.T @ belief.factors + np.diag(belief.own)
    for number, item in enumerate(chosen):
        known = np.concatenate([asked, chosen[:number]])
        others = np.setdiff1d(np.arange(24), known)
        best = min(_left(covariance, weights, np.append(known, other)) for other in others)
        assert _left(covariance, weights, np.append(known, item)) == pytest.approx(best)
    assert open_variance(belief, weights) == pytest.approx(_left(covariance, weights, asked))


def _left(covariance: Any, weights: Any, known: Any) -> float:
    across = covariance[:, known]
    posterior = covariance - across @ np.linalg.solve(covariance[np.ix_(known, known)], across.T)
    return float(weights @ posterior @ weights)


@pytest.mark.parametrize(("groups", "abilities"), [(3, 1), (56, 2), (140, 5), (4000, 8)])
def test_more_groups_afford_more_abilities_and_less_shrinkage(groups: int, abilities: int) -> None:
    assert suited_to(groups)[0] == abilities
    assert suited_to(groups)[1] > suited_to(2 * groups)[1]


def test_items_that_no_model_tells_apart_are_harmless() -> None:
    scores = np.hstack([answers(40, 10, 4), np.ones((40, 3)), np.zeros((40, 2))])
    model = CorrelatedCurves.fit(scores, dimensions=1, shrinkage=0.5)
    found = model.predicted(np.array([0, 10, 14]), np.array([1.0, 1.0, 0.0]))
    assert np.isfinite(found).all()
    assert found[11] > 0.9
    assert found[13] < 0.1
