"""Models that are copies of each other, or nearly: uploaded twice, merged, or fine-tuned so lightly that nothing moved.

An exact copy answered the same items with the same scores. A near-copy differs on at most 2 % of the items that both
answered and, besides, on far fewer than two distinct models of the same ability would
(`anchoreval.numerics.peer_disagreement`): good models on easy items agree almost everywhere without being kin, and so
do some pairs of several thousand models on two hundred items. Of the near pairs that are named no more than about 5 %
are expected to be such chance agreement (Benjamini and Hochberg 1995, over all pairs). The ceiling is what makes a
near-copy of a relative; it rests on the numbers and sizes of groups in `anchoreval.studies.duplicates`, on no error.

Fewer than `FEWEST_MODELS` different rows say too little about what to expect; there only exact copies are found.
"""

from __future__ import annotations

import hashlib
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from anchoreval.arrays import FloatArray, IntArray
from anchoreval.errors import MethodOptionError
from anchoreval.numerics.close_pairs import close_pairs
from anchoreval.responses import ResponseMatrix
from anchoreval.tables import base_models

FEWEST_ANSWERS = 20
"""Equal answers on fewer items than this happen by chance."""
FEWEST_MODELS = 10
CEILING = 0.02
"""Mean absolute difference above which two models are no copies, however alike others are."""
FALSE_SHARE = 0.05
EXACT, NEAR = "exact", "near"

_FOUND: WeakKeyDictionary[ResponseMatrix, dict[tuple[float, float], pd.DataFrame]] = WeakKeyDictionary()
"""Pairs already found: splits, roles and anchor sets all ask for those of the same matrix."""


def near_duplicates(matrix: ResponseMatrix, ceiling: float = CEILING, false_share: float = FALSE_SHARE) -> pd.DataFrame:
    """Pairs of models that are exact or near copies.

    Args:
        matrix: models with their results.
        ceiling: share of the items by which near-copies may differ (mean absolute difference of scores), in [0, 1).
        false_share: share of the near pairs that may be due to chance, in (0, 1).

    Returns:
        A row a pair, in order of ids: `model` and its `twin`, the earlier of the two; `items` that both answered;
        `disagreements` on them (sum of absolute differences); `expected`, what two distinct models of these abilities
        would show (NaN where that was not fitted); `kind`, "exact" or "near". Of several exact copies each is paired
        with the first, and only the first is compared with others. The order of models and items changes nothing.

    Raises:
        MethodOptionError: `ceiling` or `false_share` is out of range.
    """
    if not 0 <= ceiling < 1:
        raise MethodOptionError(f"ceiling = {ceiling!r} is not in [0, 1)")
    if not 0 < false_share < 1:
        raise MethodOptionError(f"false_share = {false_share!r} is not between 0 and 1")
    found = _FOUND.setdefault(matrix, {})
    if (ceiling, false_share) not in found:
        found[ceiling, false_share] = _pairs(matrix, ceiling, false_share)
    return found[ceiling, false_share].copy()


def _pairs(matrix: ResponseMatrix, ceiling: float, false_share: float) -> pd.DataFrame:
    rows = np.argsort(matrix.models.index.to_numpy(dtype=str), kind="stable")
    columns = np.argsort(matrix.items.index.to_numpy(dtype=str), kind="stable")
    scores = matrix.scores[np.ix_(rows, columns)]
    models, labels = matrix.models.index.to_numpy(dtype=object)[rows], _labels(matrix.models.iloc[rows])
    original = exact_copies(scores)
    first = np.unique(original)
    near = _near(scores[first], labels[first], ceiling, false_share)
    near = near.assign(model=models[first[near["model"]]], twin=models[first[near["twin"]]])
    copies = np.nonzero(original != np.arange(len(scores)))[0]
    exact = pd.DataFrame(
        {
            "model": models[copies],
            "twin": models[original[copies]],
            "items": np.count_nonzero(~np.isnan(scores[copies]), axis=1),
            "disagreements": 0.0,
            "expected": np.nan,
            "kind": EXACT,
        }
    )
    listed = exact if near.empty else near if exact.empty else pd.concat([exact, near])
    return listed.sort_values(["model", "twin"], ignore_index=True)


def exact_copies(scores: FloatArray) -> IntArray:
    """(models,) number of the first row with the same scores on the same items, its own where there is none before.

    Rows that answered fewer than `FEWEST_ANSWERS` items are nobody's copies.
    """
    keys = [_answers_key(row) or f"row {n}" for n, row in enumerate(scores)]
    codes = np.asarray(pd.factorize(np.array(keys, dtype=object))[0])
    return np.asarray(np.unique(codes, return_index=True)[1][codes], dtype=np.int64)


def _answers_key(row: Any) -> str:
    """Digest of a row's scores with one NaN for all; empty where too few items were answered."""
    answered = ~np.isnan(row)
    if np.count_nonzero(answered) < FEWEST_ANSWERS:
        return ""
    return hashlib.sha256(np.where(answered, row + np.float32(0.0), np.float32("nan")).tobytes()).hexdigest()


def _near(scores: FloatArray, labels: IntArray, ceiling: float, false_share: float) -> pd.DataFrame:
    """Near pairs of different rows, by row number; nothing is fitted unless some pair is close."""
    pairs = close_pairs(scores, ceiling, FEWEST_ANSWERS)
    expected = np.empty(0)
    if len(pairs) and len(scores) >= FEWEST_MODELS:
        from anchoreval.numerics.peer_disagreement import PeerDisagreement, few_false

        expected, chance = PeerDisagreement.fit(scores, labels).chance(scores, pairs)
        near = few_false(chance, len(scores) * (len(scores) - 1) // 2, false_share)
        pairs, expected = pairs.take(near), expected[near]
    else:
        pairs = pairs.take(np.zeros(len(pairs), dtype=np.bool_))
    columns = {"model": pairs.second, "twin": pairs.first, "items": pairs.common, "disagreements": pairs.disagreements}
    return pd.DataFrame({**columns, "expected": expected, "kind": NEAR})


def _labels(models: pd.DataFrame) -> IntArray:
    """(models, 2) number of each model's base model and of its family, its own where it has none."""
    families = models.get("family", pd.Series(index=models.index, dtype=object))
    own = np.array([f"model {name}" for name in models.index], dtype=object)
    family = np.where(families.notna(), "family " + families.astype(str), own)
    codes = [np.unique(np.asarray(names, dtype=str), return_inverse=True)[1] for names in (base_models(models), family)]
    return np.column_stack(codes).astype(np.int64)
