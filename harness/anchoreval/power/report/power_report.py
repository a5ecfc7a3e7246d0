"""The statistical power report of an anchor set: what it can tell apart and what it cannot.

Everything is measured on calibration models, which neither chose anchors nor fitted the estimator (or, where models are
few, on repetitions of both without a fold of them), and the report says how its own claims fared when half of these
models judged the other half.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.anchors import AnchorSet
from anchoreval.errors import MethodOptionError, TooFewModelsError
from anchoreval.methods import Estimator
from anchoreval.numerics.conformal import attainable_level
from anchoreval.power.law.checks import Reliability, halves, reliability
from anchoreval.power.law.difference_intervals import attainable_level as attainable_pair_level
from anchoreval.power.law.difference_intervals import difference_half_width
from anchoreval.power.law.difference_law import DifferenceLaw
from anchoreval.power.law.item_sampling import ItemSampling
from anchoreval.power.report import caveats
from anchoreval.power.report.budget_table import COLUMNS as BUDGET_COLUMNS
from anchoreval.power.report.budget_table import budget_table, needed_budgets
from anchoreval.power.report.interval_check import interval_check
from anchoreval.power.report.measured_accuracy import accuracy_table, random_error
from anchoreval.power.report.preserved import preserved_significance
from anchoreval.power.report.resolution_table import power_curve, resolution_table
from anchoreval.power.report.target_models import TargetModels
from anchoreval.protocol.anchoring import reconstruct
from anchoreval.reconstruction import Reconstruction
from anchoreval.responses import SCORE, ResponseMatrix


@dataclass(frozen=True, eq=False)
class PowerReport:
    """What an anchor set can tell apart. Made by `power_report`; scores in [0, 1] unless said otherwise.

    Attributes:
        design: benchmark, numbers of items, anchors and models, methods and seeds, as plain data.
        alpha: two-sided size of every test.
        power: probability with which a difference is to be found.
        slope, slope_error: of estimated on true differences (1: nothing shrinks); None with too few models.
        accuracy: index metric; `value`, `lower`, `upper`, errors in percentage points.
        random_error: root mean squared error of as many random items, in percentage points.
        resolution: a row a kind of pairs (see `anchoreval.power.report.resolution_table`).
        curve: a row a true gap.
        reliability: how probabilities of an order fared; None with too few models.
        intervals: coverage on calibration models by part (see `anchoreval.power.report.interval_check`).
        attainable: highest level that an interval of a `score` and of a `difference` can have.
        difference_half_width: of the interval of a difference, at level 1 - alpha; infinite where not attainable.
        preserved: pairs found different by the full benchmark and by the anchors, counted; empty if not known.
        budgets: a row a budget that was asked for (see `anchoreval.power.report.budget_table`); empty without any.
        needed: anchors that wanted gaps need by a curve through these.
        targets: scored models against each other; None without any.
        caveats: what a reader must know.
    """

    design: Mapping[str, Any]
    alpha: float
    power: float
    slope: float | None
    slope_error: float | None
    accuracy: pd.DataFrame
    random_error: float | None
    resolution: pd.DataFrame
    curve: pd.DataFrame
    reliability: Reliability | None
    intervals: pd.DataFrame
    attainable: Mapping[str, float]
    difference_half_width: float
    preserved: Mapping[str, float]
    budgets: pd.DataFrame
    needed: pd.DataFrame
    targets: TargetModels | None
    caveats: Sequence[str] = field(default_factory=tuple)

    @property
    def smallest(self) -> float:
        """Smallest gap of the fixed benchmark that is found with the wanted power, in score units; NaN: none seen."""
        return float(self.resolution["smallest"].iloc[0]) if len(self.resolution) else float("nan")

    def __repr__(self) -> str:
        gap = f"{100 * self.smallest:.1f} points" if np.isfinite(self.smallest) else "no gap that was seen"
        found = f"{gap} found with {100 * self.power:g}% power at alpha = {self.alpha:g}"
        design = self.design
        return f"PowerReport({design['benchmark']!r}: {design['anchors']} of {design['items']:,} items, {found})"


def power_report(
    m: ResponseMatrix,
    anchors: AnchorSet,
    estimator: str | Estimator = "auto",
    alpha: float = 0.05,
    power: float = 0.8,
    seed: int = 0,
    *,
    targets: ResponseMatrix | None = None,
    reconstruction: Reconstruction | None = None,
    budgets: Sequence[int] = (),
) -> PowerReport:
    """What reconstructions from these anchors can tell apart.

    Args:
        m: the benchmark that the anchors were selected on.
        anchors: with roles, as `select` makes them.
        estimator: name of an estimator, or an estimator.
        alpha: two-sided size of every test, in (0, 1).
        power: probability with which a difference is to be found, in (alpha / 2, 1).
        seed: of the estimator, of resampling and of draws.
        targets: models with answers on the anchors, to be compared with each other; None: none yet.
        reconstruction: of the anchors, where it has been made already; its estimator counts then.
        budgets: other numbers of anchors at which the selector is run again, to show how resolution changes with it.

    Raises:
        BudgetError: a budget is not possible.
        MethodOptionError: `alpha` or `power` is out of range.
        TooFewModelsError: the anchors have no calibration models.
    """
    check_power(alpha, power)
    made = reconstruction or reconstruct(m, anchors, estimator, seed)
    residuals = made.residuals
    if residuals.empty:
        raise TooFewModelsError(f"the anchors of benchmark {m.name} have no calibration models: nothing sizes errors")
    law, shortage = _law(residuals)
    sampling = ItemSampling.learn(m.subset(models=residuals.index)) if len(residuals) > 1 else None
    resolution = pd.DataFrame() if law is None else resolution_table(law, sampling, alpha, power)
    checked = None if law is None else reliability(halves(residuals, alpha, seed))
    intervals = interval_check(made)
    half_width = difference_half_width(residuals, 1.0 - alpha, seed=seed)
    judged = None if law is None or targets is None else target_models(m, made, law, targets, half_width, alpha, seed)
    beyond = {} if targets is None else _beyond(made, targets)
    table = pd.DataFrame(columns=list(BUDGET_COLUMNS))
    if budgets:
        reading = estimator if reconstruction is None else made.estimator
        table = budget_table(m, anchors, residuals, reading, budgets, alpha, power, seed)
    found = chain(
        shortage,
        caveats.small_sample(residuals, alpha),
        () if law is None else caveats.law_caveats(law, residuals, resolution, power),
        () if checked is None else caveats.check_caveats(checked, intervals),
        caveats.benchmark_caveats(m, anchors.items),
        caveats.target_caveats(beyond),
        () if judged is None or not judged.note else (f"{judged.note[:1].upper()}{judged.note[1:]}.",),
    )
    return PowerReport(
        design=_design(m, anchors, made, residuals),
        alpha=alpha,
        power=power,
        slope=None if law is None else law.slope,
        slope_error=None if law is None else law.slope_error,
        accuracy=accuracy_table(residuals, seed),
        random_error=random_error(m, residuals.index, len(anchors.items)),
        resolution=resolution,
        curve=pd.DataFrame() if law is None else power_curve(law, sampling, alpha, power),
        reliability=checked,
        intervals=intervals,
        attainable={"score": attainable_level(residuals["group"]), "difference": attainable_pair_level(residuals)},
        difference_half_width=half_width,
        preserved={} if law is None else preserved_significance(m, residuals, alpha, seed),
        budgets=table,
        needed=needed_budgets(table, m.n_items),
        targets=judged,
        caveats=tuple(found),
    )


def check_power(alpha: float, power: float) -> None:
    """Refuse what is no size, or no power that a test of that size does not have by luck.

    Raises:
        MethodOptionError: `alpha` or `power` is out of range.
    """
    if not (0.0 < alpha < 1.0 and alpha / 2 < power < 1.0):
        raise MethodOptionError(f"alpha = {alpha!r} and power = {power!r}: needed are 0 < alpha / 2 < power < 1")


def _law(residuals: pd.DataFrame) -> tuple[DifferenceLaw | None, Sequence[str]]:
    try:
        return DifferenceLaw.learn(residuals), ()
    except TooFewModelsError as error:
        return None, (f"Power is not known: {error}.",)


def target_models(
    m: ResponseMatrix,
    made: Reconstruction,
    law: DifferenceLaw,
    targets: ResponseMatrix,
    half_width: float,
    alpha: float,
    seed: int,
) -> TargetModels | None:
    """Targets against each other; None where none answered an anchor. Arguments are those of `TargetModels.judge`."""
    answers = targets.part(made.anchors)
    estimates = made.estimator.predict(answers)[SCORE]
    if not estimates.notna().any():
        return None
    calibration = m.subset(models=made.residuals.index).part(made.anchors)
    families = targets.models.get("family")
    return TargetModels.judge(
        law,
        made.residuals,
        calibration.scores.astype(np.float64),
        estimates,
        answers.scores.astype(np.float64),
        families,
        half_width,
        alpha,
        seed,
    )


def _beyond(made: Reconstruction, targets: ResponseMatrix) -> dict[str, bool]:
    flags = made.reach.exceeded_by(targets.part(made.anchors))
    return dict(zip(map(str, targets.models.index), map(bool, flags), strict=True))


def _design(m: ResponseMatrix, anchors: AnchorSet, made: Reconstruction, residuals: pd.DataFrame) -> dict[str, Any]:
    roles = {} if anchors.roles is None else anchors.roles.value_counts().to_dict()
    weights = anchors.weights
    return {
        "benchmark": m.name,
        "items": m.n_items,
        "aggregation": str(m.provenance.get("aggregation", "custom")),
        "items_digest": m.items_digest,
        "coverage": float(m.coverage.get(SCORE, 1.0)),
        "anchors": len(anchors.items),
        "k": anchors.k,
        "unit": anchors.unit,
        "effective_anchors": float(weights.sum() ** 2 / np.sum(weights**2)),
        "selector": anchors.selector,
        "selector_options": dict(anchors.selector_options),
        "selector_seed": anchors.seed,
        "estimator_seed": made.estimator_seed,
        "roles": {str(role): int(count) for role, count in roles.items()},
        "crossed": made.crossed,
        "calibration_models": len(residuals),
        "calibration_groups": int(residuals["group"].nunique()),
    }
