"""What pairs of models an anchor set tells apart, over all pairs, by level, and for pairs of one family.

Beside each other stand the fixed benchmark (T1), where the full benchmark is exact, and the population that its items
come from (T2), where the full benchmark errs as well: only there can power be lost to compression.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.power.law.difference_law import DifferenceLaw
from anchoreval.power.law.item_sampling import ItemSampling
from anchoreval.power.law.pair_test import PairTest

LEVELS = {"low scores": 1 / 6, "middle scores": 1 / 2, "high scores": 5 / 6}
"""Quantiles of the calibration models' true scores at which pairs are looked at."""
STEP, LEAST_END = 0.005, 0.1
"""Of the true gaps of a power curve, which reaches beyond the smallest gap that is found."""
ALL, KIN = "all pairs", "one family"


@dataclass(frozen=True)
class Kind:
    """A kind of pairs: at a level of true scores (None: any), of one family (None: any)."""

    name: str
    level: float | None = None
    kin: bool | None = None

    def test(self, law: DifferenceLaw, alpha: float, item_variance: float = 0.0) -> PairTest:
        """The test for pairs of this kind."""
        return PairTest(law, alpha, self.level, self.kin, item_variance)


def kinds(law: DifferenceLaw) -> Iterator[Kind]:
    """All pairs first, then by level, then kin where there are any."""
    yield Kind(ALL)
    for name, quantile in LEVELS.items():
        yield Kind(name, level=float(np.quantile(law.truth, quantile)))
    if law.has_kin():
        yield Kind(KIN, kin=True)


def resolution_table(
    law: DifferenceLaw, sampling: ItemSampling | None, alpha: float = 0.05, power: float = 0.8
) -> pd.DataFrame:
    """A row a kind of pairs, in score units.

    Columns `pairs`, `level`, `spread` (of estimated differences of equal models), `freedom`, `critical` (difference
    from which on two models count as different), `smallest` (gap found with the wanted power in the fixed benchmark,
    NaN beyond the gaps seen), `smallest_population` and `smallest_full` (the same for the population of items, from
    the anchors and from the full benchmark; NaN without `sampling`).
    """
    rows, full = [], float("nan") if sampling is None else sampling.smallest(alpha, power)
    for kind in kinds(law):
        test = kind.test(law, alpha)
        null = test.spread(0.0)
        population = float("nan")
        if sampling is not None:
            population = kind.test(law, alpha, sampling.variance(0.0)).smallest(power)
        rows.append(
            {
                "pairs": kind.name,
                "level": np.nan if kind.level is None else kind.level,
                "spread": null.deviation,
                "freedom": null.freedom,
                "critical": test.critical,
                "smallest": test.smallest(power),
                "smallest_population": population,
                "smallest_full": full,
            }
        )
    return pd.DataFrame(rows)


def power_curve(
    law: DifferenceLaw,
    sampling: ItemSampling | None,
    alpha: float = 0.05,
    power: float = 0.8,
    gaps: Float64Array | None = None,
) -> pd.DataFrame:
    """A row a true gap: `gap`, `power`, `type_s`, `type_m` (T1), `population`, `full`, `lost` (T2).

    Beyond the gaps seen among calibration pairs the law is not known: NaN.
    """
    test = PairTest(law, alpha)
    wider = None if sampling is None else PairTest(law, alpha, item_variance=sampling.variance(0.0))
    limits = test.critical, float("nan") if wider is None else wider.critical
    rows = []
    for gap in _gaps(law, test.smallest(power)) if gaps is None else gaps:
        row = dict.fromkeys(("gap", "power", "type_s", "type_m", "population", "full", "lost"), float("nan"))
        row["gap"] = float(gap)
        if gap <= law.largest_gap:
            found = test.at(float(gap), limits[0])
            row |= {"power": found.power, "type_s": found.type_s, "type_m": found.type_m}
            if wider is not None and sampling is not None:
                row["population"] = wider.at(float(gap), limits[1]).power
                row["full"] = sampling.power(float(gap), alpha)
                row["lost"] = row["full"] - row["population"]
        rows.append(row)
    return pd.DataFrame(rows)


def _gaps(law: DifferenceLaw, smallest: float) -> Float64Array:
    """Every half point to 10 points, further where that is not enough and as far as gaps were seen."""
    wanted = law.largest_gap if np.isnan(smallest) else 1.3 * smallest
    end = max(LEAST_END, min(wanted, law.largest_gap))
    return np.asarray(np.arange(1, round(end / STEP) + 1) * STEP, dtype=np.float64)
