"""Optimal: variances against a dense Gaussian and against sampled abilities, the stop, what answers change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from anchoreval.arrays import Float64Array
from anchoreval.contract import fit_policy
from anchoreval.errors import MethodOptionError
from anchoreval.methods import Answers
from anchoreval.policies.optimal import Optimal
from anchoreval.protocol.sittings import administer
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


def fitted(policy: Optimal, matrix: ResponseMatrix) -> Any:
    return fit_policy(policy, matrix, matrix.n_items)


def answered(policy: Any, count: int, seed: int = 0) -> Answers:
    rng = np.random.default_rng(seed)
    items = policy.items_[rng.choice(len(policy.items_), count, replace=False)]
    return Answers(items, (rng.random(count) < 0.6).astype(np.float64))


def dense(policy: Any, answers: Answers) -> tuple[Float64Array, Any]:
    """Covariance of all items' scores given the answers, by the textbook formula, and which items are open."""
    position = policy.items_.get_indexer(answers.items)
    model = policy.model_
    ability = model.curves.take(position).beliefs(answers.scores)[0]
    slopes, intercept = model.curves.slopes, model.curves.table[:, -3]
    chance = 1 / (1 + np.exp(-(slopes @ ability + intercept)))
    spread = np.sqrt(chance * (1 - chance))
    gradient = slopes * (spread**2)[:, None]
    remainders = (model.factors.T @ model.factors + np.diag(model.own)) * np.outer(spread, spread)
    prior = gradient @ gradient.T + remainders
    across = prior[:, position]
    posterior = prior - across @ np.linalg.solve(prior[np.ix_(position, position)], across.T)
    return posterior, ~np.isin(np.arange(len(slopes)), position)


@pytest.mark.parametrize("dimensions", [1, 2])
def test_the_item_asked_is_the_best_by_the_dense_formula(dimensions: int, synthetic: Simulator) -> None:
    policy = fitted(Optimal(dimensions=dimensions, floor=0.0), synthetic(50, 40, n_subjects=3, seed=1))
    for count in (0, 1, 8, 25):
        answers = answered(policy, count)
        covariance, still_open = dense(policy, answers)
        weights = np.where(still_open, policy.weights_, 0.0)
        variance = weights @ covariance @ weights
        assert policy.standard_deviation(answers) == pytest.approx(np.sqrt(variance))
        own = np.where(still_open, np.diag(covariance), 1.0)  # of items asked nothing is left
        left = variance - (covariance @ weights) ** 2 / own
        best = policy.items_[np.argmin(np.where(still_open, left, np.inf))]
        assert policy.next_items(answers).tolist() == [best]


def test_the_standard_deviation_is_that_of_sampled_scores(synthetic: Simulator) -> None:
    """Exact posterior by weighing draws from the prior; the normal approximation is within a few per cent of it."""
    policy = fitted(Optimal(dimensions=2, shrinkage=1.0, floor=0.0), synthetic(80, 120, seed=2))
    answers = answered(policy, 30)
    position = policy.items_.get_indexer(answers.items)
    rng = np.random.default_rng(3)
    ability = rng.normal(size=(200_000, 2))
    chance = policy.model_.curves.expected(ability)
    asked = chance[:, position]
    likelihood = np.log(np.where(answers.scores > 0, asked, 1 - asked)).sum(axis=1)
    weights = np.exp(likelihood - likelihood.max())
    weights /= weights.sum()
    rest = np.setdiff1d(np.arange(120), position)
    mean = chance[:, rest] @ policy.weights_[rest]
    own = (chance[:, rest] * (1 - chance[:, rest])) @ policy.weights_[rest] ** 2
    variance = weights @ mean**2 - (weights @ mean) ** 2 + weights @ own
    assert policy.standard_deviation(answers) == pytest.approx(np.sqrt(variance), rel=0.1)


