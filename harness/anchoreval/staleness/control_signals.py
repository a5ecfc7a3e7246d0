"""What controls say: targets that were evaluated in full, so that the errors of their estimates are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import BoolArray, Float64Array
from anchoreval.numerics.conformal import attainable_level
from anchoreval.reconstruction import Reconstruction
from anchoreval.staleness.exchange import Exchange, Tested, compared
from anchoreval.staleness.rates import beta_binomial, visible_rate
from anchoreval.staleness.signal import Signal, unknown

DRIFT, COVERAGE = "residual drift", "coverage"
TYPICAL_ERRORS = 1.0
"""Mean error, in standard errors of an estimate, that is a lot: it takes a 95 % interval to about 83 %."""
LOST_COVERAGE = 0.1
"""More intervals of ten that miss than promised: one."""
LEVEL = 0.95
FEW_FOR_SLOPE = 5
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Controls:
    """Errors of controls beside those of calibration models, a value a group of kin.

    Attributes:
        errors: (controls,) mean estimate minus truth.
        usual: (calibration groups,) the same there.
        inside: (controls,) whether the truth lies in the interval of `LEVEL` for most of the group.
        attainable: whether so many calibration groups allow that level.
        typical: standard error of an estimate.
        slopes: of estimate on truth, among controls and among calibration models; NaN with fewer than 5 controls.
    """

    errors: Float64Array
    usual: Float64Array
    inside: BoolArray
    attainable: bool
    typical: float
    slopes: tuple[float, float]

    @classmethod
    def of(cls, made: Reconstruction, estimates: pd.DataFrame, truth: pd.Series[Any], groups: Any) -> Controls:
        """Compare estimates (as `Reconstruction.predict` gives them at `LEVEL`) with the truth of the same models."""
        residual = estimates["score"] - truth
        held = truth.between(estimates["lower"] - ROUNDING, estimates["upper"] + ROUNDING)
        table = pd.DataFrame({"residual": residual, "held": held.astype(np.float64)}).groupby(groups).mean()
        usual = made.residuals.groupby(made.residuals["group"].astype(str))["residual"].mean()
        enough = len(table) >= FEW_FOR_SLOPE
        slope = _slope(truth, estimates["score"]) if enough else float("nan")
        return cls(
            errors=table["residual"].to_numpy(dtype=np.float64),
            usual=usual.to_numpy(dtype=np.float64),
            inside=table["held"].to_numpy() >= 0.5,
            attainable=attainable_level(made.residuals["group"]) >= LEVEL - ROUNDING,
            typical=made.standard_error,
            slopes=(slope, made.shrinkage_slope),
        )


def residual_drift(controls: Controls, alpha: float) -> Signal:
    """Whether estimates are off by more, on average, than they were on calibration models; permutation, two-sided."""
    both = np.concatenate([controls.usual, controls.errors])
    exchange = Exchange.of(len(controls.usual), len(controls.errors))
    seen = float(controls.errors.mean() - controls.usual.mean())
    tested = _two_sided(both, exchange, alpha)
    threshold = TYPICAL_ERRORS * controls.typical
    sentence = (
        f"On {len(controls.errors)} independent controls estimates are {100 * seen:+.1f} points off the truth, those "
        f"on calibration models allowed for (p = {tested.p_value:.2g}; {_visible(tested.visible)}; a single estimate "
        f"is typically off by {100 * controls.typical:.1f}).{_slopes(controls)}"
    )
    return Signal(DRIFT, seen, 0.0, threshold, tested.p_value, tested.visible, sentence, two_sided=True)


def coverage(controls: Controls, alpha: float) -> Signal:
    """Whether intervals miss the controls' truth more often than promised; beta-binomial, exact for split intervals."""
    calibration, count = len(controls.usual), len(controls.inside)
    if not controls.attainable:
        reason = f"{calibration} independent calibration models allow no intervals at {LEVEL:.0%} to be checked."
        return unknown(COVERAGE, reason)
    rank = calibration + 1 - int(np.ceil((calibration + 1) * LEVEL - ROUNDING))
    law = beta_binomial(count, rank, calibration + 1 - rank)
    missed = count - int(controls.inside.sum())

    def p_value(misses: int) -> float:
        return min(float(law[misses:].sum()), 1.0)

    expected = rank / (calibration + 1)
    visible = visible_rate(count, p_value, alpha)
    sentence = (
        f"{missed} of {count} independent controls lie outside their {LEVEL:.0%} interval ({expected * count:.1f} "
        f"expected; p = {p_value(missed):.2g}; {_visible_share(visible)})."
    )
    threshold = expected + LOST_COVERAGE
    return Signal(COVERAGE, missed / count, expected, threshold, p_value(missed), visible, sentence)


def _visible_share(share: float) -> str:
    if not np.isfinite(share):
        return "so few controls show nothing"
    return f"a share of {share:.0%} would have been found with 80 %"


def _two_sided(errors: Float64Array, exchange: Exchange, alpha: float) -> Tested:
    def apart(targets: BoolArray) -> Float64Array:
        ours = targets @ errors / targets.sum(axis=1)
        theirs = ~targets @ errors / (~targets).sum(axis=1)
        return np.asarray(np.abs(ours - theirs), dtype=np.float64)

    return compared(float(apart(exchange.observed[None])[0]), apart(exchange.drawn), alpha)


def _visible(shift: float) -> str:
    if not np.isfinite(shift):
        return "so few controls show no shift whatever its size"
    return f"a shift of {100 * shift:.1f} would have been found with 80 %"


def _slope(truth: pd.Series[Any], estimate: pd.Series[Any]) -> float:
    x = truth.to_numpy(dtype=np.float64) - float(truth.mean())
    spread = float(x @ x)
    return float(x @ estimate.to_numpy(dtype=np.float64)) / spread if spread > 0 else float("nan")


def _slopes(controls: Controls) -> str:
    here, usual = controls.slopes
    if not np.isfinite(here):
        return ""
    return f" Slope of estimate on truth: {here:.2f}, against {usual:.2f} on calibration models."
