"""What anchors of one selector and budget tell apart, over repeats with different models and different anchors.

In each repeat some models took no part in choosing anchors or fitting the estimator; how estimated differences follow
true ones among these is learnt (`difference_law`), and with it the smallest gap that a test finds with the wanted power
(`pair_test`). Over repeats, spreads are averaged as root mean squares and slopes as means. Of the smallest gaps the
median counts, a gap beyond those seen being larger than any: so the middle repeat decides, and no figure is given where
most repeats have none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.errors import MethodOptionError, TooFewModelsError
from anchoreval.numerics.conformal import group_weights
from anchoreval.power.analysis.plan_options import power_quantile, two_sided_quantile
from anchoreval.power.law.difference_law import DifferenceLaw
from anchoreval.power.law.pair_test import PairTest

FIGURES = ("error", "slope", "spread", "critical", "smallest", "lowest", "highest", "population", "largest_gap")
COLUMNS = ("selector", "k", "anchors", "cost", "repeats", "reached", "groups", *FIGURES)


@dataclass(frozen=True)
class Aim:
    """What a plan shall reach: a true gap of `wanted` score units found with probability `power` at two-sided `alpha`.

    Raises:
        MethodOptionError: the gap is not in (0, 1), alpha not in (0, 1), or the power not in [1/2, 1).
    """

    wanted: float
    power: float = 0.8
    alpha: float = 0.05

    def __post_init__(self) -> None:
        two_sided_quantile(self.alpha)
        power_quantile(self.power)
        if not 0.0 < self.wanted < 1.0:
            raise MethodOptionError(f"wanted = {100 * self.wanted:g} points is not between 0 and 100")


@dataclass(frozen=True, eq=False)
class Measured:
    """One repeat of one selector at one budget.

    Attributes:
        selector: its label.
        k: budget, in the selector's own unit.
        anchors: number of items.
        cost: of all anchors for one model.
        residuals: a row a model that neither chose anchors nor fitted: `estimate`, `truth`, `residual`, `group`.
    """

    selector: str
    k: int
    anchors: float
    cost: float
    residuals: pd.DataFrame


@dataclass(frozen=True)
class Resolved:
    """What one repeat says, in score units.

    Attributes:
        error: root mean squared residual, every group of models counting once.
        slope: of estimated differences on true ones.
        spread: of estimated differences of equal models.
        critical: estimated difference from which on two models count as different.
        smallest: true gap found with the wanted power in the fixed benchmark (T1); infinite beyond the gaps seen.
        population: the same for the population of items (T2).
        largest_gap: beyond which nothing is known.
        groups: of models that this was learnt from.
    """

    error: float
    slope: float
    spread: float
    critical: float
    smallest: float
    population: float
    largest_gap: float
    groups: int


def resolved(residuals: pd.DataFrame, aim: Aim, item_variance: float) -> Resolved:
    """What anchors tell apart, by the residuals of models that took no part in making them.

    Args:
        residuals: as in `Measured`.
        aim: level and power of the test.
        item_variance: of the difference of two full scores over draws of the items (`ItemSampling.variance`).

    Raises:
        TooFewModelsError: fewer than 5 groups of models, or all of one score.
    """
    law = DifferenceLaw.learn(residuals)
    test = PairTest(law, aim.alpha)
    weights = group_weights(residuals["group"].to_numpy(dtype=str))
    return Resolved(
        error=float(np.sqrt(weights @ residuals["residual"].to_numpy(dtype=np.float64) ** 2)),
        slope=law.slope,
        spread=test.spread(0.0).deviation,
        critical=test.critical,
        smallest=_or_beyond(test.smallest(aim.power)),
        population=_or_beyond(PairTest(law, aim.alpha, item_variance=item_variance).smallest(aim.power)),
        largest_gap=law.largest_gap,
        groups=len(np.unique(law.groups)),
    )


def plan_points(measured: Iterable[Measured], aim: Aim, item_variance: float) -> tuple[pd.DataFrame, list[str]]:
    """A row a selector and budget, and what is left out, a line each with the reason.

    Args:
        measured: repeats of selectors at budgets, in any order.
        aim: what is wanted.
        item_variance: of the difference of two full scores over draws of the items (`ItemSampling.variance`).

    Returns:
        Columns `COLUMNS`, by cost: means over repeats as the module says, in score units; `lowest` and `highest` of
        the smallest gap over repeats, `reached` the repeats in which it is at most the wanted one, `groups` the fewest
        groups of models that a repeat was learnt from. NaN stands for a gap beyond those seen.
    """
    cells: dict[tuple[str, int], list[Measured]] = {}
    for one in measured:
        cells.setdefault((one.selector, one.k), []).append(one)
    rows, left_out = [], []
    for (selector, k), repeats in cells.items():
        found, reason = _each(repeats, aim, item_variance)
        if reason:
            left_out.append(f"{selector} k = {k}: {len(repeats) - len(found)} of {len(repeats)} repeats: {reason}")
        if found:
            rows.append({"selector": selector, "k": k, **_offer(repeats), **_over_repeats(found, aim)})
    table = pd.DataFrame(rows, columns=list(COLUMNS)).sort_values(["cost", "smallest"], kind="stable")
    return table.reset_index(drop=True), left_out


def _each(repeats: list[Measured], aim: Aim, item_variance: float) -> tuple[list[Resolved], str]:
    """What every repeat says, and why some say nothing."""
    found, reason = [], ""
    for one in repeats:
        try:
            found.append(resolved(one.residuals, aim, item_variance))
        except TooFewModelsError as error:
            reason = str(error)
    return found, reason


def _offer(repeats: list[Measured]) -> dict[str, float]:
    return {name: float(np.mean([getattr(one, name) for one in repeats])) for name in ("anchors", "cost")}


def _over_repeats(found: list[Resolved], aim: Aim) -> dict[str, Any]:
    def values(name: str) -> Float64Array:
        return np.array([getattr(one, name) for one in found], dtype=np.float64)

    smallest = values("smallest")
    return {
        "repeats": len(found),
        "reached": int((smallest <= aim.wanted).sum()),
        "groups": int(values("groups").min()),
        **{name: float(np.sqrt(np.mean(values(name) ** 2))) for name in ("error", "spread", "critical")},
        "slope": float(values("slope").mean()),
        "smallest": _or_unknown(np.median(smallest)),
        "lowest": _or_unknown(smallest.min()),
        "highest": _or_unknown(smallest.max()),
        "population": _or_unknown(np.median(values("population"))),
        "largest_gap": float(np.median(values("largest_gap"))),
    }


def _or_beyond(gap: float) -> float:
    return float("inf") if np.isnan(gap) else gap


def _or_unknown(gap: Any) -> float:
    return float(gap) if np.isfinite(gap) else float("nan")
