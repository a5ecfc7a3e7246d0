"""Miller's variance split: unbiased in simulation, his worked figures, and power that is kept."""

from __future__ import annotations

import numpy as np
import pytest

from anchoreval.errors import MethodOptionError, ResponseDataError
from anchoreval.power.analysis.answer_noise import (
    AnswerNoise,
    PairedNoise,
    noise_of_answers,
    noise_of_pairs,
    noise_of_probabilities,
)


def test_a_three_point_difference_needs_969_questions() -> None:
    """arXiv 2411.00640, section 5: omega^2 = 1/9, no answer noise."""
    assert PairedNoise(1 / 9).items_needed(0.03) == 969
    assert PairedNoise(1 / 9).items_needed(-0.03) == 969


def test_ten_answers_instead_of_one_nearly_halve_the_detectable_difference() -> None:
    """arXiv 2411.00640, section 5: 198 questions, sigma^2 = 1/6; 13.27 and 7.57 points to the printed digits."""
    noise = PairedNoise(1 / 9, 1 / 6, 1 / 6)
    points = [100 * noise.detectable_difference(198, answers, answers) for answers in (1, 10)]
    assert points == pytest.approx([13.27, 7.57], abs=0.005)


@pytest.mark.parametrize(("answers", "left"), [(1, 1), (2, 2 / 3), (4, 1 / 2), (6, 4 / 9), (1e12, 1 / 3)])
def test_more_answers_shrink_the_variance_of_uniform_items(answers: float, left: float) -> None:
    """arXiv 2411.00640, section 3.1: x ~ U(0, 1), where the factor is (1 + 2 / K) / 3."""
    noise = AnswerNoise(1 / 12, 1 / 6)
    assert noise.per_item(answers) / noise.per_item(1) == pytest.approx(left)


def test_the_split_is_unbiased_with_unequal_numbers_of_answers() -> None:
    rng = np.random.default_rng(0)
    found = []
    for _ in range(1500):
        x = rng.random(40)
        answers = (rng.random((40, 6)) < x[:, None]).astype(float)
        answers[np.arange(6) >= rng.integers(1, 7, size=40)[:, None]] = np.nan
        noise = noise_of_answers(answers)
        found.append((noise.item_variance, noise.answer_variance))
    error = np.std(found, axis=0) / np.sqrt(len(found))
    assert (np.abs(np.mean(found, axis=0) - [1 / 12, 1 / 6]) < 3 * error).all()


def test_the_split_of_pairs_is_unbiased() -> None:
    rng = np.random.default_rng(1)
    found = []
    for _ in range(1500):
        shared, own = rng.random(30), rng.random(30)
        first = rng.random((30, 3)) < shared[:, None]
        second = rng.random((30, 5)) < ((shared + own) / 2)[:, None]
        noise = noise_of_pairs(first, second)
        found.append((noise.item_variance, noise.first, noise.second))
    error = np.std(found, axis=0) / np.sqrt(len(found))
    truth = [1 / 24, 1 / 6, 1 / 2 - (1 / 4 + 1 / 24)]  # Var((shared - own) / 2); E[x (1 - x)] of either model
    assert (np.abs(np.mean(found, axis=0) - truth) < 3 * error).all()


def test_all_answers_pooled_are_the_error_of_item_means() -> None:
    rng = np.random.default_rng(2)
    answers = (rng.random((50, 4)) < rng.random((50, 1))).astype(float)
    means = answers.mean(axis=1)
    assert noise_of_answers(answers).standard_error(50, 4) == pytest.approx(means.std(ddof=1) / np.sqrt(50))


def test_probabilities_have_noise_only_where_answers_are_sampled() -> None:
    p = np.array([0.1, 0.5, np.nan, 0.9, 1.0])
    known = p[~np.isnan(p)]
    assert noise_of_probabilities(p) == AnswerNoise(known.var(ddof=1), 0.0)
    sampled = noise_of_probabilities(p, sampled=True)
    assert sampled.answer_variance == pytest.approx(np.mean(known * (1 - known)))
    assert noise_of_probabilities([0.0, 1.0, 1.0], sampled=True).answer_variance == 0.0


def test_the_planned_number_of_items_has_the_planned_power() -> None:
    """20,000 z tests of normal differences, within three Monte-Carlo errors and the rounding up of n."""
    noise = PairedNoise(0.04, 0.02, 0.05)
    n = noise.items_needed(0.05, 2, 5, alpha=0.1, power=0.9)
    assert noise.detectable_difference(n, 2, 5, 0.1, 0.9) <= 0.05 < noise.detectable_difference(n - 1, 2, 5, 0.1, 0.9)
    error = np.sqrt(noise.per_item(2, 5) / n)
    z = np.random.default_rng(3).normal(0.05, error, size=20_000) / error
    assert np.mean(z > 1.6448536) == pytest.approx(0.9, abs=3 * np.sqrt(0.09 / 20_000) + 0.003)


def test_a_negative_estimate_counts_as_nothing() -> None:
    noise = noise_of_answers([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    assert noise.item_variance < 0.0
    assert noise.per_item(2) == noise.answer_variance / 2


def test_bad_input_is_refused() -> None:
    with pytest.raises(ResponseDataError, match="0 with repeated answers"):
        noise_of_answers([[1.0], [0.0]])
    with pytest.raises(ResponseDataError, match="outside"):
        noise_of_answers([[1.0, 2.0], [0.0, 0.0]])
    with pytest.raises(ResponseDataError, match="expected"):
        noise_of_answers([1.0, 0.0])
    with pytest.raises(ResponseDataError, match="equal items"):
        noise_of_pairs(np.ones((3, 2)), np.ones((4, 2)))
    with pytest.raises(ResponseDataError, match="too few"):
        noise_of_probabilities([0.5])
    with pytest.raises(MethodOptionError, match="answers"):
        AnswerNoise(0.1, 0.1).per_item(0)
    with pytest.raises(MethodOptionError, match="difference"):
        PairedNoise(0.1).items_needed(0.0)
