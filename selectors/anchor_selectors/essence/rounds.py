"""Search, see which items mattered, search smaller pools made from that, and go on with the best of these pools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from anchor_selectors.essence.attribution import Importance, attributions
from anchor_selectors.essence.panel import Panel
from anchor_selectors.essence.regrouping import regrouped
from anchor_selectors.essence.search import Found, SearchPlan, genetic_search
from anchoreval.arrays import IntArray

GROUPS = 3


@dataclass(frozen=True)
class RoundsPlan:
    """How the rounds go.

    Attributes:
        search: size of each round's search of the whole pool.
        rounds: number of rounds.
        attributed: best subsets of a search that decide which items mattered.
        share: of the items, that a group holds.
    """

    search: SearchPlan
    rounds: int = 2
    attributed: int = 200
    share: float = 0.75

    @property
    def smaller(self) -> SearchPlan:
        """Size of the search of a group, as in the port of the published code; never larger than the round's own."""
        whole = self.search
        population = min(whole.population, max(60, whole.population // 3))
        return replace(
            whole,
            population=population,
            elite=min(whole.elite, max(6, whole.elite // 3), population - 1),
            generations=min(whole.generations, max(200, whole.generations // 2)),
        )

    @property
    def generations(self) -> int:
        """Generations of all searches together, if none ends early."""
        return self.rounds * (self.search.generations + GROUPS * self.smaller.generations)


@dataclass
class Rounds:
    """What the rounds found so far.

    Attributes:
        panel: the source models.
        k: number of items of a subset.
        plan: how the rounds go.
        rng: all chance comes from it.
        advance: told of generations done.
        items: (k,) the best subset, ascending positions in the benchmark.
        error: of it, in percentage points.
        evaluations: subsets judged.
        generations: over all searches.
    """

    panel: Panel
    k: int
    plan: RoundsPlan
    rng: np.random.Generator
    advance: Callable[[int], object]
    items: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    error: float = np.inf
    evaluations: int = 0
    generations: int = 0

    def run(self, pool: IntArray, importance: Importance) -> list[dict[str, Any]]:
        """All rounds, from a pool of items; what each found, as plain data."""
        record = []
        for _ in range(self.plan.rounds):
            found = self._search(pool, self.plan.search)
            training = self.panel.training
            attribution = attributions(
                self.panel.scores[training][:, pool],
                self.panel.truth[training],
                found.subsets[: self.plan.attributed],
                importance,
            )
            groups = regrouped(attribution, self.k, self.plan.share, self.rng)
            ends = {name: self._search(pool[group], self.plan.smaller) for name, group in groups.items()}
            record.append(
                {
                    "pool": len(pool),
                    "attributed": int(np.count_nonzero(~np.isnan(attribution))),
                    **_end(found),
                    "groups": {name: {"pool": len(groups[name]), **_end(end)} for name, end in ends.items()},
                }
            )
            pool = pool[groups[min(ends, key=lambda name: float(ends[name].errors[0]))]]
        return record

    def _search(self, pool: IntArray, plan: SearchPlan) -> Found:
        """Search a pool with a curve of its own, and remember the best subset of all."""
        fitness = self.panel.fitness(pool, self.k)
        found = genetic_search(fitness, len(pool), self.k, plan, self.rng, self.advance)
        self.evaluations += found.evaluations
        self.generations += found.generations
        if found.errors[0] < self.error:
            self.items, self.error = pool[found.subsets[0]], float(found.errors[0])
        return found


def _end(found: Found) -> dict[str, Any]:
    return {"generations": found.generations, "fitness": float(found.errors[0])}
