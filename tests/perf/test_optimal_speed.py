"""A greedy design costs one pass over the source scores an anchor, whatever the number of anchors before it."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from anchor_selectors.optimal import Optimal
from anchoreval.numerics.item_covariance import ItemMoments
from anchoreval.responses import ResponseMatrix

from .rounds import seconds_by_round

pytestmark = pytest.mark.perf
MODELS, ITEMS, K = 400, 10_000, 100
ROUNDS = 4


@pytest.fixture(scope="module")
def sources() -> ResponseMatrix:
    """400 models on 10,000 items with three abilities behind them."""
    rng = np.random.default_rng(0)
    slopes = 0.6 * rng.normal(size=(ITEMS, 3)) + [0.8, 0.0, 0.0]
    logits = rng.normal(size=(MODELS, 3)) @ slopes.T - rng.normal(size=ITEMS)
    return ResponseMatrix.from_arrays(rng.random(logits.shape) < 1 / (1 + np.exp(-logits)))


def fewest_seconds(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Shortest of several rounds that call everything in turn: on a busy machine the least disturbed one."""
    return {name: min(values) for name, values in seconds_by_round(calls, ROUNDS).items()}


def test_a_design_is_chosen_in_two_seconds_of_one_core(sources: ResponseMatrix) -> None:
    """Processor time, the least of a few rounds; with its one thread an idle machine's clock shows the same."""
    seconds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        Optimal().select(sources, K, np.random.default_rng(0))
        seconds.append(time.process_time() - start)
    print("\n" + ", ".join(f"{value:.2f} s" for value in seconds))  # noqa: T201
    assert min(seconds) < 2.0


def test_a_design_takes_a_few_times_as_long_as_a_product_with_the_scores_an_anchor(sources: ResponseMatrix) -> None:
    factors = ItemMoments.of(sources.scores).factors
    pair = np.ones((2, MODELS))

    def products() -> None:
        with threadpool_limits(1):  # as the selector works
            for _ in range(K):
                pair @ factors

    def selecting(selector: Optimal) -> Callable[[], object]:
        return lambda: selector.select(sources, K, np.random.default_rng(0))

    seconds = fewest_seconds(
        {
            "products": products,
            "fixed": selecting(Optimal(shrinkage=0.5)),
            "swaps": selecting(Optimal(shrinkage=0.5, swaps=1)),
            "cross-validated": selecting(Optimal()),
        }
    )
    ratios = {name: value / seconds["products"] for name, value in seconds.items()}
    print("\n" + "; ".join(f"{name} {seconds[name]:.2f} s, {ratios[name]:.1f} times" for name in seconds))  # noqa: T201
    assert ratios["fixed"] <= 7
    assert ratios["swaps"] <= 12
    assert ratios["cross-validated"] <= 30
