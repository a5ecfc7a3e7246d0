"""Expected disagreement against direct sums and simulated models; the chance of a copy against its frequency."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import false_discovery_control, poisson

from anchoreval.numerics import peer_disagreement as module
from anchoreval.numerics.close_pairs import Pairs, disagreements
from anchoreval.numerics.irt import expected_scores, map_abilities
from anchoreval.numerics.peer_disagreement import PeerDisagreement, few_false


def simulated(models: int, items: int, seed: int = 0, shared: float = 0.0) -> Any:
    """Answers of 2PL models; on the share `shared` of the items fifty models of like ability have the same luck."""
    rng = np.random.default_rng(seed)
    ability, difficulty = np.sort(rng.normal(0, 1, models)), rng.normal(0, 1.5, items)
    common = np.repeat(rng.random((-(-models // 50), items)), 50, axis=0)[:models]
    luck = np.where(rng.random((models, items)) < shared, common, rng.random((models, items)))
    curve = 1 / (1 + np.exp(-rng.lognormal(0, 0.3, items) * (ability[:, None] - difficulty)))
    return (luck < curve).astype(np.float32)[rng.permutation(models)]


def all_pairs(scores: Any) -> Pairs:
    first, second = (np.asarray(side, dtype=np.int64) for side in np.triu_indices(len(scores), 1))
    return Pairs(first, second, *disagreements(scores, first, second))


def strangers(count: int) -> Any:
    return np.arange(count)[:, None]


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_expected_is_the_sum_over_common_items(missing: float, monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "ROWS", 7)
    scores = simulated(30, 50)
    scores[np.random.default_rng(1).random(scores.shape) < missing] = np.nan
    model = PeerDisagreement.fit(scores, strangers(30))
    pairs = all_pairs(scores).take(np.random.default_rng(2).random(435) < 0.5)
    right, found = expected_scores(model.parameters, map_abilities(scores, model.parameters).ability), []
    for a, b in zip(pairs.first, pairs.second, strict=True):
        both = ~np.isnan(scores[a]) & ~np.isnan(scores[b])
        p, q = right[a, both], right[b, both]
        found.append(model.ratio * (p * (1 - q) + q * (1 - p)).sum())
    assert model.expected(scores, pairs) == pytest.approx(found)


def test_independent_models_disagree_as_expected_and_seldom_by_less() -> None:
    scores = simulated(150, 200)
    model, pairs = PeerDisagreement.fit(scores, strangers(150)), all_pairs(scores)
    expected, chance = model.chance(scores, pairs)
    assert model.ratio == pytest.approx(1.0, abs=0.05)
    assert pairs.disagreements.mean() == pytest.approx(expected.mean(), rel=0.05)
    assert np.mean(chance < 0.01) < 0.01, "a bound"
    assert chance == pytest.approx(poisson.cdf(pairs.disagreements, expected), abs=1e-9)


def test_what_peers_share_lowers_the_expectation() -> None:
    assert PeerDisagreement.fit(simulated(150, 300, shared=0.9), strangers(150)).ratio < 0.85


def test_kin_do_not_lower_the_expectation() -> None:
    scores = np.repeat(simulated(10, 200), 15, axis=0)
    scores = np.abs(scores - (np.random.default_rng(3).random(scores.shape) < 0.03))
    family = np.repeat(np.arange(10), 15)[:, None]
    assert PeerDisagreement.fit(scores, strangers(150)).ratio < 0.5
    assert PeerDisagreement.fit(scores, family).ratio > 0.7
    assert PeerDisagreement.fit(scores, np.zeros_like(family)).ratio < 0.5, "of one family all: others are not there"


def test_items_are_fitted_on_a_part_of_many_models(monkeypatch: Any) -> None:
    scores = simulated(300, 80)
    whole = PeerDisagreement.fit(scores, strangers(300))
    monkeypatch.setattr(module, "FITTED", 100)
    part, pairs = PeerDisagreement.fit(scores, strangers(300)), all_pairs(scores)
    assert part.expected(scores, pairs) == pytest.approx(whole.expected(scores, pairs), rel=0.25)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.3])
def test_few_false_equals_the_adjusted_p_values_of_scipy(share: float) -> None:
    rng = np.random.default_rng(4)
    chance = np.concatenate([rng.random(200), rng.random(30) * 1e-3])
    expected = false_discovery_control(chance) <= share
    np.testing.assert_array_equal(few_false(chance, len(chance), share), expected)
    assert few_false(chance, 10**9, 0.05).sum() == 0
    assert few_false(np.empty(0), 0, 0.05).shape == (0,)
