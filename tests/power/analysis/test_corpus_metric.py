from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from anchoreval.errors import MethodOptionError, ResponseDataError
from anchoreval.power.analysis.corpus_metric import (
    LaplaceMixture,
    corpus_metric_detectable_difference,
    corpus_metric_power,
    randomisation_test,
    rough_corpus_metric_power,
)


def test_p_values_are_shares_of_all_swaps() -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        effects = rng.normal(-0.4, 1.0, size=9)
        swaps = np.array(list(itertools.product([0.0, 1.0], repeat=9)))
        null = -effects.sum() / 2 + swaps @ effects
        expected = np.mean(np.abs(null) >= abs(effects.sum()) / 2 - 1e-9)
        found = randomisation_test(effects, permutations=40_000)
        assert found.p_value == pytest.approx(expected, abs=0.01)
        assert found.difference == pytest.approx(-effects.sum() / 2)
        assert found.null_deviation == pytest.approx(null.std())


def test_it_is_the_sign_test_of_a_mean() -> None:
    """Right and wrong answers: the exact sign test is the same, ties among the swaps included."""
    differences = np.repeat([1.0, -1.0, 0.0], [14, 4, 30])
    found = randomisation_test(-2 * differences / len(differences), permutations=100_000)
    assert found.difference == pytest.approx(differences.mean())
    assert found.p_value == pytest.approx(stats.binomtest(4, 18).pvalue, abs=0.002)


def test_equal_systems_differ_as_often_as_allowed() -> None:
    rng = np.random.default_rng(1)
    p_values = [randomisation_test(rng.laplace(size=40), 99, seed).p_value for seed in range(2000)]
    for alpha in (0.05, 0.2):
        assert abs(np.mean(np.array(p_values) <= alpha) - alpha) < 3 * np.sqrt(alpha * (1 - alpha) / 2000)
    assert randomisation_test(np.zeros(20)).p_value == 1.0


def test_published_power_of_one_point_of_bleu() -> None:
    """2,000 sentences: .756 in 500 simulations of Card et al. (Type-M 1.20), about .75 in the paper, .747 closed."""
    effects = LaplaceMixture.planned(2000, 1.0)
    found = corpus_metric_power(2000, effects, trials=1000)
    assert abs(found.power - 0.75) < 3 * found.monte_carlo_error
    assert abs(found.power - 0.756) < 3 * np.hypot(found.monte_carlo_error, 0.0192)
    assert found.type_m == pytest.approx(1.20, abs=0.04)
    assert found.type_s == 0.0
    assert round(rough_corpus_metric_power(2000, effects), 3) == 0.747


def test_simulation_agrees_with_the_closed_form_on_a_grid() -> None:
    for n, difference, zero_share, scale in itertools.product((300, 2000), (0.5, -1.5), (0.05, 0.4), (8.0, 30.0)):
        effects = LaplaceMixture.planned(n, difference, zero_share, scale)
        simulated = corpus_metric_power(n, effects, trials=1000, permutations=800, seed=n)
        closed = rough_corpus_metric_power(n, effects)
        assert abs(simulated.power - closed) < 3.5 * simulated.monte_carlo_error + 0.01


def test_null_deviation_of_the_published_fit() -> None:
    """TF19 against TF18, 1,997 sentences: share of zeros .193, scale .01193; permutations deviated by .366."""
    null = np.sqrt(1997 * LaplaceMixture(0.193, 0.0, 0.01193).second_moment) / 2
    assert null == pytest.approx(0.366, rel=0.1)
    rng = np.random.default_rng(0)
    effects = LaplaceMixture.planned(2000, 1.0).draw((2000,), rng)
    assert randomisation_test(effects).null_deviation == pytest.approx(0.381, rel=0.05)


def test_the_mixture_has_its_moments() -> None:
    law = LaplaceMixture.planned(500, 2.0, 0.3, 10.0)
    drawn = law.draw((400, 500), np.random.default_rng(0))
    assert np.mean(drawn == 0.0) == pytest.approx(0.3, abs=0.01)
    assert -drawn.sum(axis=1).mean() / 2 == pytest.approx(2.0, abs=0.05)
    assert np.mean(drawn**2) == pytest.approx(law.second_moment, rel=0.02)


def test_a_fit_finds_the_mixture_again() -> None:
    law = LaplaceMixture(0.2, -0.03, 0.5)
    found = LaplaceMixture.fitted(law.draw((200_000,), np.random.default_rng(0)))
    assert vars(found) == pytest.approx(vars(law), abs=0.01)
    location, scale = stats.laplace.fit(np.array([-1.0, 0.5, 2.0]))
    found = LaplaceMixture.fitted([-1.0, 0.5, 0.0, 2.0])
    assert (found.zero_share, found.location, found.scale) == pytest.approx((0.25, location, scale))


def test_detectable_differences_have_the_power_that_was_wanted() -> None:
    for n, zero_share, power in ((100, 0.13, 0.8), (2000, 0.3, 0.5), (2000, 0.0, 0.95)):
        found = corpus_metric_detectable_difference(n, zero_share, power=power)
        law = LaplaceMixture.planned(n, found, zero_share)
        assert rough_corpus_metric_power(n, law) == pytest.approx(power, abs=1e-9)
    assert np.isnan(corpus_metric_detectable_difference(4)), "four sentences show nothing at 5 %"


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ResponseDataError, match="item number 1 "):
        randomisation_test([0.1, np.nan])
    with pytest.raises(ResponseDataError, match="shape"):
        randomisation_test([])
    with pytest.raises(ResponseDataError, match="no swap"):
        LaplaceMixture.fitted(np.zeros(5))
    with pytest.raises(MethodOptionError, match="zero_share"):
        LaplaceMixture.planned(10, 1.0, 1.0)
    with pytest.raises(MethodOptionError, match="equal"):
        corpus_metric_power(100, LaplaceMixture.planned(100, 0.0))
    with pytest.raises(MethodOptionError, match="permutations"):
        randomisation_test([0.1], permutations=0)
    with pytest.raises(MethodOptionError, match="trials"):
        corpus_metric_power(100, LaplaceMixture.planned(100, 1.0), trials=0)


def test_it_follows_its_seed() -> None:
    effects = LaplaceMixture.planned(101, 1.0)
    runs = [corpus_metric_power(101, effects, trials=60, permutations=99, seed=seed) for seed in (1, 1, 2)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
