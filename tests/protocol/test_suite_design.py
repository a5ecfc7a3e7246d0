"""The greedy design for the scores of all subjects."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from anchoreval.contract import choose
from anchoreval.errors import MethodOptionError, NotApplicableError
from anchoreval.protocol.suite_design import SubjectDesign
from anchoreval.registry import make_selector
from anchoreval.responses import ResponseMatrix
from anchoreval.suite import Suite

Suites = Callable[..., Suite]


def share_of(matrix: ResponseMatrix, k: int, subject: str, **options: float) -> float:
    """Share of the anchors that a subject gets."""
    chosen = choose(SubjectDesign(**options), matrix, k)  # type: ignore[arg-type]
    return float((matrix.items["subject"].loc[chosen.items] == subject).mean())


def test_k_items_are_chosen_whatever_the_order_of_models_and_items(two_benchmarks: Suites) -> None:
    matrix = two_benchmarks(50).stacked()
    first = choose(SubjectDesign(), matrix, 12, seed=3)
    rng = np.random.default_rng(0)
    mixed = matrix.subset(models=rng.permutation(matrix.models.index), items=rng.permutation(matrix.items.index))
    assert len(first.items) == 12
    assert sorted(choose(SubjectDesign(), mixed, 12, seed=3).items) == sorted(first.items)
    assert len(choose(SubjectDesign(), matrix, matrix.n_items).items) == matrix.n_items
    assert choose(SubjectDesign(swaps=2), matrix, 12).details["swapped"] >= 0
    assert set(first.details["held_out_rmse"]) == {"0.9", "0.6", "0.3", "0.1", "0.03"}
    falling = np.diff(first.details["summed_posterior_variance"])
    assert (falling <= 0).all()


def test_a_benchmark_of_which_little_is_unknown_draws_little(two_benchmarks: Suites) -> None:
    """One model fails all of y, all others pass: one answer tells that, the rest of the budget belongs to x."""
    suite = two_benchmarks(60, (40, 40), correlation=0.0, seed=1)
    scores = np.ones((60, 40))
    scores[0] = 0.0
    flat = ResponseMatrix.from_arrays(scores, models=suite["y"].models, items=suite["y"].items, name="y")
    matrix = Suite({"x": suite["x"], "y": flat}).stacked()
    assert share_of(matrix, 20, "x", shrinkage=0.3) >= 0.75


def test_equally_uncertain_benchmarks_share_the_budget(two_benchmarks: Suites) -> None:
    even = two_benchmarks(300, (50, 50), correlation=0.0, seed=2).stacked()
    assert share_of(even, 20, "x") == pytest.approx(0.5, abs=0.15)


def test_relative_to_its_spread_a_benchmark_counts_whatever_its_scale(two_benchmarks: Suites) -> None:
    """Quarter marks in y: its variance is a sixteenth, which draws budget to x unless variances are relative."""
    suite = two_benchmarks(300, (50, 50), correlation=0.0, seed=2)
    half = ResponseMatrix.from_arrays(suite["y"].scores / 4, models=suite["y"].models, items=suite["y"].items)
    matrix = Suite({"x": suite["x"], "y": half}).stacked()
    assert share_of(matrix, 20, "x", noise=1e-6) > 0.75
    assert share_of(matrix, 20, "x", noise=1e-6, relative=True) == pytest.approx(0.5, abs=0.15)


def test_of_a_part_it_wants_what_the_part_tells_of_the_whole(two_benchmarks: Suites) -> None:
    """The whole of y is like its first ten items; what the others measure does not enter its score."""
    suite = two_benchmarks(200, (10, 10), correlation=0.0, seed=4)
    other = two_benchmarks(200, (10, 30), correlation=0.0, seed=5)["y"]
    whole = suite["y"].models.assign(full_score=suite["y"].full_scores)
    part = ResponseMatrix.from_arrays(np.hstack([suite["y"].scores, other.scores]), models=whole, name="y")
    matrix = Suite({"x": suite["x"], "y": part}).stacked()
    chosen = choose(SubjectDesign(shrinkage=0.1), matrix, 12).items
    asked = [int(str(item).removeprefix("y/i")) for item in chosen if str(item).startswith("y/")]
    assert 4 <= len(asked) <= 8
    assert max(asked) < 10


def test_constant_and_missing_answers_are_survived(two_benchmarks: Suites) -> None:
    holes = two_benchmarks(40, missing=0.03).stacked()
    assert len(choose(SubjectDesign(), holes, 10).items) == 10
    constant = ResponseMatrix.from_arrays(np.ones((20, 12)), items=holes.items.iloc[20:32][["subject"]])
    assert len(choose(SubjectDesign(), constant, 5).items) == 5


def test_it_takes_the_options_of_optimal_but_for_costs() -> None:
    made = SubjectDesign.like(make_selector("optimal", noise=0.1, shrinkage=0.2, prior_groups=3.0, swaps=1))
    assert made == SubjectDesign(noise=0.1, shrinkage=0.2, prior_groups=3.0, swaps=1)
    assert SubjectDesign.like(make_selector("optimal")) == SubjectDesign(), "and its defaults"
    with pytest.raises(MethodOptionError, match="cost_aware"):
        SubjectDesign.like(make_selector("optimal", cost_aware=True))


def test_it_needs_subjects() -> None:
    with pytest.raises(NotApplicableError, match="subjects"):
        choose(SubjectDesign(), ResponseMatrix.from_arrays(np.eye(12)), 2)
