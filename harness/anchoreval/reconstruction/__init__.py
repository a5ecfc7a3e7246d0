"""Estimates with honest intervals: a fitted estimator together with what is known of its errors on other models.

* Where calibration models were set aside, the estimator is fitted on the selecting models and its errors are measured
  on the calibration models, which took no part in selecting or fitting: split conformal intervals
  (`reconstruct_from`). Errors on new models from the same population are like these, whatever the estimator is.
* Where models are too few for that, all of them select and fit, and the errors are those of whole repetitions of both
  without a fold of models: cross-conformal intervals (`cross_residuals`).

`INTERVALS` names the rules by which errors become widths (`anchoreval.reconstruction.rules`).
"""

from __future__ import annotations

from anchoreval.reconstruction.calibration import CALIBRATE, SELECT
from anchoreval.reconstruction.choice import INTERVALS
from anchoreval.reconstruction.cross import cross_residuals
from anchoreval.reconstruction.making import reconstruct_from
from anchoreval.reconstruction.reconstruction import IntervalWarning, Reconstruction

__all__ = [
    "CALIBRATE",
    "INTERVALS",
    "SELECT",
    "IntervalWarning",
    "Reconstruction",
    "cross_residuals",
    "reconstruct_from",
]
