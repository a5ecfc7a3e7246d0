"""The corrected resampled t-test: whether a mean over random splits of the same models differs from zero."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from anchoreval.arrays import Float64Array


def resolved_sign(differences: Float64Array, test_to_train: float, level: float = 0.95) -> int:
    """-1 or 1 where the mean difference over random splits is resolved, else 0.

    Splits share models, so their differences are not independent: the variance of the mean is taken as
    sd^2 (1 / splits + test / train), and the quantile is Student's (Nadeau and Bengio 2003).

    Args:
        differences: (splits,) of two methods on the same split.
        test_to_train: number of target models over number of source models.
        level: of the two-sided test.
    """
    splits = len(differences)
    if splits < 2:
        return 0
    error = differences.std(ddof=1) * np.sqrt(1.0 / splits + test_to_train)
    mean = float(differences.mean())
    return int(np.sign(mean)) if abs(mean) > stdtrit(splits - 1, 0.5 + level / 2) * error else 0
