"""The whole of metabench within minutes on real benchmarks, and its parts within what they are meant to take."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from anchor_selectors.metabench import Metabench
from anchoreval.contract import choose
from anchoreval.numerics.information_filter import ability_bins, information_filter
from anchoreval.numerics.irt import ItemParameters, item_information
from anchoreval.numerics.random_subsets import random_subsets, subset_means
from anchoreval.numerics.subset_regression import fold_errors
from anchoreval.responses import ResponseMatrix

from .rounds import seconds_by_round

pytestmark = pytest.mark.perf
MOST_SECONDS = 300
AIM = 40
"""Seconds of processor time."""


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.parametrize("name", ["arc", "ifeval"])
def test_the_whole_pipeline(name: str, real: Callable[[str], ResponseMatrix]) -> None:
    """Sources are 70 % of the models, k = 100, everything at its default."""
    matrix = real(name)
    models = np.random.default_rng(0).permutation(matrix.models.index)[: int(0.7 * matrix.n_models)]
    sources = matrix.subset(models=models)
    wall, processor = time.perf_counter(), time.process_time()
    assert len(choose(Metabench(), sources, 100).items) == 100
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(f"\n{name}: {processor:.1f} s of processor time, {wall:.1f} s by the clock")  # noqa: T201
    assert processor < AIM
    assert wall < MOST_SECONDS


def test_curves_in_a_batch_are_faster_than_lines_one_by_one() -> None:
    """120 models, 1,200 items, 350 a subset, 5 folds: 10,000 curves in a batch against lines by lstsq."""
    rng = np.random.default_rng(0)
    scores = (rng.random((120, 1200)) < 0.5).astype(np.float32)
    truth, fold = scores.mean(axis=1).astype(np.float64), np.arange(120) % 5

    def ours() -> None:
        for subsets in random_subsets(10_000, 1200, 350, rng):
            for first in range(0, len(subsets), 500):
                fold_errors(subset_means(scores, subsets[first : first + 500]), truth, fold)

    def one_by_one() -> None:
        for _ in range(200):
            mean = scores[:, rng.permutation(1200)[:350]].mean(axis=1)
            for number in range(5):
                np.polyfit(mean[fold != number], truth[fold != number], 1)

    seconds = seconds_by_round({"ours": ours, "one by one": one_by_one}, 3)
    ratio = 50 * min(seconds["one by one"]) / min(seconds["ours"])
    print(f"\n10,000 subsets: {min(seconds['ours']):.2f} s, {ratio:.0f} times faster than lines one by one")  # noqa: T201
    assert ratio > 2


def test_the_filter_takes_milliseconds() -> None:
    rng = np.random.default_rng(0)
    slopes = rng.lognormal(0, 0.4, 350)
    parameters = ItemParameters(slopes, rng.normal(size=350), np.zeros(350), np.ones(350))
    information = item_information(parameters, ability_bins(rng.normal(size=150), 250))
    seconds = seconds_by_round({"filter": lambda: information_filter(information, 0.1)}, 20)["filter"]
    print(f"\n350 items x 250 bins: {1000 * min(seconds):.2f} ms")  # noqa: T201
    assert min(seconds) < 0.01
