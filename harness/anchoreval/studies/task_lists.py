"""How well lists of tasks predict the full scores of held-out models, beside random lists and random items.

Everything is measured at a number of tasks that is fixed beforehand, on models that neither chose the list nor fitted
its reading. A benchmark is first turned into a table of models by tasks (`task_level`): the chosen items of a subject
enter through their mean alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.contract import choose, fit, generator
from anchoreval.methods import Selection
from anchoreval.numerics.task_subsets import nrmse, subset_estimates
from anchoreval.protocol.roles import full_scores
from anchoreval.protocol.splits import split
from anchoreval.registry import make_estimator, make_selector
from anchoreval.responses import ResponseMatrix

TASKS, ITEMS = "random tasks", "random items"
READINGS = ("size", "cluster", "ridge")
ORDERS = 1000
"""Random orders of tasks that a list is held against."""
RIDGE_ORDERS = 8
"""Of them, those that are read by ridge regression as well, to give every k a mean."""
ITEM_DRAWS = 50
"""Random sets of as many items, a number of tasks."""
MOST_TASKS = 10
ROUNDING = 1e-9


def task_level(matrix: ResponseMatrix) -> ResponseMatrix:
    """Models by tasks: weighted mean of each model over each subject's items, gaps filled in as everywhere.

    Items without subjects are tasks of their own. Models without a full score are left out.
    """
    known = full_scores(matrix).dropna()
    whole = matrix.subset(models=known.index).completed()
    names = np.asarray(whole.items.get("subject", whole.items.index), dtype=str)
    tasks = np.unique(names)
    shares = (names[:, None] == tasks) * whole.weights[:, None]  # (items, tasks)
    scores = np.clip(whole.scores @ (shares / shares.sum(axis=0)), 0.0, 1.0)
    return ResponseMatrix.from_arrays(
        scores,
        models=whole.models.drop(columns="full_score", errors="ignore"),
        items=pd.DataFrame({"subject": tasks}, index=tasks),
        weights=shares.sum(axis=0),
        name=matrix.name,
    )


@dataclass(frozen=True, eq=False)
class Measured:
    """One benchmark.

    Attributes:
        models: with a full score.
        tasks: number of tasks.
        cells: a row a list (or reference), reading, number of tasks and repeat, with `nrmse`; a list read by size also
            has `items`, how many its tasks hold, and `random_items`, the NRMSE of as many random items.
        by_chance: (orders, k) NRMSE by size weights of the first 1, 2 ... tasks of random orders, the same in every
            repeat, averaged over repeats.
        lists: the order of tasks of each list, chosen on all models.
    """

    models: int
    tasks: int
    cells: pd.DataFrame
    by_chance: Float64Array
    lists: Mapping[str, list[str]]

    def as_good(self, label: str) -> tuple[float, Float64Array]:
        """Share of random orders at least as good as a list by size weights: in the mean over all k, and at each k."""
        rows = self.cells[(self.cells["list"] == label) & (self.cells["reading"] == "size")]
        own = rows.groupby("k")["nrmse"].mean().to_numpy(dtype=np.float64)
        overall = self.by_chance.mean(axis=1) <= own.mean() + ROUNDING
        return float(overall.mean()), (self.by_chance <= own + ROUNDING).mean(axis=0)


def measure(matrix: ResponseMatrix, lists: Mapping[str, Mapping[str, Any]], repeats: int, seed: int = 0) -> Measured:
    """Measure lists of tasks.

    Args:
        matrix: a benchmark.
        lists: options of `bento` by label.
        repeats: random splits into source and target models, variants of a base model on one side.
        seed: of splits and random orders.
    """
    tasks = task_level(matrix)
    most = min(tasks.n_items, MOST_TASKS)
    orders = np.argsort(generator(seed, "task orders").random((ORDERS, tasks.n_items)), axis=1)
    trials = [_Trial.of(tasks, matrix, orders[:, :most], seed, repeat) for repeat in range(repeats)]
    cells = [{"repeat": repeat, **cell} for repeat, trial in enumerate(trials) for cell in trial.cells(lists)]
    return Measured(
        models=tasks.n_models,
        tasks=tasks.n_items,
        cells=pd.DataFrame(cells),
        by_chance=np.mean([trial.by_chance for trial in trials], axis=0),
        lists={label: _order(tasks, options, most) for label, options in lists.items()},
    )


def _order(tasks: ResponseMatrix, options: Mapping[str, Any], k: int) -> list[str]:
    return list(choose(make_selector("bento", **options), tasks, k).details["order"])


@dataclass(frozen=True, eq=False)
class _Trial:
    """One split: sources and targets by tasks, the targets' items, random orders and how they do at each k."""

    sources: ResponseMatrix
    targets: ResponseMatrix
    items: ResponseMatrix
    source_items: ResponseMatrix
    orders: IntArray  # (orders, most)
    by_chance: Float64Array  # (orders, most) NRMSE of each order's first k tasks
    rng: np.random.Generator

    @classmethod
    def of(cls, tasks: ResponseMatrix, matrix: ResponseMatrix, orders: IntArray, seed: int, repeat: int) -> _Trial:
        sides = split(tasks, "iid", seed=seed + repeat)
        targets = tasks.subset(models=sides.targets)
        return cls(
            sources=tasks.subset(models=sides.sources),
            targets=targets,
            items=matrix.subset(models=sides.targets).completed(),
            source_items=matrix.subset(models=sides.sources).completed(),
            orders=orders,
            by_chance=np.column_stack([_errors(targets, orders[:, :k]) for k in range(1, orders.shape[1] + 1)]),
            rng=generator(seed, "task lists", repeat),
        )

    @property
    def most(self) -> int:
        return int(self.orders.shape[1])

    def cells(self, lists: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """References, then every list."""
        yield from self.references()
        for label, options in lists.items():
            yield from self.of_list(label, options)

    def references(self) -> Iterator[dict[str, Any]]:
        """Random tasks at each k, and as many random items as k tasks hold on average; by size and by ridge."""
        names = self.sources.items.index
        for k in range(1, self.most + 1):
            drawn = [Selection(names[np.sort(order[:k])]) for order in self.orders[:RIDGE_ORDERS]]
            by_ridge = [self._read(selection, "subject_ridge") for selection in drawn]
            yield _cell(TASKS, "size", k, float(self.by_chance[:, k - 1].mean()))
            yield _cell(TASKS, "ridge", k, float(np.mean(by_ridge)))
            if "subject" in self.items.items:
                count = round(k * self.items.n_items / self.targets.n_items)
                yield _cell(ITEMS, "size", k, self._random_items(count))
                yield _cell(ITEMS, "ridge", k, self._regressed_items(count))

    def of_list(self, label: str, options: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """One list at each k, in every reading."""
        for k in range(1, self.most + 1):
            sized = choose(make_selector("bento", **options, weights="size"), self.sources, k)
            clustered = choose(make_selector("bento", **options, weights="cluster"), self.sources, k)
            yield _cell(label, "size", k, self._read(sized, "weighted"), **self._like(sized.items))
            yield _cell(label, "cluster", k, self._read(clustered, "weighted"))
            yield _cell(label, "ridge", k, self._read(sized, "subject_ridge"))

    def _read(self, selection: Selection, estimator: str) -> float:
        fitted = fit(make_estimator(estimator), self.sources, selection)
        return _error(fitted.predict(self.targets)["score"], self.targets)

    def _random_items(self, count: int) -> float:
        """NRMSE of the weighted mean of random items, averaged over draws of them."""
        drawn = [self._draw(count) for _ in range(ITEM_DRAWS)]
        means = np.column_stack([_mean_over(self.items, places) for places in drawn])
        return float(nrmse(means, _truth(self.targets)).mean())

    def _regressed_items(self, count: int) -> float:
        """NRMSE of one set of random items, read by a ridge regression on every answer."""
        names = self.items.items.index[self._draw(count)]
        fitted = fit(make_estimator("signature", features="scores"), self.source_items, Selection(names))
        return _error(fitted.predict(self.items)["score"], self.targets)

    def _draw(self, count: int) -> IntArray:
        return np.sort(self.rng.permutation(self.items.n_items)[:count])

    def _like(self, tasks: pd.Index[Any]) -> dict[str, float]:
        """As many random items as the tasks hold, by their mean; nothing where a task is an item."""
        if "subject" not in self.items.items:
            return {}
        count = int(self.items.items["subject"].isin(tasks).sum())
        return {"items": count, "random_items": self._random_items(count)}


def _cell(label: str, reading: str, k: int, error: float, **more: Any) -> dict[str, Any]:
    return {"list": label, "reading": reading, "k": k, "nrmse": error, **more}


def _truth(targets: ResponseMatrix) -> Float64Array:
    return np.asarray(targets.full_scores, dtype=np.float64)


def _error(estimate: pd.Series[float], targets: ResponseMatrix) -> float:
    values = np.asarray(estimate, dtype=np.float64)
    return float(nrmse(values[:, None], _truth(targets))[0])


def _errors(targets: ResponseMatrix, subsets: IntArray) -> Float64Array:
    return nrmse(subset_estimates(targets.scores.astype(np.float64), targets.weights, subsets), _truth(targets))


def _mean_over(items: ResponseMatrix, places: IntArray) -> Float64Array:
    weights = items.weights[places]
    return np.asarray(items.scores[:, places] @ (weights / weights.sum()), dtype=np.float64)
