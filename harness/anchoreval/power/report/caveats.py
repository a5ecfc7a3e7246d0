"""What a reader of a power report must know, each sentence following from something that was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.numerics.conformal import attainable_level, groups_needed
from anchoreval.power.law.checks import Reliability
from anchoreval.power.law.difference_intervals import attainable_level as attainable_pair_level
from anchoreval.power.law.difference_law import DifferenceLaw
from anchoreval.power.report.interval_check import EVERY
from anchoreval.responses import ResponseMatrix

SHRUNKEN = 0.85
"""Slope of estimated on true differences below which a reader is told."""
MISJUDGED = 0.05
"""Calibration error of probabilities of an order above which a reader is told."""
HEAVY = 1.5
"""Excess kurtosis of residuals above which a normal law understates rare large errors."""
FEW = 30
"""Groups of calibration models below which every figure is rough."""


def small_sample(residuals: pd.DataFrame, alpha: float) -> Iterator[str]:
    """What too few calibration models do not allow."""
    groups = residuals["group"].nunique()
    attainable = attainable_level(residuals["group"]) if groups else 0.0
    if groups < groups_needed(1.0 - alpha):
        yield (
            f"{groups} independent calibration models: the highest level that an interval of one score can attain is "
            f"{attainable:.1%}, not {1 - alpha:.0%}; {groups_needed(1.0 - alpha)} are needed."
        )
    if groups < 2 * groups_needed(1.0 - alpha):
        yield (
            f"{groups // 2} disjoint pairs of calibration models: the highest level that an interval of a difference "
            f"can attain is {attainable_pair_level(residuals):.1%}, not {1 - alpha:.0%}."
        )
    if groups < FEW:
        yield f"All figures rest on {groups} independent calibration models and are rough."


def law_caveats(law: DifferenceLaw, residuals: pd.DataFrame, resolution: pd.DataFrame, power: float) -> Iterator[str]:
    """What the law of differences means for a reader."""
    if law.slope < SHRUNKEN:
        yield (
            f"Estimated differences are {law.slope:.2f} (standard error {law.slope_error:.2f}) times the true ones: "
            "a difference shown is on average larger in truth, and small ones are lost."
        )
    first = resolution.iloc[0]
    if np.isnan(first["smallest"]):
        yield (
            f"No gap among the calibration models (95 % of pairs lie within {100 * law.largest_gap:.1f} points) is "
            f"found with probability {power:.0%}: the smallest detectable difference lies beyond what could be seen."
        )
    if not law.has_kin():
        yield "No two calibration models are known to be of one family: pairs of kin are judged like strangers."
    scaled = residuals["residual"].to_numpy(dtype=np.float64)
    scaled = scaled - scaled.mean()
    if len(scaled) >= FEW and (variance := float(np.mean(scaled**2))) > 0:
        excess = float(np.mean(scaled**4)) / variance**2 - 3.0
        if excess > HEAVY:
            yield f"Errors have heavy tails (excess kurtosis {excess:.1f}): a normal law understates rare large ones."


def check_caveats(reliability: Reliability, intervals: pd.DataFrame) -> Iterator[str]:
    """Claims that did not hold when they were checked."""
    if reliability.error > MISJUDGED:
        yield (
            f"Probabilities of the order are off by {reliability.error:.2f} on average when half of the calibration "
            "models judge the other half."
        )
    for row in intervals.to_dict(orient="records"):
        if row["high"] < row["level"] and row["what"] != EVERY:
            yield (
                f"Intervals at {row['level']:.0%} held the true score of only {row['coverage']:.0%} of the "
                f"{row['models']} calibration models with {row['what']}."
            )


def benchmark_caveats(matrix: ResponseMatrix, anchors: Any) -> Iterator[str]:
    """What the data leave open: prompts, reruns, flagged labels, scores measured on more than these items."""
    prompts = matrix.models["prompt"].dropna().nunique() if "prompt" in matrix.models else 0
    if prompts <= 1:
        told = "one prompt" if prompts else "prompts that are not recorded"
        yield (
            f"Scores were measured with {told}: how much they change with the wording is in no figure here, and no "
            "number of anchors removes it."
        )
    if "run" not in matrix.models or matrix.models["run"].dropna().nunique() <= 1:
        yield "Every model was run once: the noise of its answers is part of the errors measured, not told apart."
    if matrix.coverage.get("score", 1.0) < 1.0 - 1e-9:
        yield (
            f"The full scores were measured on more items than these: the matrix holds "
            f"{matrix.coverage['score']:.0%} of their weight, and the rest is reconstructed too."
        )
    if "label_status" in matrix.items:
        flagged = ~matrix.items["label_status"].fillna("ok").isin(("ok", "expert"))
        share, among = float(flagged.mean()), float(flagged.loc[anchors].mean())
        yield f"Items with doubtful labels: {among:.1%} of the anchors, {share:.1%} of all items."


def target_caveats(targets: Mapping[str, bool]) -> Iterator[str]:
    """Targets that are unlike any source; `targets`: by model, whether it extrapolates."""
    names = [name for name, beyond in targets.items() if beyond]
    if names:
        listed = ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")
        yield (
            f"{len(names)} of {len(targets)} targets answer unlike any source model ({listed}): nothing here was "
            "measured on such models."
        )
