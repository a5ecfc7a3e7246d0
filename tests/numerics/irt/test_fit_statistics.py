"""Fit of items and models: formulas by loops, laws under simulation, and misfits that must be found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2, kstest

from anchoreval.arrays import Float64Array
from anchoreval.errors import MethodOptionError, ResponseDataError
from anchoreval.numerics.irt import (
    ItemParameters,
    answers,
    eap_abilities,
    expected_scores,
    fit_irt,
    item_chi_square,
    item_fit,
    map_abilities,
    person_fit,
)

from .simulate import Simulation, simulate


def cells(truth: Simulation, model: int, item: int) -> tuple[float, float, float]:
    """Score, probability and its slope in ability, written out."""
    a, d, c, u = (getattr(truth.parameters, name)[item] for name in ("discrimination", "intercept", "lower", "upper"))
    logistic = 1 / (1 + np.exp(-(a * truth.ability[model] + d)))
    return truth.scores[model, item], c + (u - c) * logistic, (u - c) * a * logistic * (1 - logistic)


@pytest.mark.parametrize("lower", [0.0, 0.2])
def test_mean_squares_are_those_of_a_loop(lower: float) -> None:
    truth = simulate(9, 7, seed=1, lower=lower, missing=0.2)
    by_item, by_model = (
        item_fit(truth.scores, truth.parameters, truth.ability),
        person_fit(truth.scores, truth.parameters, truth.ability).mean_squares,
    )
    table = [[(model, item) for model in range(9)] for item in range(7)]
    for found, lines in ((by_item, table), (by_model, [list(line) for line in zip(*table, strict=True)])):
        for place, line in enumerate(lines):
            given = [cells(truth, *where)[:2] for where in line if not np.isnan(truth.scores[where])]
            y, p = np.array(given).T
            # variances of (y - p)^2 and of (y - p)^2 / (p q), over the two answers there are
            mean = p * (1 - p)
            raw = p * ((1 - p) ** 2 - mean) ** 2 + (1 - p) * (p**2 - mean) ** 2
            infit, outfit = ((y - p) ** 2).sum() / mean.sum(), ((y - p) ** 2 / mean).mean()
            assert found.infit[place] == pytest.approx(infit)
            assert found.outfit[place] == pytest.approx(outfit)
            deviation = raw.sum() ** 0.5 / mean.sum()
            assert found.infit_z[place] == pytest.approx((infit ** (1 / 3) - 1) * 3 / deviation + deviation / 3)
            deviation = (raw / mean**2).sum() ** 0.5 / len(y)
            assert found.outfit_z[place] == pytest.approx((outfit ** (1 / 3) - 1) * 3 / deviation + deviation / 3)


def test_pattern_likelihoods_are_those_of_a_loop() -> None:
    """Snijders' form at the mode of an N(0, 1) prior, whose score there is minus the ability."""
    drawn = simulate(8, 12, seed=2, lower=0.15, missing=0.2)
    ability = map_abilities(drawn.scores, drawn.parameters).ability
    truth = Simulation(drawn.scores, drawn.parameters, ability)
    found = person_fit(truth.scores, truth.parameters, ability)
    for model in range(8):
        given = [cells(truth, model, item) for item in range(12) if not np.isnan(truth.scores[model, item])]
        y, p, slope = np.array(given).T
        q = 1 - p
        likelihood = (y * np.log(p) + (1 - y) * np.log(q)).sum()
        mean, variance = (p * np.log(p) + q * np.log(q)).sum(), (p * q * np.log(p / q) ** 2).sum()
        assert found.lz[model] == pytest.approx((likelihood - mean) / variance**0.5)
        w, r = np.log(p / q), slope / (p * q)
        c = (slope * w).sum() / (slope * r).sum()
        corrected = ((w - c * r) ** 2 * p * q).sum()
        expected = (likelihood - mean + c * -ability[model]) / corrected**0.5
        assert found.lz_star[model] == pytest.approx(expected, abs=1e-6)


def test_where_the_model_holds_mean_squares_are_one_and_their_forms_standard() -> None:
    truth = simulate(600, 150, seed=3, missing=0.1)
    of_items = item_fit(truth.scores, truth.parameters, truth.ability)
    of_models = person_fit(truth.scores, truth.parameters, truth.ability).mean_squares
    for found, number in ((of_items, 150), (of_models, 600)):
        for square in (found.infit, found.outfit):
            assert square.mean() == pytest.approx(1.0, abs=4 * square.std() / number**0.5)
        for z in (found.infit_z, found.outfit_z):
            assert z.mean() == pytest.approx(0.0, abs=4 / number**0.5 + 0.05)
        assert found.infit_z.std() == pytest.approx(1.0, abs=4 / (2 * number) ** 0.5 + 0.05)
        assert 0.7 < found.outfit_z.std() < 1.1  # rare surprises weigh so much that its normal form is rough


@pytest.mark.parametrize("abilities", [map_abilities, eap_abilities])
def test_corrected_likelihood_is_standard_normal_where_the_plain_one_is_too_narrow(abilities) -> None:  # type: ignore[no-untyped-def]
    truth = simulate(4000, 60, seed=4)
    found = person_fit(truth.scores, truth.parameters, abilities(truth.scores, truth.parameters).ability)
    assert found.lz.std() < 0.97
    assert found.lz_star.mean() == pytest.approx(0.0, abs=0.08)
    assert found.lz_star.std() == pytest.approx(1.0, abs=0.05)
    assert np.mean(found.lz_star < -1.645) == pytest.approx(0.05, abs=0.02)


def test_corrected_likelihood_approaches_the_normal_law() -> None:
    truth = simulate(600, 1000, seed=5)
    ability = map_abilities(truth.scores, truth.parameters).ability
    assert kstest(person_fit(truth.scores, truth.parameters, ability).lz_star, "norm").pvalue > 0.01


