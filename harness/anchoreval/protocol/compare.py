"""Methods against each other on held-out models: one row for every benchmark, split, repeat, selector, estimator and k.

In every repeat some models are targets. The others are sources, of which a share is set aside for calibration; a
selector sees the rest, and runs once for all estimators. Estimators get the targets' answers on the anchors and nothing
else of them; the targets' full scores are touched once, for the figures in the row. A row depends on the seed, its own
split, repeat, methods and k alone: adding a method to a comparison changes no other row, and finished cells can be kept
and used again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd

from anchoreval.errors import BudgetError, ConfigurationError
from anchoreval.protocol.cell_store import CellStore
from anchoreval.protocol.cells import Request
from anchoreval.protocol.comparison import Comparison
from anchoreval.protocol.method_specs import MethodSpecs, labelled_estimators, labelled_selectors
from anchoreval.protocol.roles import SHARE, check_share
from anchoreval.protocol.splits import check_kind
from anchoreval.protocol.sweep import Grid, Sweep
from anchoreval.protocol.trial import Conditions
from anchoreval.responses import ResponseMatrix

Folders: TypeAlias = str | Path | Iterable[str | Path]
"""One folder, or several."""


def compare(
    m: ResponseMatrix | Mapping[str, ResponseMatrix],
    selectors: MethodSpecs = ("random",),
    estimators: MethodSpecs = ("auto",),
    k: int | Iterable[int] = (100,),
    splits: str | Iterable[str] = ("iid",),
    repeats: int = 5,
    seed: int = 0,
    level: float = 0.95,
    *,
    calibration: float = SHARE,
    test_share: float | None = None,
    missing: str = "refuse",
    progress: bool = False,
    workers: int = 1,
    cells: Folders | None = None,
) -> pd.DataFrame:
    """Compare methods on models that none of them has seen.

    Args:
        m: a benchmark, or several by name (a `Suite`).
        selectors: names, pairs (name, options), mappings with `name`, options and perhaps `label`, or selectors; or a
            mapping from labels to these.
        estimators: likewise.
        k: budgets.
        splits: kinds of split (see `anchoreval.protocol.splits.split`).
        repeats: number of repeats; `chronological` and `gap` hold out the same targets in each, unless dates are tied.
        seed: everything random follows from it.
        level: of the intervals.
        calibration: share of the sources that is set aside to size intervals (see
            `anchoreval.protocol.roles.assign_roles`).
        test_share: share of the models that become targets; None: 25 %, for `gap` 20 %.
        missing: `allow` takes in models that miss more than 5 % of the weight.
        progress: show a bar, on a terminal only.
        workers: processes that share the work. Rows are the same (seconds apart) whatever their number; a script that
            asks for several needs `if __name__ == "__main__":`, and methods that can be imported.
        cells: folder where finished cells are kept, or several: what is found there (of the same data, methods,
            options, seed, shares, level and version) is not computed again, and new cells go to the first. What
            failed is tried again.

    Returns:
        A row per benchmark, split, repeat, selector, estimator and k: `status`, `reason`, `n_source` (calibration
        models included), `n_target`, `n_anchors`, the figures of `anchoreval.protocol.metrics.error_metrics`
        (errors, `mdad` and `interval_width` in percentage points; `slope` of the estimates on the truths, which is
        below 1 where estimates shrink towards the sources' mean), `select_seconds`, `fit_seconds`. `status` is `ok`;
        `not applicable` where the data do not meet a need or k is too large; `failed` where a method raised. The
        others go on, and `reason` says why. Beside `ok` it says where targets answered no anchor, and where there are
        too few calibration models for the level.

    Raises:
        UnknownMethodError, MethodOptionError: no such method, option, split, share or rule.
        BudgetError: a k that is not a whole number of at least 1.
        ConfigurationError: a level outside (0, 1), no repeats, no workers, or nothing to compare.
        StoreError: a file of finished cells is damaged.
        MethodError: a worker process died.
    """
    found = comparison(
        m,
        selectors,
        estimators,
        k,
        splits,
        repeats,
        seed,
        level,
        calibration=calibration,
        test_share=test_share,
        missing=missing,
        progress=progress,
        workers=workers,
        cells=cells,
    )
    return found.table


def comparison(
    m: ResponseMatrix | Mapping[str, ResponseMatrix],
    selectors: MethodSpecs = ("random",),
    estimators: MethodSpecs = ("auto",),
    k: int | Iterable[int] = (100,),
    splits: str | Iterable[str] = ("iid",),
    repeats: int = 5,
    seed: int = 0,
    level: float = 0.95,
    *,
    calibration: float = SHARE,
    test_share: float | None = None,
    missing: str = "refuse",
    progress: bool = False,
    workers: int = 1,
    cells: Folders | None = None,
) -> Comparison:
    """The same comparison with the error on every target, for differences that are paired over targets.

    Arguments and errors are those of `compare`; see `anchoreval.protocol.resolution` for what to do with it.
    """
    kinds = [check_kind(kind) for kind in ([splits] if isinstance(splits, str) else splits)]
    _check_numbers(level, repeats, len(kinds), workers)
    request = Request(
        benchmarks=dict(m) if isinstance(m, Mapping) else {m.name: m},
        selectors=labelled_selectors(selectors),
        estimators=labelled_estimators(estimators),
        conditions=Conditions(level, check_share(calibration), test_share, missing),
        seed=seed,
    )
    store = None if cells is None else CellStore.at(cells)
    return Sweep(request, Grid(_budgets(k), kinds, repeats), store).run(workers, progress)


def _budgets(k: int | Iterable[int]) -> list[int]:
    budgets = list(k) if isinstance(k, Iterable) else [k]
    for budget in budgets:
        if isinstance(budget, bool) or not isinstance(budget, int | np.integer) or budget < 1:
            raise BudgetError(f"k = {budget!r} is not a whole number of at least 1")
    return [int(budget) for budget in dict.fromkeys(budgets)]


def _check_numbers(level: float, repeats: int, kinds: int, workers: int) -> None:
    if not 0.0 < level < 1.0:
        raise ConfigurationError(f"level {level:g} is not between 0 and 1")
    if repeats < 1 or not kinds:
        raise ConfigurationError(f"{repeats} repeats of {kinds} kinds of split leave nothing to compare")
    if workers < 1:
        raise ConfigurationError(f"{workers} workers are none")
