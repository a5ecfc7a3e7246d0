"""Methods against each other on held-out models: one row for every benchmark, split, repeat, selector, estimator and k.

In every repeat some models are targets. The others are sources, of which a share is set aside for calibration; a
selector sees the rest, and runs once for all estimators. Estimators get the targets' answers on the anchors and nothing
else of them; the targets' full scores are touched once, for the figures in the row. A row depends on the seed, its own
split, repeat, methods and k alone: adding a method to a comparison changes no other row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, ParamSpec, TypeAlias, TypeVar

import numpy as np
import pandas as pd

from anchoreval.contract import generator
from anchoreval.errors import BudgetError, ConfigurationError, NotApplicableError, TooFewModelsError
from anchoreval.methods import Estimator, Selector
from anchoreval.protocol.method_specs import Labelled, MethodSpecs, labelled_estimators, labelled_selectors
from anchoreval.protocol.metrics import METRICS
from anchoreval.protocol.roles import SHARE, check_share
from anchoreval.protocol.splits import check_kind
from anchoreval.protocol.trial import Conditions, Trial
from anchoreval.responses import ResponseMatrix

KEYS = ("benchmark", "split", "repeat", "selector", "estimator", "k")
STATE = ("status", "reason")
COUNTS = ("n_source", "n_target", "n_anchors")
SECONDS = ("select_seconds", "fit_seconds")
COLUMNS = (*KEYS, *STATE, *COUNTS, *METRICS, *SECONDS)

P = ParamSpec("P")
T = TypeVar("T")
Row: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Grid:
    """The methods and budgets that are tried in every repeat."""

    selectors: list[Labelled[Selector]]
    estimators: list[Labelled[Estimator]]
    budgets: list[int]


@dataclass(frozen=True)
class Refusal:
    """Why there is no figure: `not applicable` or `failed`, and the reason in one line."""

    status: str
    reason: str


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

    Returns:
        A row per benchmark, split, repeat, selector, estimator and k: `status`, `reason`, `n_source` (calibration
        models included), `n_target`, `n_anchors`, the figures of `anchoreval.protocol.metrics.error_metrics`
        (errors, `mdad` and `interval_width` in percentage points), `select_seconds`, `fit_seconds`. `status` is `ok`;
        `not applicable` where the data do not meet a need or k is too large; `failed` where a method raised. The
        others go on, and `reason` says why. Beside `ok` it says where targets answered no anchor, and where there are
        too few calibration models for the level.

    Raises:
        UnknownMethodError, MethodOptionError: no such method, option, split, share or rule.
        BudgetError: a k that is not a whole number of at least 1.
        ConfigurationError: a level outside (0, 1), no repeats, or nothing to compare.
    """
    grid = Grid(labelled_selectors(selectors), labelled_estimators(estimators), _budgets(k))
    kinds = [check_kind(kind) for kind in ([splits] if isinstance(splits, str) else splits)]
    _check_numbers(level, repeats, len(kinds))
    check_share(calibration)
    conditions = Conditions(level, calibration, test_share, missing)
    benchmarks = m if isinstance(m, Mapping) else {m.name: m}
    rows: list[Row] = []
    for (name, matrix), kind, repeat in _bar(list(product(benchmarks.items(), kinds, range(repeats))), progress):
        keys = {"benchmark": name, "split": kind, "repeat": repeat}
        trial = _divided(matrix, kind, _seed(seed, kind, repeat), conditions)
        rows += [{**keys, **row} for row in _rows(trial, grid)]
    return pd.DataFrame(rows).reindex(columns=list(COLUMNS))


def _divided(matrix: ResponseMatrix, kind: str, seed: int, conditions: Conditions) -> Trial | Refusal:
    try:
        return Trial.divide(matrix, kind, seed, conditions)
    except (NotApplicableError, TooFewModelsError) as error:
        return Refusal("not applicable", str(error))


def _rows(trial: Trial | Refusal, grid: Grid) -> Iterator[Row]:
    """All rows of one repeat; a selector runs once for all estimators."""
    for selector, budget in product(grid.selectors, grid.budgets):
        chosen = trial if isinstance(trial, Refusal) else _tried(trial.select, selector.method, budget)
        for estimator in grid.estimators:
            keys = {"selector": selector.label, "estimator": estimator.label, "k": budget}
            if isinstance(trial, Refusal) or isinstance(chosen, Refusal):
                figures: dict[str, Any] | Refusal = chosen if isinstance(chosen, Refusal) else {}
            else:
                keys["select_seconds"] = chosen[1]
                figures = _tried(trial.figures, chosen[0], estimator.method)
            yield {**keys, **(vars(figures) if isinstance(figures, Refusal) else {"status": "ok", **figures})}


def _tried(work: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T | Refusal:
    """What the work returns, or why it did not; a plug-in may raise anything and the comparison goes on."""
    try:
        return work(*arguments, **options)
    except (NotApplicableError, BudgetError, TooFewModelsError) as error:
        return Refusal("not applicable", " ".join(str(error).split()))
    except Exception as error:
        return Refusal("failed", " ".join(f"{type(error).__name__}: {error}".split()))


def _seed(seed: int, kind: str, repeat: int) -> int:
    return int(generator(seed, "compare", kind, repeat).integers(2**62))


def _budgets(k: int | Iterable[int]) -> list[int]:
    budgets = list(k) if isinstance(k, Iterable) else [k]
    for budget in budgets:
        if isinstance(budget, bool) or not isinstance(budget, int | np.integer) or budget < 1:
            raise BudgetError(f"k = {budget!r} is not a whole number of at least 1")
    return [int(budget) for budget in dict.fromkeys(budgets)]


def _check_numbers(level: float, repeats: int, kinds: int) -> None:
    if not 0.0 < level < 1.0:
        raise ConfigurationError(f"level {level:g} is not between 0 and 1")
    if repeats < 1 or not kinds:
        raise ConfigurationError(f"{repeats} repeats of {kinds} kinds of split leave nothing to compare")


def _bar(steps: list[Any], progress: bool) -> Iterable[Any]:
    if not progress:
        return steps
    from tqdm import tqdm

    return tqdm(steps, desc="compare", disable=None, leave=False)  # None: silent unless on a terminal
