"""Where methods meet data: needs are checked, inputs put in order, outputs verified.

Everything that runs a selector or an estimator goes through `choose` and `fit`; both give methods models and items
sorted by id and a generator made from the seed, so that permuting the input changes nothing.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.errors import BudgetError, MethodError, NotApplicableError
from anchoreval.methods import NEEDS, Estimator, Policy, Selection, Selector
from anchoreval.registry import method_name
from anchoreval.responses import ResponseMatrix

RECONSTRUCTION = "reconstruction"
"""Attribute of a selector, and key of `Selection.details`: the estimator that its paper reads the anchors with, as a
mapping of `name` and options (see `anchoreval.estimators.published`)."""


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """A generator for one purpose under one seed: other purposes draw independently of it."""
    words = [int.from_bytes(str(word).encode()[:64], "little") for word in purpose]
    return np.random.default_rng([seed, *words])


def unmet_need(needs: Iterable[str], responses: ResponseMatrix, selection: Selection | None = None) -> str | None:
    """The first need that the data do not meet, in words; None if a method with these needs is applicable."""
    return next((NEEDS.get(need, need) for need in sorted(needs) if not _is_met(need, responses, selection)), None)


def _is_met(need: str, responses: ResponseMatrix, selection: Selection | None) -> bool:
    if need == "binary":
        scores = responses.scores
        return bool(((scores == 0) | (scores == 1) | np.isnan(scores)).all())
    if need == RECONSTRUCTION:
        return selection is None or RECONSTRUCTION in selection.details
    if need in ("inclusion", "weights"):
        return selection is None or getattr(selection, need) is not None
    return {
        "probabilities": responses.probabilities is not None,
        "text": "text" in responses.items,
        "subjects": "subject" in responses.items,
        "complete": True,
    }.get(need, False)


def check_budget(k: int, sources: ResponseMatrix, unit: str = "item", key: str = "k") -> None:
    """Refuse a number of items (or subjects) that the benchmark does not have; `key` is what the user calls it.

    Raises:
        BudgetError: it is no whole number, or not between 1 and the number of units.
    """
    units = sources.n_items if unit == "item" else len(sources.subjects)
    if isinstance(k, bool) or int(k) != k or not 1 <= k <= units:
        raise BudgetError(f"{key} = {k} is not between 1 and the {units} {unit}s of benchmark {sources.name}")


def choose(selector: Selector, sources: ResponseMatrix, k: int, seed: int = 0) -> Selection:
    """Run a selector and verify what it returns; anchors come back in the benchmark's order.

    Args:
        selector: the method.
        sources: the models that it may look at; their full scores must be known.
        k: number of units (items, or subjects where `selector.unit` is "subject").
        seed: of the generator handed to the method.

    Raises:
        BudgetError: k is not between 1 and the number of units.
        NotApplicableError: a need of the selector is not met.
        MethodError: the selector returned something that is not a selection of k units.
    """
    name = method_name(selector)
    if (unmet := unmet_need(selector.needs, sources)) is not None:
        raise NotApplicableError(f"selector {name} needs {unmet}; benchmark {sources.name} has none")
    check_budget(k, sources, selector.unit)
    ordered = sources.sorted_by_id()
    if "complete" in selector.needs:
        ordered = ordered.completed()
    chosen = selector.select(ordered, int(k), generator(seed, "select", name))
    return _verified(chosen, selector, name, sources, int(k))


def fit(estimator: Estimator, sources: ResponseMatrix, selection: Selection, seed: int = 0) -> Estimator:
    """Fit a copy of an estimator on source models; the given one stays as it is.

    Raises:
        NotApplicableError: a need of the estimator is not met.
    """
    name = method_name(estimator)
    if (unmet := unmet_need(estimator.needs, sources, selection)) is not None:
        raise NotApplicableError(f"estimator {name} needs {unmet}; there are none (benchmark {sources.name})")
    ordered = sources.sorted_by_id()
    if "complete" in estimator.needs:
        ordered = ordered.completed()
    order = np.argsort(selection.items.to_numpy(dtype=str), kind="stable")
    return copy.deepcopy(estimator).fit(ordered, _reordered(selection, order), generator(seed, "fit", name))


def fit_policy(policy: Policy, sources: ResponseMatrix, k: int, seed: int = 0) -> Policy:
    """Fit a copy of a policy for adaptive testing on source models; at most k items will be asked of a target.

    Raises:
        BudgetError: k is not between 1 and the number of items.
        NotApplicableError: a need of the policy is not met.
    """
    name = method_name(policy)
    check_budget(k, sources)
    if (unmet := unmet_need(policy.needs, sources)) is not None:
        raise NotApplicableError(f"policy {name} needs {unmet}; benchmark {sources.name} has none")
    ordered = sources.sorted_by_id()
    if "complete" in policy.needs:
        ordered = ordered.completed()
    return copy.deepcopy(policy).fit(ordered, int(k), generator(seed, "policy", name))


def _verified(chosen: Selection, selector: Selector, name: str, sources: ResponseMatrix, k: int) -> Selection:
    items = pd.Index(chosen.items, dtype=object)
    if items.has_duplicates:
        raise MethodError(f"selector {name} returned item {items[items.duplicated()][0]!r} twice")
    position = sources.items.index.get_indexer(items)
    if (position < 0).any():
        raise MethodError(f"selector {name} returned unknown item {items[position < 0][0]!r}")
    size = len(items) if selector.unit == "item" else sources.items["subject"].iloc[position].nunique()
    if size != k:
        raise MethodError(f"selector {name} returned {size} {selector.unit}s, {k} were asked for")
    for field, low in (("weights", 0.0), ("inclusion", np.finfo(float).tiny)):
        values = getattr(chosen, field)
        if values is not None and not (len(values) == len(items) and np.isfinite(values).all() and min(values) >= low):
            raise MethodError(f"selector {name} returned {field} that are not {len(items)} valid numbers")
    if chosen.weights is not None:
        total = float(np.sum(chosen.weights))
        if not total > 0:
            raise MethodError(f"selector {name} returned weights that sum to {total:g}")
        chosen = dataclasses.replace(chosen, weights=np.asarray(chosen.weights, dtype=np.float64) / total)
    details = {**_own_reconstruction(selector), **chosen.details}
    return _reordered(dataclasses.replace(chosen, items=items, details=details), np.argsort(position, kind="stable"))


def _own_reconstruction(selector: Selector) -> dict[str, Any]:
    named = getattr(selector, RECONSTRUCTION, None)
    return {} if named is None else {RECONSTRUCTION: dict(named)}


def _reordered(selection: Selection, order: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Selection:
    return dataclasses.replace(
        selection,
        items=pd.Index(selection.items[order], dtype=object, name="item"),
        weights=None if selection.weights is None else np.asarray(selection.weights, dtype=np.float64)[order],
        inclusion=None if selection.inclusion is None else np.asarray(selection.inclusion, dtype=np.float64)[order],
    )
