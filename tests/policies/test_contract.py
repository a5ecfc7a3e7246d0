"""One battery for every policy: an end, a budget, no item twice, the same seed the same items, whatever the data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from anchoreval.adaptive.auto_policy import Auto
from anchoreval.contract import fit_policy
from anchoreval.errors import AnchorSetError, BudgetError
from anchoreval.methods import Answers, Policy
from anchoreval.policies.fisher import Fisher
from anchoreval.policies.optimal import Optimal
from anchoreval.protocol.sittings import administer
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]
CASES = [
    Fisher(),
    Fisher(model="3pl", randomesque=5, standard_error=0.5, least=4),
    Fisher(batch=4, randomesque=6),
    Optimal(),
    Optimal(dimensions=1, batch=3),
    Optimal(standard_error=0.06, least=3),
    Auto(batch=3),
]
pytestmark = pytest.mark.parametrize("policy", CASES, ids=lambda policy: repr(policy).replace(" ", ""))


def sides(matrix: ResponseMatrix) -> tuple[ResponseMatrix, ResponseMatrix]:
    return matrix.subset(models=matrix.models.index[12:]), matrix.subset(models=matrix.models.index[:12])


@pytest.mark.parametrize("kind", [{}, {"continuous": True}, {"missing": 0.1}])
@pytest.mark.parametrize("k", [1, 7, 60])
def test_no_item_is_asked_twice_and_no_more_than_k(
    policy: Policy, k: int, kind: dict[str, object], synthetic: Simulator
) -> None:
    sources, targets = sides(synthetic(40, 60, seed=1, **kind))
    sittings = administer(fit_policy(policy, sources, k), targets, k)  # refuses a repeated or unknown item
    assert sittings.counts.max() <= k
    assert sittings.counts.min() >= 1
    if k == 1:
        assert (sittings.counts == 1).all()
    for row, scores in zip(sittings.asked, targets.scores, strict=True):
        assert not np.isnan(scores[row[row >= 0]]).any()


def test_a_seed_repeats_itself_whatever_the_order(policy: Policy, synthetic: Simulator) -> None:
    matrix = synthetic(40, 60, seed=2)
    sources, targets = sides(matrix)
    rng = np.random.default_rng(0)
    mixed = matrix.subset(models=rng.permutation(sources.models.index), items=rng.permutation(matrix.items.index))
    straight = administer(fit_policy(policy, sources, 15, seed=3), targets, 15)
    turned = administer(fit_policy(policy, mixed, 15, seed=3), targets.subset(models=targets.models.index[::-1]), 15)
    for target in targets.models.index:
        assert straight.items(target) == turned.items(target)


def test_all_right_and_all_wrong_targets_come_to_an_end(policy: Policy, synthetic: Simulator) -> None:
    sources = synthetic(30, 40, seed=3)
    extremes = ResponseMatrix.from_arrays(np.repeat([[0.0], [1.0]], 40, axis=1), items=sources.items)
    sittings = administer(fit_policy(policy, sources, 40), extremes, 40)
    assert (sittings.counts >= 1).all()


def test_constant_items_duplicates_and_a_single_source_survive(policy: Policy, synthetic: Simulator) -> None:
    base = synthetic(20, 30, seed=4)
    scores = base.scores.copy()
    scores[:, :8], scores[:, 8:12] = 1.0, 0.0
    scores[10:] = scores[:10]
    for rows in (slice(None), slice(0, 1)):
        poor = ResponseMatrix.from_arrays(scores[rows], items=base.items)
        sittings = administer(fit_policy(policy, poor, 30), base.subset(models=base.models.index[:5]), 30)
        assert (sittings.counts >= 1).all()


def test_a_target_without_answers_is_let_go(policy: Policy, synthetic: Simulator) -> None:
    sources = synthetic(30, 40, seed=5)
    silent = ResponseMatrix.from_arrays(np.full((1, 40), np.nan), items=sources.items)
    assert administer(fit_policy(policy, sources, 10), silent, 10).counts.tolist() == [0]


def test_impossible_budgets_and_unknown_items_are_refused(policy: Policy, synthetic: Simulator) -> None:
    sources = synthetic(30, 40, seed=6)
    for k in (0, 41):
        with pytest.raises(BudgetError, match=f"k = {k} is not between 1 and the 40 items"):
            fit_policy(policy, sources, k)
    fitted = fit_policy(policy, sources, 10)
    with pytest.raises(AnchorSetError, match="answers to item 'else'"):
        fitted.next_items(Answers(sources.items.index[:0].append(type(sources.items.index)(["else"])), np.ones(1)))


def test_fitting_leaves_the_policy_itself_alone(policy: Policy, synthetic: Simulator) -> None:
    fit_policy(policy, synthetic(20, 30, seed=7), 5)
    assert not hasattr(policy, "k_")
