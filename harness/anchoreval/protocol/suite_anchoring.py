"""Anchors for several benchmarks at once, under one budget and one assignment of roles.

A model has the same role in every benchmark: were it to choose anchors in one and size errors in another, what is
learnt of it in the first would leak into the second as soon as benchmarks are read together. So roles are dealt out on
the stacked matrix, where models are kin if they share a base model or are copies over all items
(`anchoreval.groups.model_groups`). Only models with a full score on every benchmark take part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.contract import RECONSTRUCTION, choose, generator
from anchoreval.errors import MethodOptionError, NotApplicableError
from anchoreval.groups import model_groups
from anchoreval.methods import Selection, Selector
from anchoreval.protocol.roles import AUTO, CROSS, SHARE, assign_roles
from anchoreval.protocol.suite_budget import JOINT, budgets
from anchoreval.protocol.suite_design import SubjectDesign
from anchoreval.protocol.suite_views import shared_matrix
from anchoreval.reconstruction import SELECT
from anchoreval.registry import make_selector, method_name
from anchoreval.responses import ResponseMatrix
from anchoreval.suite import Suite

SCORES, RELATIVE, MEAN = "scores", "relative", "mean"
AIMS = (SCORES, RELATIVE, MEAN)
"""What a joint design makes certain: every benchmark's score, in points or relative to its spread, or their mean."""
OPTIMAL = "optimal"


@dataclass(frozen=True, eq=False)
class SuiteAnchors:
    """Anchors of several benchmarks. Made by `select_suite`.

    Attributes:
        selection: the anchors by their ids in the stacked matrix, `<benchmark>/<item>`, in its order.
        k: number of anchors.
        budgets: how many of them each benchmark has; with a joint split that is the design's doing.
        roles: by model `select` or `calibrate`, the same in all benchmarks.
        groups: by model, which models are variants or copies of one another.
        left_out: by benchmark, how many of its models have no full score on all benchmarks and took no part.
        items_digest: of the stacked matrix (see `ResponseMatrix.items_digest`).
    """

    selection: Selection
    k: int
    budgets: Mapping[str, int]
    roles: pd.Series[str]
    groups: pd.Series[str]
    left_out: Mapping[str, int]
    items_digest: str

    @property
    def items(self) -> pd.Index[Any]:
        """Ids of the anchors in the stacked matrix."""
        return self.selection.items

    def of(self, benchmark: str) -> pd.Index[Any]:
        """Ids of a benchmark's anchors as the benchmark itself calls them."""
        prefix = benchmark + "/"
        mine = [str(item).removeprefix(prefix) for item in self.items if str(item).startswith(prefix)]
        return pd.Index(mine, dtype=object, name="item")

    def __repr__(self) -> str:
        shares = ", ".join(f"{count} of {name}" for name, count in self.budgets.items())
        return f"SuiteAnchors({shares}; {len(self.roles)} models)"


def select_suite(
    suite: Suite,
    selector: str | Selector = OPTIMAL,
    *,
    k: int,
    split: str | Mapping[str, int] = JOINT,
    aim: str = SCORES,
    seed: int = 0,
    calibration: float | Iterable[str] = SHARE,
    **options: Any,
) -> SuiteAnchors:
    """Pick anchors in several benchmarks with a total budget.

    With a joint split the selector sees the stacked matrix, whose score is the grand mean of the benchmarks, and
    divides the budget by what it minimises. For `optimal` that is the summed posterior variance of all benchmarks'
    scores (`anchoreval.protocol.suite_design`), in score units, so that most of the budget goes where models differ
    most; with `aim="relative"` each in units of its variance over models; with `aim="mean"` the posterior variance of
    their grand mean alone, which may leave single benchmarks ill known. Other selectors do to the grand mean what they
    do to one score.

    Args:
        suite: source models with their results; those without a full score on all benchmarks take no part.
        selector: name of a selector, or a selector; its unit must be the item.
        k: total number of anchors.
        split: `joint`, or for a selection in each benchmark by itself `equal`, `proportional` or the number of anchors
            by name (see `anchoreval.protocol.suite_budget.budgets`).
        aim: of `optimal` with a joint split, `scores`, `relative` or `mean`.
        seed: of the roles and of the selector.
        calibration: share of the models that is set aside to size errors, or their names (see
            `anchoreval.protocol.roles.assign_roles`).
        options: of the selector, where it is given by name.

    Raises:
        UnknownMethodError, MethodOptionError: no such selector, option, aim, split or calibration.
        BudgetError: the budget, or a benchmark's part of it, is not possible.
        NotApplicableError: a need of the selector is not met, or it picks whole subjects.
        TooFewModelsError: too few models are left to choose anchors.
        ResponseDataError: a named calibration model has no full score on all benchmarks.
    """
    made = make_selector(selector, **options)
    if made.unit != "item":
        raise NotApplicableError(f"selector {method_name(made)} picks whole {made.unit}s, a suite's anchors are items")
    if aim not in AIMS:
        raise MethodOptionError(f"aim = {aim!r} is not one of {', '.join(AIMS)}")
    if isinstance(calibration, str) and calibration in (AUTO, CROSS):
        raise MethodOptionError(f"calibration = {calibration!r}: a suite's anchors take a share or names of models")
    stacked, left_out = shared_matrix(suite)
    roles = assign_roles(stacked, calibration, seed)
    learners = stacked.subset(models=roles.index[roles == SELECT])
    if isinstance(split, str) and split == JOINT:
        whole = method_name(made) != OPTIMAL or aim == MEAN
        design = made if whole else SubjectDesign.like(made, relative=aim == RELATIVE)
        selection = choose(design, learners, k, seed)
    else:
        selection = _apart(suite, learners, made, budgets(k, {n: m.n_items for n, m in suite.items()}, split), seed)
    taken = learners.items["subject"].loc[selection.items].value_counts()
    return SuiteAnchors(
        selection=selection,
        k=int(k),
        budgets={name: int(taken.get(name, 0)) for name in suite},
        roles=roles,
        groups=model_groups(stacked),
        left_out=left_out,
        items_digest=stacked.items_digest,
    )


def _apart(
    suite: Suite, learners: ResponseMatrix, selector: Selector, wanted: Mapping[str, int], seed: int
) -> Selection:
    """A selection in every benchmark by itself, put together in the order of the stacked matrix."""
    chosen: dict[str, Selection] = {}
    for name, count in wanted.items():
        if count:
            own = suite[name].subset(models=learners.models.index)
            chosen[name] = choose(selector, own, count, _seed_of(name, seed))
    items = [f"{name}/{item}" for name, selection in chosen.items() for item in selection.items]
    weights = [selection.weights for selection in chosen.values() if selection.weights is not None]
    inclusion = [selection.inclusion for selection in chosen.values() if selection.inclusion is not None]
    details: dict[str, Any] = {"benchmarks": {name: dict(selection.details) for name, selection in chosen.items()}}
    if hasattr(selector, RECONSTRUCTION):
        details[RECONSTRUCTION] = dict(getattr(selector, RECONSTRUCTION))
    return Selection(
        items=pd.Index(items, dtype=object, name="item"),
        weights=np.concatenate(weights) / len(weights) if len(weights) == len(chosen) else None,
        inclusion=np.concatenate(inclusion) if len(inclusion) == len(chosen) else None,
        details=details,
    )


def _seed_of(name: str, seed: int) -> int:
    """Each benchmark draws for itself: in translations of one benchmark, the same seed would draw the same items."""
    return int(generator(seed, "suite", name).integers(2**31))
