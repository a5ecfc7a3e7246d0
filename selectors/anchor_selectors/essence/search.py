"""Genetic search for the subset of k items with the least error, on DEAP's toolbox.

DEAP's own algorithms hold one object an individual, copy it with `deepcopy`, and draw from the global generators of
Python and NumPy. Here the operators in the toolbox take a whole generation at once, as arrays, and draw from the
generator given: several times faster, repeatable, and no global state is touched. An operator can still be replaced
in the toolbox by name, and the log is DEAP's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from anchor_selectors.essence.operators import crossover, flip, random_subsets, swap, tournament
from anchoreval.arrays import Float64Array, IntArray

MUTATIONS = ("swap", "flip")


@dataclass(frozen=True)
class SearchPlan:
    """How large a search is.

    Attributes:
        population: subsets alive at a time.
        elite: the best of them, which go on unchanged.
        tournament: members that compete to be a parent.
        generations: generations after the first.
        mutation: one of `MUTATIONS`.
        swaps: items exchanged by a swap.
        patience: generations without any gain after which the search ends; None: never.
    """

    population: int = 200
    elite: int = 20
    tournament: int = 3
    generations: int = 1000
    mutation: str = "swap"
    swaps: int = 1
    patience: int | None = None


@dataclass(frozen=True, eq=False)
class Found:
    """How a search ended.

    Attributes:
        subsets: (population, k) the last generation, best first.
        errors: (population,) of it, ascending.
        log: DEAP's logbook: generation, evaluations, best and median error, from generation 0.
    """

    subsets: IntArray
    errors: Float64Array
    log: Any

    @property
    def generations(self) -> int:
        """Generations after the first."""
        return len(self.log) - 1

    @property
    def evaluations(self) -> int:
        """Subsets judged."""
        return int(sum(self.log.select("evaluations")))


def genetic_search(
    evaluate: Callable[[IntArray], Float64Array],
    n_items: int,
    k: int,
    plan: SearchPlan,
    rng: np.random.Generator,
    advance: Callable[[int], object] = lambda generations: None,
) -> Found:
    """Search for the subset of least error.

    Args:
        evaluate: from (subsets, k) positions of items, ascending, to (subsets,) errors; called once a generation.
        n_items: number of items to choose from.
        k: number of items of a subset.
        plan: size of the search.
        rng: all chance comes from it.
        advance: told after each generation that another one is done; skipped generations are told at the end.
    """
    from deap import tools

    toolbox = make_toolbox(evaluate, n_items, k, plan, rng)
    subsets = toolbox.population(plan.population if k < n_items else 1)
    subsets, errors = ranked(subsets, toolbox.evaluate(subsets))
    log = tools.Logbook()
    log.record(generation=0, evaluations=len(subsets), **_summary(errors))
    last_gain, planned = 0, plan.generations if k < n_items else 0
    for generation in range(1, planned + 1):
        children = toolbox.breed(subsets)
        everyone = np.concatenate([subsets[: plan.elite], children])
        best = errors[0]
        subsets, errors = ranked(everyone, np.concatenate([errors[: plan.elite], toolbox.evaluate(children)]))
        log.record(generation=generation, evaluations=len(children), **_summary(errors))
        advance(1)
        last_gain = generation if errors[0] < best else last_gain
        if plan.patience is not None and generation - last_gain >= plan.patience:
            break
    advance(plan.generations - (len(log) - 1))
    return Found(subsets, errors, log)


def make_toolbox(
    evaluate: Callable[[IntArray], Float64Array], n_items: int, k: int, plan: SearchPlan, rng: np.random.Generator
) -> Any:
    """DEAP's toolbox with operators on whole generations; `breed` puts `select`, `mate` and `mutate` together."""
    from deap import base

    toolbox = base.Toolbox()
    toolbox.register("evaluate", evaluate)
    toolbox.register("population", random_subsets, n_items=n_items, k=k, rng=rng)
    toolbox.register("select", tournament, population=plan.population, size=plan.tournament, rng=rng)
    toolbox.register("mate", crossover, rng=rng)
    if plan.mutation == "swap":
        toolbox.register("mutate", swap, n_items=n_items, swaps=plan.swaps, rng=rng)
    else:
        toolbox.register("mutate", flip, n_items=n_items, rng=rng)

    def breed(subsets: IntArray) -> IntArray:
        parents = subsets[toolbox.select(2 * (plan.population - plan.elite))]
        return np.asarray(toolbox.mutate(toolbox.mate(parents[::2], parents[1::2])), dtype=np.int64)

    toolbox.register("breed", breed)
    return toolbox


def ranked(subsets: IntArray, errors: Float64Array) -> tuple[IntArray, Float64Array]:
    """Both in order of error; of equal ones, those that were there before come first."""
    order = np.argsort(errors, kind="stable")
    return subsets[order], errors[order]


def _summary(errors: Float64Array) -> dict[str, float]:
    return {"best": float(errors[0]), "median": float(errors[len(errors) // 2])}
