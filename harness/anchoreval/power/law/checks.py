"""The report's own claims, checked on calibration models that the law was not learnt from.

Groups are halved at random, the law is learnt on one half and judged on the pairs of the other, both ways round,
several times: stated against found share of differences, stated against true probability of the order. Half the models
teach less than all do: what holds here holds at least as well for the law of all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.errors import TooFewModelsError
from anchoreval.power.law.difference_law import DifferenceLaw
from anchoreval.power.law.order_probability import OrderProbability
from anchoreval.power.law.pair_test import PairTest

HALVINGS = 5
KNOTS = 25
"""Gaps at which the stated power is computed; between them it is interpolated."""
BINS = 10
"""Of probabilities from one half to one."""
COLUMNS = ("first", "second", "gap", "shown", "stated", "found", "wrong", "probability", "right")


@dataclass(frozen=True)
class Reliability:
    """How well stated probabilities of an order agree with what is true.

    Attributes:
        error: mean absolute difference of stated and true share over bins, weighted by their pairs.
        brier: mean squared difference of the probability from what is true (0 or 1, ties one half).
        pairs: number of pairs judged.
        table: a row a bin: `stated`, `true`, `pairs`.
    """

    error: float
    brier: float
    pairs: int
    table: pd.DataFrame


def judged_pairs(learnt: pd.DataFrame, judged: pd.DataFrame, alpha: float = 0.05) -> pd.DataFrame:
    """Pairs of models judged by the law of others.

    Args:
        learnt: models that the law is learnt from (`anchoreval.power.law.difference_law`).
        judged: other models, with the same columns.
        alpha: of the test.

    Returns:
        A row a pair of different groups: the models `first` and `second`, `gap` (absolute true difference), `shown`
        (estimated difference in its direction), `stated` power at that gap (NaN beyond those seen), `found` in the
        right direction, `wrong` in the other, `probability` of the order shown, and whether it is `right` (ties one
        half).

    Raises:
        TooFewModelsError: too few models to learn from.
    """
    law = DifferenceLaw.learn(learnt)
    test, order = PairTest(law, alpha), OrderProbability.learn(law)
    truth, estimate = (judged[name].to_numpy(dtype=np.float64) for name in ("truth", "estimate"))
    first, second = np.triu_indices(len(judged), 1)
    groups = pd.factorize(judged["group"].astype(str))[0]
    chosen = groups[first] != groups[second]
    first, second = first[chosen], second[chosen]
    gap, shown = truth[first] - truth[second], estimate[first] - estimate[second]
    shown = np.where(gap < 0, -shown, shown)
    critical = test.critical
    right = np.where(gap == 0, 0.5, np.where(shown == 0, 0.5, shown > 0))
    names = judged.index.to_numpy()
    values = (
        names[first],
        names[second],
        np.abs(gap),
        shown,
        _stated(test, critical, np.abs(gap)),
        shown > critical,
        shown < -critical,
    )
    return pd.DataFrame(dict(zip(COLUMNS, (*values, order(np.abs(shown)), right), strict=True)))


def halves(residuals: pd.DataFrame, alpha: float = 0.05, seed: int = 0) -> pd.DataFrame:
    """`judged_pairs` of every half judged by the other, over several halvings; empty with too few models."""
    found = []
    for learnt, judged in _halved(residuals, seed):
        try:
            found.append(judged_pairs(learnt, judged, alpha))
        except TooFewModelsError:
            continue
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(COLUMNS))


def reliability(pairs: pd.DataFrame) -> Reliability:
    """How stated probabilities of orders agree with what is true."""
    stated, right = (pairs[name].to_numpy(dtype=np.float64) for name in ("probability", "right"))
    cell = np.minimum(((stated - 0.5) * 2 * BINS).astype(np.int64), BINS - 1)
    table = (
        pd.DataFrame({"bin": cell, "stated": stated, "true": right})
        .groupby("bin")
        .agg(stated=("stated", "mean"), true=("true", "mean"), pairs=("true", "size"))
    )
    share = table["pairs"] / max(len(pairs), 1)
    error = float(((table["stated"] - table["true"]).abs() * share).sum()) if len(pairs) else float("nan")
    brier = float(np.mean((stated - right) ** 2)) if len(pairs) else float("nan")
    return Reliability(error, brier, len(pairs), table.reset_index(drop=True))


def _stated(test: PairTest, critical: float, gap: Float64Array) -> Float64Array:
    knots = np.linspace(0.0, test.law.largest_gap, KNOTS)
    powers = [test.at(max(float(knot), 1e-9), critical).power for knot in knots]
    return np.interp(gap, knots, powers, right=np.nan)


def _halved(residuals: pd.DataFrame, seed: int) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    groups = np.unique(residuals["group"].astype(str))
    rng = np.random.default_rng(seed)
    for _ in range(HALVINGS):
        one = residuals["group"].astype(str).isin(rng.permutation(groups)[: len(groups) // 2]).to_numpy()
        yield residuals[one], residuals[~one]
        yield residuals[~one], residuals[one]