def test_fitted_parameters_do_as_well() -> None:
    truth = simulate(400, 200, seed=6)
    parameters = fit_irt(truth.scores).parameters
    ability = map_abilities(truth.scores, parameters).ability
    items = item_fit(truth.scores, parameters, ability)
    assert np.median(items.infit) == pytest.approx(1.0, abs=0.03)
    assert np.mean(np.abs(items.outfit_z) > 3) < 0.02
    assert np.mean(item_chi_square(truth.scores, parameters, ability).p_value < 0.01) < 0.05


def test_flipped_and_guessed_items_and_a_random_model_are_found() -> None:
    truth = simulate(400, 200, seed=7)
    rng = np.random.default_rng(8)
    truth.scores[:, 0] = 1 - truth.scores[:, 0]  # a wrong key
    truth.scores[:, 1] = rng.random(400) < 0.5  # nothing but luck
    truth.scores[5] = rng.random(200) < truth.scores[5].mean()
    parameters = fit_irt(truth.scores).parameters
    ability = map_abilities(truth.scores, parameters).ability
    known = ItemParameters(*(getattr(truth.parameters, n) for n in ("discrimination", "intercept", "lower", "upper")))
    against = item_fit(truth.scores, known, ability)
    assert set(np.argsort(-against.infit_z)[:2]) == {0, 1}
    assert against.outfit_z[:2].min() > 3
    assert item_chi_square(truth.scores, parameters, ability).p_value[0] < 1e-4
    models = person_fit(truth.scores, parameters, ability)
    assert np.argmin(models.lz_star) == 5
    assert models.lz_star[5] < -4
    assert np.argmax(models.mean_squares.infit_z) == 5


def test_q1_is_that_of_a_loop_and_its_law_chi_square() -> None:
    truth = simulate(480, 200, seed=9, missing=0.2)
    found = item_chi_square(truth.scores, truth.parameters, truth.ability, groups=8, free=0)
    group = np.argsort(np.argsort(truth.ability)) * 8 // 480
    total = 0.0
    for g in range(8):
        given = (group == g) & ~np.isnan(truth.scores[:, 3])
        y, p = np.array([cells(truth, model, 3)[:2] for model in np.flatnonzero(given)]).T
        total += len(y) * (y.mean() - p.mean()) ** 2 / (p.mean() * (1 - p.mean()))
    assert found.statistic[3] == pytest.approx(total)
    assert found.degrees[3] == 8
    assert found.p_value[3] == pytest.approx(chi2.sf(total, 8))
    assert kstest(found.p_value, "uniform").pvalue > 0.001


def test_what_rests_on_no_answers_is_nan() -> None:
    truth = simulate(30, 6, seed=10)
    truth.scores[:, 2], truth.scores[4] = np.nan, np.nan
    items, models = (
        item_fit(truth.scores, truth.parameters, truth.ability),
        person_fit(truth.scores, truth.parameters, truth.ability),
    )
    for values in (items.infit, items.outfit, items.infit_z, items.outfit_z):
        assert np.flatnonzero(np.isnan(values)).tolist() == [2]
    for values in (models.lz, models.lz_star, models.mean_squares.infit, models.mean_squares.outfit_z):
        assert np.flatnonzero(np.isnan(values)).tolist() == [4]
    chi = item_chi_square(truth.scores, truth.parameters, truth.ability, groups=3)
    assert np.flatnonzero(np.isnan(chi.p_value)).tolist() == [2]


def test_answers_that_cannot_surprise_have_no_standardised_form() -> None:
    """At even odds both answers are as far off; with one item any answer is what its ability estimate makes of it."""
    even = ItemParameters(np.ones(3), np.zeros(3), np.zeros(3), np.ones(3))
    found = person_fit(np.array([[1.0, 0.0, 1.0]]), even, np.zeros(1))
    assert found.mean_squares.outfit[0] == pytest.approx(1.0)
    assert np.isnan([found.mean_squares.outfit_z[0], found.lz[0], found.lz_star[0]]).all()
    one = ItemParameters(np.array([1.5]), np.array([0.7]), np.zeros(1), np.ones(1))
    assert np.isnan(person_fit(np.array([[1.0]]), one, np.array([0.4])).lz_star[0])


def test_blocks_do_not_change_the_statistics(monkeypatch: pytest.MonkeyPatch) -> None:
    truth = simulate(20, 33, seed=11, missing=0.1)

    def all_statistics() -> list[Float64Array]:
        arguments = truth.scores, truth.parameters, truth.ability
        items, models = item_fit(*arguments), person_fit(*arguments)
        return [items.infit_z, models.lz_star, models.mean_squares.outfit, item_chi_square(*arguments).statistic]

    whole = all_statistics()
    monkeypatch.setattr(answers, "CELLS", 20 * 5)
    for one, other in zip(all_statistics(), whole, strict=True):
        np.testing.assert_allclose(one, other)


def test_expected_scores_as_scores_vary_less_than_answers() -> None:
    truth = simulate(40, 30, seed=12)
    scores = expected_scores(truth.parameters, truth.ability)
    assert item_fit(scores, truth.parameters, truth.ability).outfit.max() < 1e-12


def test_what_does_not_belong_together_is_refused() -> None:
    parameters = simulate(1, 4).parameters
    for statistic in (item_fit, person_fit, item_chi_square):
        with pytest.raises(ResponseDataError, match="5 abilities and the parameters of 4"):
            statistic(np.ones((2, 4)), parameters, np.zeros(5))
    with pytest.raises(MethodOptionError, match="groups"):
        item_chi_square(np.ones((2, 4)), parameters, np.zeros(2), groups=2)
