"""Exact tests of shares: how many of a few targets show something, against how many should.

With j of the n + 1 ranks allowed, the number of m new groups beyond is beta-binomial(m, j, n + 1 - j) (Vovk 2012,
arXiv 1209.2673; it follows from exchange alone). Against a share that was itself counted on n groups, the number is
hypergeometric given the sum of both (Fisher's exact test). What a test can see is worked out for independent targets.
"""

from __future__ import annotations

from collections.abc import Callable
from math import lgamma

import numpy as np

from anchoreval.arrays import Float64Array

POWER = 0.8
GRID = np.linspace(0.0, 1.0, 401)


def beta_binomial(trials: int, a: float, b: float) -> Float64Array:
    """(trials + 1,) probabilities of 0 .. trials successes, their chance being beta(a, b)."""
    log = [
        _log_ways(trials, x) + _log_beta(x + a, trials - x + b) - _log_beta(a, b) for x in range(trials + 1)
    ]  # fmt: skip
    return np.exp(np.asarray(log, dtype=np.float64))


def fisher_exact(count: int, trials: int, others: int, other_trials: int) -> float:
    """Probability of `count` or more of `trials`, given that `count + others` of all were drawn without preference."""
    marked, everyone = count + others, trials + other_trials
    most = min(marked, trials)
    log = [
        _log_ways(trials, x) + _log_ways(other_trials, marked - x) - _log_ways(everyone, marked)
        for x in range(count, most + 1)
        if 0 <= marked - x <= other_trials
    ]
    return min(float(np.exp(np.asarray(log, dtype=np.float64)).sum()), 1.0)


def visible_rate(trials: int, p_value: Callable[[int], float], alpha: float) -> float:
    """Least share whose count is found with probability 80 %; infinite if not even all of the trials are.

    Args:
        trials: number of independent targets.
        p_value: of a count, falling as it grows.
        alpha: size of the test.
    """
    critical = next((count for count in range(trials + 1) if p_value(count) <= alpha), None)
    if critical is None:
        return float("inf")
    counts = np.arange(critical, trials + 1)
    ways = np.exp([_log_ways(trials, int(x)) for x in counts])
    power = (ways * GRID[:, None] ** counts * (1.0 - GRID[:, None]) ** (trials - counts)).sum(axis=1)
    return float(GRID[power >= POWER].min(initial=1.0))


def _log_ways(total: int, chosen: int) -> float:
    return lgamma(total + 1) - lgamma(chosen + 1) - lgamma(total - chosen + 1)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
