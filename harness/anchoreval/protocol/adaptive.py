"""Adaptive tests against fixed anchors and against random items, on held-out models and under the same readings.

A policy asks every target items of its own. What that is worth is seen only where the same reading gets, from the same
targets, as many items drawn at random; so every row holds both errors. Policies and selectors see the sources, all of
them, since no interval is sized here; the targets' full scores are touched once, for the figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import FloatArray
from anchoreval.contract import choose, fit_policy, generator
from anchoreval.errors import NotApplicableError
from anchoreval.methods import Policy, Selector
from anchoreval.protocol.metrics import POINTS
from anchoreval.protocol.open_readings import Reading, ResponseReading, open_readings
from anchoreval.protocol.sittings import Sittings, administer, at_random, of_anchors
from anchoreval.protocol.splits import split
from anchoreval.responses import SCORE, ResponseMatrix

COLUMNS = (
    "test",
    "k",
    "reading",
    "n_source",
    "n_target",
    "items",
    "mae",
    "mae_random",
    "ability_error",
    "ability_error_random",
    "exposure",
    "overlap",
)


def adaptive_trial(
    m: ResponseMatrix,
    policies: Mapping[str, Policy],
    selectors: Mapping[str, Selector] | None = None,
    k: Sequence[int] = (20, 50, 100),
    *,
    kind: str = "iid",
    seed: int = 0,
    test_share: float | None = None,
    most_targets: int | None = None,
) -> pd.DataFrame:
    """One split of the models, every test on the targets, every reading of it.

    Args:
        m: a whole benchmark.
        policies: by label; each test is broken off after k answers.
        selectors: by label; their anchors are asked of every target.
        k: budgets.
        kind: of split (see `anchoreval.protocol.splits.split`).
        seed: everything random follows from it.
        test_share: share of the models that become targets; None: the split's own.
        most_targets: at most so many of them, drawn at random; None takes all.

    Returns:
        A row per test, k and reading: numbers of sources and targets; mean number of `items` answered; `mae` in
        percentage points, and `mae_random` with as many items drawn at random for each target; `ability_error`, mean
        distance of the ability read from the test from that read from all items, in standard deviations of the
        sources, and `ability_error_random` (NaN where a reading has no ability); `exposure`, the greatest share of
        targets that were asked one item; `overlap` (see `anchoreval.protocol.sittings.Sittings.overlap`).

    Raises:
        NotApplicableError: the matrix is not the whole benchmark, or a need is not met.
        TooFewModelsError: too few models to split.
    """
    if m.coverage.get(SCORE, 1.0) < 1.0:
        raise NotApplicableError(f"adaptive tests need all items of the benchmark; {m.name} holds a part of them")
    sides = split(m, kind, seed, test_share)
    sources, targets = m.subset(models=sides.sources), m.subset(models=_some(sides.targets, most_targets, seed))
    readings = open_readings(sources)
    known = _abilities(readings["pirt"], targets)
    rows: list[dict[str, Any]] = []
    for label, budget, sittings in _tests(sources, targets, policies, selectors or {}, k, seed):
        rivals = at_random(sittings, generator(seed, "adaptive", "random", budget))
        rows += [
            {
                "test": label,
                "k": budget,
                "reading": name,
                "n_source": sources.n_models,
                **_figures(reading, sittings, rivals, known),
            }
            for name, reading in readings.items()
        ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _tests(
    sources: ResponseMatrix,
    targets: ResponseMatrix,
    policies: Mapping[str, Policy],
    selectors: Mapping[str, Selector],
    budgets: Sequence[int],
    seed: int,
) -> Iterator[tuple[str, int, Sittings]]:
    """Label, budget and sittings of every test; a policy runs once, to the largest budget."""
    for label, policy in policies.items():
        longest = administer(fit_policy(policy, sources, max(budgets), seed), targets, max(budgets))
        for budget in budgets:
            yield label, budget, longest.first(budget)
    for label, selector in selectors.items():
        for budget in budgets:
            yield label, budget, of_anchors(choose(selector, sources, budget, seed).items, targets)


def _figures(reading: Reading, sittings: Sittings, rivals: Sittings, known: FloatArray) -> dict[str, float]:
    truth = sittings.targets.full_scores.to_numpy(dtype=np.float64)
    tests = {"": sittings.answers(), "_random": rivals.answers()}
    errors = {f"mae{name}": POINTS * _mean_gap(reading.scores(answers), truth) for name, answers in tests.items()}
    abilities = {
        f"ability_error{name}": _mean_gap(_abilities(reading, answers), known) for name, answers in tests.items()
    }
    return {
        "n_target": len(truth),
        "items": float(sittings.counts.mean()),
        **errors,
        **abilities,
        "exposure": float(sittings.exposure.max()),
        "overlap": sittings.overlap,
    }


def _abilities(reading: Reading, answers: ResponseMatrix) -> FloatArray:
    """(targets,) NaN for a reading without an ability; the axes of several have no names to compare by."""
    if isinstance(reading, ResponseReading) and reading.response.dimensions == 1:
        return reading.abilities(answers)
    return np.full(answers.n_models, np.nan)


def _mean_gap(values: FloatArray, truth: FloatArray) -> float:
    """Mean absolute difference over the targets that are known; NaN where none is."""
    gap = np.abs(values - truth)
    return float(np.nanmean(gap)) if not np.isnan(gap).all() else float("nan")


def _some(targets: pd.Index[Any], most: int | None, seed: int) -> pd.Index[Any]:
    if most is None or len(targets) <= most:
        return targets
    drawn = generator(seed, "adaptive", "targets").choice(len(targets), most, replace=False)
    return targets[np.sort(drawn)]
