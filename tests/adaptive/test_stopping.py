"""The factor on the belief: by brute force, at its limits, and its coverage where the truth is simulated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from anchoreval.adaptive.course import SPENT, Course
from anchoreval.adaptive.stopping import calibrated_factor, half_width_of


def course(estimate: Sequence[float], belief: Sequence[float]) -> Course:
    count = np.arange(1, len(belief) + 1)
    items = pd.Index([f"i{n}" for n in count], dtype=object)
    return Course(items, np.ones(len(belief)), count, count, np.asarray(estimate), np.asarray(belief), SPENT)


def simulated(rng: np.random.Generator, models: int, steps: int = 30) -> list[Course]:
    """Truth 0.5; errors that are drawn anew at every step and have nothing to do with the belief."""
    belief = np.linspace(0.1, 0.02, steps)
    return [course(0.5 + 0.022 * rng.standard_normal(steps), belief) for _ in range(models)]


def holds(courses: list[Course], truths: np.ndarray, factor: float, wanted: float, level: float) -> bool:
    """By its definition, model by model: each by itself."""
    covered = 0
    for one, truth in zip(courses, truths, strict=True):
        stopped, fine = False, True
        for step, belief in enumerate(one.belief):
            stopped = stopped or factor * belief <= wanted or step == len(one.belief) - 1
            if stopped and abs(one.estimate[step] - truth) > max(wanted, factor * belief):
                fine = False
        covered += fine
    return covered >= level * (len(courses) + 1)


def test_without_a_wanted_width_it_is_the_quantile_at_the_budget() -> None:
    rng = np.random.default_rng(0)
    courses = simulated(rng, 39)
    ratios = sorted(abs(one.estimate[-1] - 0.5) / 0.02 for one in courses)
    factor = calibrated_factor(courses, np.full(39, 0.5), np.arange(39), None, 0.9)
    assert factor == pytest.approx(ratios[35])  # ceil(40 * 0.9) = 36th smallest


def test_it_is_the_smallest_that_holds() -> None:
    rng = np.random.default_rng(1)
    for trial in range(10):
        courses = [
            course(0.5 + rng.normal(0, 0.2, 12) / np.arange(1, 13), rng.uniform(0.01, 0.2, 12)) for _ in range(30)
        ]
        truths = rng.normal(0.5, 0.01, 30)
        factor = calibrated_factor(courses, truths, np.arange(30), 0.05, 0.8)
        assert holds(courses, truths, factor * (1 + 1e-9), 0.05, 0.8), trial
        assert not any(holds(courses, truths, share * factor, 0.05, 0.8) for share in (0.2, 0.5, 0.9, 0.999)), trial


def test_intervals_hold_although_the_stop_is_chosen_on_the_models_that_size_them() -> None:
    """Without the guard the search finds a lucky stop: its coverage falls short where the guarded one's does not."""
    rng = np.random.default_rng(2)
    covered: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(150):
        courses, targets = simulated(rng, 24), simulated(rng, 20)
        for guarded, found in covered.items():
            factor = calibrated_factor(courses, np.full(24, 0.5), np.arange(24), 0.025, 0.8, guarded=guarded)
            for one in targets:
                stop = one.first_below(0.025 / factor)
                width = half_width_of(factor, one.belief[stop], 0.025)
                found.append(float(abs(one.estimate[stop] - 0.5) <= width))
    assert np.mean(covered[True]) >= 0.8
    assert np.mean(covered[False]) < 0.77


def test_variants_of_a_model_count_once() -> None:
    courses = simulated(np.random.default_rng(3), 25)
    truths, groups = np.full(25, 0.5), np.arange(25)
    worst = int(np.argmax([abs(one.estimate[-1] - 0.5) for one in courses]))
    again = [*courses, *[courses[worst]] * 50]
    copied = np.concatenate([groups, np.full(50, worst)])
    for wanted in (None, 0.03):
        once = calibrated_factor(courses, truths, groups, wanted, 0.9)
        assert calibrated_factor(again, np.full(75, 0.5), copied, wanted, 0.9) == pytest.approx(once)
        assert calibrated_factor(again, np.full(75, 0.5), np.arange(75), wanted, 0.9) > once


@pytest.mark.parametrize("wanted", [None, 0.03])
def test_too_few_groups_allow_no_interval(wanted: float | None) -> None:
    courses = simulated(np.random.default_rng(4), 18)
    assert np.isinf(calibrated_factor(courses, np.full(18, 0.5), np.arange(18), wanted, 0.95))
    more = simulated(np.random.default_rng(4), 19)
    assert np.isfinite(calibrated_factor(more, np.full(19, 0.5), np.arange(19), wanted, 0.95))


def test_no_interval_is_narrower_than_wanted() -> None:
    assert half_width_of(2.0, [0.1, 0.01], 0.05).tolist() == [0.2, 0.05]
    assert half_width_of(2.0, [0.1, 0.01], None).tolist() == [0.2, 0.02]
    assert np.isnan(half_width_of(float("nan"), 0.1, 0.05))