def test_it_stops_as_soon_as_the_score_is_known(synthetic: Simulator) -> None:
    matrix = synthetic(60, 300, seed=4)
    sources, targets = matrix.subset(models=matrix.models.index[8:]), matrix.subset(models=matrix.models.index[:8])
    policy: Any = fit_policy(Optimal(standard_error=0.04, floor=0.01, least=3), sources, 300)
    sittings = administer(policy, targets, 300)
    for target, scores in zip(targets.models.index, targets.scores.astype(np.float64), strict=True):
        asked = targets.items.index.get_indexer(sittings.items(target))
        left = [
            policy.standard_deviation(Answers(targets.items.index[asked[:n]], scores[asked[:n]]))
            for n in (len(asked) - 1, len(asked))
        ]
        assert left[1] <= 0.04
        assert left[0] > 0.04 or len(asked) == 3


def test_floor_makes_tests_longer(synthetic: Simulator) -> None:
    matrix = synthetic(60, 300, seed=5)
    targets = matrix.subset(models=matrix.models.index[:6])
    lengths = [
        administer(fit_policy(Optimal(standard_error=0.04, floor=floor), matrix, 300), targets, 300).counts.mean()
        for floor in (0.0, 0.03)
    ]
    assert lengths[0] < lengths[1]


def test_what_is_asked_depends_on_the_answers(synthetic: Simulator) -> None:
    policy = fitted(Optimal(), synthetic(60, 200, seed=6))
    items = policy.items_[:10]
    right, wrong = (policy.next_items(Answers(items, np.full(10, score))) for score in (1.0, 0.0))
    assert right.tolist() != wrong.tolist()


def test_the_score_is_read_as_the_posterior_mean(synthetic: Simulator) -> None:
    """Remainders follow the answers by the textbook formula; every answer enters as it is."""
    policy = fitted(Optimal(dimensions=2, shrinkage=0.3), synthetic(50, 40, n_subjects=3, seed=7))
    answers = answered(policy, 12)
    position, model = policy.items_.get_indexer(answers.items), policy.model_
    ability = model.curves.take(position).beliefs(answers.scores)[0]
    chance = model.curves.expected(ability[None])[0]
    spread = np.sqrt(chance * (1 - chance))
    remainders = (model.factors.T @ model.factors + np.diag(model.own)) * np.outer(spread, spread)
    among = remainders[np.ix_(position, position)]
    means = np.clip(chance + remainders[:, position] @ np.linalg.solve(among, answers.scores - chance[position]), 0, 1)
    means[position] = answers.scores
    assert policy.predict(answers) == pytest.approx(means @ policy.weights_)
    everything = Answers(policy.items_, np.resize([1.0, 0.0, 1.0], 40))
    assert policy.predict(everything) == pytest.approx(everything.scores @ policy.weights_)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dimensions": 0}, "option dimensions must be a whole number of at least 1, not 0"),
        ({"batch": True}, "option batch"),
        ({"shrinkage": 1.5}, "option shrinkage must be from 0 to 1"),
        ({"floor": -0.1}, "option floor must not be negative"),
        ({"standard_error": 0.01}, "option standard_error must exceed floor = 0.01"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodOptionError, match=f"policy optimal: {message}"):
        Optimal(**options)


def test_a_full_score_measured_elsewhere_is_read_through_a_regression_on_all_items(synthetic: Simulator) -> None:
    """Where the score is a sum over a few of the items, with weights of its own, it is found from all answers."""
    matrix = synthetic(200, 20, seed=8)
    share = np.where(np.arange(20) < 5, 0.1, 0.02)
    truth = 0.1 + matrix.scores.astype(np.float64) @ share
    part = ResponseMatrix.from_arrays(
        matrix.scores, models=matrix.models.assign(full_score=truth), items=matrix.items, weights=matrix.weights
    )
    policy = fitted(Optimal(dimensions=1), part)
    for row in (0, 7, 60):
        answers = Answers(part.items.index, part.scores[row].astype(np.float64))
        assert policy.predict(answers) == pytest.approx(truth[row], abs=0.01)
    first = policy.next_items(Answers(part.items.index[:0], np.zeros(0)))
    assert part.items.index.get_loc(first[0]) < 5
