"""Resolution marks: which methods differ from random anchors, and which cannot be told from the best."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pandas as pd

from anchoreval.protocol.comparison import Comparison
from anchoreval.protocol.group_errors import Combination
from anchoreval.protocol.resolution import DRAWS, LEVEL, Resolution

REFERENCE = "random"
BEST, PEER = "best", "peer"
COLUMNS = (*Combination._fields, "ratio", "lower", "upper", "resolved", "by_repeats", "groups", "standing")


def marks(
    comparison: Comparison, reference: str = REFERENCE, draws: int = DRAWS, level: float = LEVEL, seed: int = 0
) -> pd.DataFrame:
    """Every method against the reference selector with the same estimator, and against the best of its cell.

    The best is picked on the targets it is compared on, so that it looks a little better than it is: a peer is surely
    one, a method that is no peer may be one after all.

    Args:
        comparison: with the errors on single targets.
        reference: label of the selector that others are compared with.
        draws: of the bootstrap.
        level: of the intervals.
        seed: of the draws.

    Returns:
        A row per benchmark, split, selector, estimator and k that has errors: `ratio` of mean absolute errors to the
        reference with `lower` and `upper` end of its interval, `resolved` (-1 better, 1 worse, 0 not resolved),
        `by_repeats` (the same by the resampled t-test) and number of `groups` of targets, NaN and 0 for the reference
        itself and where it has no errors; `standing`: `best` for the least error of the benchmark, split and k (over
        all selectors and estimators), `peer` where a method is not resolved from it, else empty.
    """
    found = Resolution(comparison, draws, level, seed)
    means = comparison.table.groupby(list(Combination._fields), sort=False)["mae"].mean()
    rows, names = [], list(found.errors.rows)
    best: dict[tuple[str, str, int], Combination] = {}
    for name in sorted(names, key=lambda name: float(means[name])):
        best.setdefault(_cell(name), name)
    for name in names:
        rows.append({**name._asdict(), **_against(found, name, reference), "standing": _standing(found, name, best)})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _cell(name: Combination) -> tuple[str, str, int]:
    return name.benchmark, name.split, name.k


def _against(found: Resolution, name: Combination, reference: str) -> dict[str, float]:
    other = name._replace(selector=reference)
    if name == other or other not in found.errors.rows or not found.errors.shared(name, other):
        return {**dict.fromkeys(("ratio", "lower", "upper"), np.nan), **dict.fromkeys(("resolved", "by_repeats"), 0)}
    return asdict(found.paired(name, other))


def _standing(found: Resolution, name: Combination, best: dict[tuple[str, str, int], Combination]) -> str:
    first = best[_cell(name)]
    if name == first:
        return BEST
    return PEER if found.errors.shared(name, first) and not found.paired(name, first).resolved else ""
