"""What `job=plan` measures: selectors at several budgets, in repeats that hold some models out.

Where there are models enough, each repeat holds out one share of them, as large as the share that later calibrates.
With fewer than 60 groups, where later all models choose and errors are sized across folds, each repeat puts together
several hold-outs with a selection and a fit of their own, so that most models are held out by one of them.

The cells are those of a comparison (`anchoreval.protocol.sweep`): several processes work them off, they are kept as
they come and found again, and a larger plan begins with what it shares with those before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.errors import MethodError, MethodOptionError, NotApplicableError, ResponseDataError
from anchoreval.methods import Estimator, Selector
from anchoreval.power.plans.plan_points import Measured
from anchoreval.protocol.cell_store import CellStore
from anchoreval.protocol.cells import Request, Unit
from anchoreval.protocol.method_specs import Labelled
from anchoreval.protocol.metrics import POINTS
from anchoreval.protocol.records import FAILED, NOT_APPLICABLE, unpacked
from anchoreval.protocol.roles import AUTO, CROSS, SHARE, calibrates_across, with_full_scores
from anchoreval.protocol.sweep import Grid, Sweep
from anchoreval.protocol.trial import Conditions
from anchoreval.responses import ResponseMatrix

SPLIT = "iid"
POOLED, POOLED_SHARE = 5, 0.25
"""Hold-outs that a repeat puts together where there are few models, and the share of the models in each."""


@dataclass(frozen=True)
class HoldOut:
    """How repeats hold models out: so many times a repeat, this share each time."""

    share: float
    times: int = 1

    @classmethod
    def of(cls, matrix: ResponseMatrix, calibration: Any, missing: str) -> HoldOut:
        """As errors will later be sized: on calibration models set aside, or across folds.

        Raises:
            MethodOptionError: `calibration` is neither `auto` nor `cross` nor a share between 0 and 1.
        """
        if calibration in (AUTO, CROSS):
            across = calibrates_across(matrix, str(calibration), missing)
            return cls(POOLED_SHARE, POOLED) if across else cls(SHARE)
        if isinstance(calibration, bool) or not isinstance(calibration, int | float) or not 0.0 < calibration < 1.0:
            raise MethodOptionError(
                f"job=plan holds models out in every repeat: calibration must be {AUTO}, {CROSS} or a share between 0 "
                f"and 1, not {calibration!r}"
            )
        return cls(float(calibration))


@dataclass(frozen=True, eq=False)
class Work:
    """What is to be measured.

    Attributes:
        matrix: the benchmark.
        selectors: with labels.
        estimator: that reads all anchors.
        budgets: k.
        repeats: number of repeats.
        hold_out: how a repeat holds models out.
        costs: (items,) of one answer each.
    """

    matrix: ResponseMatrix
    selectors: Sequence[Labelled[Selector]]
    estimator: Labelled[Estimator]
    budgets: Sequence[int]
    repeats: int
    hold_out: HoldOut
    costs: Float64Array
    seed: int
    level: float
    missing: str

    def measure(self, workers: int, cells: CellStore | None, progress: bool) -> tuple[list[Measured], list[str]]:
        """Every repeat of every selector and budget, and what is left out, a line each with the reason.

        Raises:
            NotApplicableError, MethodError: nothing could be measured.
        """
        sweep = self._sweep(cells)
        sweep.run(workers, progress)
        units = list(sweep.units())
        found = [part for unit in units if (part := self._part(sweep, unit)) is not None]
        refused = list(dict.fromkeys(self._refusals(sweep, units)))
        if not found:
            failed = [reason for _, status, reason in refused if status == FAILED]
            if failed:
                raise MethodError(f"every combination failed: {failed[0]}")
            raise NotApplicableError(f"no combination is applicable: {refused[0][2]}")
        left_out = [f"{name}: {status}: {reason}" for name, status, reason in refused]
        return list(_joined(found)), left_out

    def _sweep(self, cells: CellStore | None) -> Sweep:
        conditions = Conditions(self.level, 0.0, self.hold_out.share, self.missing)
        request = Request({self.matrix.name: self.matrix}, self.selectors, [self.estimator], conditions, self.seed)
        return Sweep(request, Grid(self.budgets, [SPLIT], self.repeats * self.hold_out.times), cells)

    def _part(self, sweep: Sweep, unit: Unit) -> tuple[int, Measured] | None:
        """What one hold-out says, with the number of the repeat that it belongs to."""
        reading = sweep.readings.get(unit.readings[0])
        selection = sweep.selections[unit.selection].selection
        if reading is None or reading.errors is None or selection is None:
            return None
        held_out = sweep.trials[unit.trial]
        places = self.matrix.items.index.get_indexer(selection.items)
        cost = float(self.costs[places].sum())
        residuals = self._residuals(held_out.models, held_out.groups, unpacked(reading.errors) / POINTS)
        label = self.selectors[unit.selector].label
        return unit.repeat // self.hold_out.times, Measured(label, unit.k, len(places), cost, residuals)

    def _residuals(self, models: Sequence[str], groups: Sequence[str], errors: Float64Array) -> pd.DataFrame:
        known = self.matrix if self.missing == "refuse" else with_full_scores(self.matrix)
        truth = known.full_scores[list(models)].to_numpy(dtype=np.float64)
        columns = {"residual": errors, "truth": truth, "estimate": truth + errors, "group": list(groups)}
        return pd.DataFrame(columns, index=list(models)).dropna(subset=["residual"])

    def _refusals(self, sweep: Sweep, units: Sequence[Unit]) -> Iterator[tuple[str, str, str]]:
        """Method and budget, status and reason of everything that has no figures."""
        for unit in units:
            for record in (sweep.selections[unit.selection], sweep.readings.get(unit.readings[0])):
                if record is not None and record.status in (NOT_APPLICABLE, FAILED):
                    yield f"{self.selectors[unit.selector].label} k = {unit.k}", record.status, record.reason


def item_costs(matrix: ResponseMatrix, price: float | None) -> tuple[Float64Array, str]:
    """(items,) cost of one answer each, and the unit in words.

    Args:
        matrix: the benchmark.
        price: of every item; None takes the items' column `cost` where there is one, else counts items.

    Raises:
        MethodOptionError: the price is not a positive number.
        ResponseDataError: an item has no cost, or a negative one.
    """
    if price is not None:
        if not 0.0 < price < np.inf:
            raise MethodOptionError(f"plan.price = {price:g} is not a positive number")
        return np.full(matrix.n_items, float(price)), f"at {price:g} an item"
    if "cost" not in matrix.items:
        return np.ones(matrix.n_items), "items"
    costs = pd.to_numeric(matrix.items["cost"], errors="coerce").to_numpy(dtype=np.float64)
    wrong = ~((costs >= 0.0) & np.isfinite(costs))
    if wrong.any():
        raise ResponseDataError(f"item {matrix.items.index[wrong][0]!r} has no cost that is a number of at least 0")
    return costs, "sums of the items' column cost"


def _joined(found: Sequence[tuple[int, Measured]]) -> Iterator[Measured]:
    """The hold-outs of a repeat put together."""
    repeats: dict[tuple[int, str, int], list[Measured]] = {}
    for repeat, part in found:
        repeats.setdefault((repeat, part.selector, part.k), []).append(part)
    for (_, selector, k), parts in repeats.items():
        yield Measured(selector, k, **_means(parts), residuals=pd.concat([part.residuals for part in parts]))


def _means(parts: Sequence[Measured]) -> Mapping[str, float]:
    return {name: float(np.mean([getattr(part, name) for part in parts])) for name in ("anchors", "cost")}
