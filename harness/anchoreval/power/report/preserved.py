"""Whether the anchors find the differences that the full benchmark finds, on calibration models.

The calibration models are halved by groups; pairs within a half are tested by the law that the other half taught, and
by the full benchmark on all items; both decisions are adjusted over all of these pairs (see
`anchoreval.power.ranks.significance`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from anchoreval.errors import TooFewModelsError
from anchoreval.power.inference.pair_tests import PairTests, all_pair_tests
from anchoreval.power.law.difference_law import DifferenceLaw
from anchoreval.power.ranks.significance import significance_preservation
from anchoreval.power.report.pair_table import kinship, law_tests
from anchoreval.responses import ResponseMatrix


def preserved_significance(
    m: ResponseMatrix, residuals: pd.DataFrame, alpha: float = 0.05, seed: int = 0
) -> dict[str, float]:
    """Counts and shares of pairs; empty where half of the models teach no law.

    Keys: `pairs`, `significant_full`, `significant_anchors`, `both` (same direction), `opposite`, `recall`,
    `recall_lower`, `recall_upper` (95 %), `precision`, `balanced_accuracy`, `mcc`.
    """
    groups = residuals["group"].astype(str).to_numpy()
    names = np.unique(groups)
    one = np.isin(groups, np.random.default_rng(seed).permutation(names)[: len(names) // 2])
    shape = (len(residuals), len(residuals))
    difference, p_values = np.full(shape, np.nan), np.full(shape, np.nan)
    for judged in (one, ~one):
        try:
            law = DifferenceLaw.learn(residuals[~judged])
        except TooFewModelsError:
            return {}
        part = residuals[judged]
        family = part.get("family")
        found = law_tests(law, part["estimate"].to_numpy(dtype=np.float64), kinship(family, part.index))
        inside = np.ix_(judged, judged)
        difference[inside], p_values[inside] = found.difference, found.p_values
    difference[groups[:, None] == groups] = p_values[groups[:, None] == groups] = np.nan
    known = m.subset(models=residuals.index)
    exact = all_pair_tests(known.scores, known.weights)
    full = PairTests(exact.difference, np.where(np.isnan(p_values), np.nan, exact.p_values)).decide(alpha)
    anchors = PairTests(difference, p_values).decide(alpha)
    kept = significance_preservation(full, anchors, groups=groups, seed=seed)
    return {
        "pairs": float(np.count_nonzero(~np.isnan(p_values)) // 2),
        "significant_full": kept.aa + kept.ad + kept.missed,
        "significant_anchors": kept.aa + kept.ad + kept.extra,
        "both": kept.aa,
        "opposite": kept.ad,
        "recall": kept.recall,
        "recall_lower": kept.recall_lower,
        "recall_upper": kept.recall_upper,
        "precision": kept.precision,
        "balanced_accuracy": kept.balanced_accuracy,
        "mcc": kept.mcc,
    }
