"""The selector `essence`: its options, and how filter, search and rounds are put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from anchor_selectors.essence.attribution import Importance, permutation_importance
from anchor_selectors.essence.boosting import boosting_importance, has_boosting
from anchor_selectors.essence.panel import Panel
from anchor_selectors.essence.pool import PoolRule
from anchor_selectors.essence.rounds import Rounds, RoundsPlan
from anchor_selectors.essence.search import SearchPlan
from anchoreval.errors import MethodOptionError
from anchoreval.methods import Selection
from anchoreval.responses import ResponseMatrix

CHOICES = {
    "mutation": ("swap", "flip"),
    "attribution": ("permutation", "ebm", "auto"),
    "redundant": ("both", "either"),
    "keep": ("first", "last"),
}
FEWEST = {
    "population": 2,
    "elite": 1,
    "tournament": 1,
    "generations": 0,
    "rounds": 1,
    "swaps": 1,
    "patience": 1,
    "attributed": 1,
    "splines": 4,
}
OPTIONAL = {
    "patience",
    "fitness_share",
    "text_threshold",
    "rank_threshold",
    "max_accuracy",
    "min_sd",
    "min_discrimination",
}
RANGES = {
    "fitness_share": 0,
    "group_share": 0,
    "text_threshold": -1,
    "rank_threshold": -1,
    "max_accuracy": 0,
    "min_sd": 0,
    "min_discrimination": 0,
}


@dataclass
class Essence:
    """Coarse filter, genetic search and attribution-guided regrouping (EssenceBench, arXiv 2510.10457).

    Attributes:
        population: subsets alive at a time in the search of a round's pool; groups are searched with a third of it, at
            least 60.
        elite: best subsets that go on unchanged.
        tournament: members of the population that compete to be a parent.
        generations: of the search of a round's pool; groups are searched for half of it, at least 200.
        rounds: of search, attribution and regrouping.
        mutation: `swap` exchanges exactly `swaps` items; `flip`, as published, flips each bit with probability 1/k.
        swaps: items exchanged.
        patience: generations without gain after which a search ends; None: never.
        fitness_share: None: every source model judges subsets, by the curve fitted to the other four of five folds. A
            number: that share of the groups judges, and the curve is fitted to the rest; 0.1 is published.
        splines: of a curve that is frozen during a search.
        penalty: of such a curve.
        refit: report the winner's error with a curve fitted to its own means as well.
        attribution: `permutation` (importance in a ridge regression), `ebm` (explainable boosting machines, as
            published; extra `ebm`), or `auto` (`ebm` where it is installed, so that the result depends on that).
        attributed: best subsets of a search over which importance is averaged.
        group_share: share of the items that the next pool keeps.
        text_threshold: cosine between two items' texts above which they are alike; None: texts are not compared.
        rank_threshold: correlation between two items' scores above which they are alike; None: not compared.
        redundant: where both thresholds are set, an item is dropped if an earlier one exceeds `both`, or `either`.
        keep: `first` of items alike, as the paper says, or `last`, as its released script does.
        embeddings: name or path of a sentence-transformers model for texts (extra `embeddings`); None: TF-IDF.
        max_accuracy: items that source models answer better than this on average are dropped; None: none are.
        min_sd: items whose scores spread less than this are dropped.
        min_discrimination: items that correlate less than this, in absolute value, with the other items are dropped.
    """

    population: int = 200
    elite: int = 20
    tournament: int = 3
    generations: int = 1000
    rounds: int = 2
    mutation: str = "swap"
    swaps: int = 1
    patience: int | None = None
    fitness_share: float | None = None
    splines: int = 25
    penalty: float = 5.0
    refit: bool = True
    attribution: str = "permutation"
    attributed: int = 200
    group_share: float = 0.75
    text_threshold: float | None = 0.9
    rank_threshold: float | None = None
    redundant: str = "both"
    keep: str = "first"
    embeddings: str | None = None
    max_accuracy: float | None = 0.95
    min_sd: float | None = 0.001
    min_discrimination: float | None = 0.05
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset({"complete"})
    reconstruction: ClassVar[Mapping[str, Any]] = {"name": "gam", "features": "mean"}

    def __post_init__(self) -> None:
        for option, allowed in CHOICES.items():
            if getattr(self, option) not in allowed:
                raise MethodOptionError(f"{option} = {getattr(self, option)!r} is not one of {', '.join(allowed)}")
        for option, fewest in FEWEST.items():
            value = getattr(self, option)
            whole = isinstance(value, int) and not isinstance(value, bool) and value >= fewest
            if not (whole or self._is_off(option)):
                raise MethodOptionError(f"{option} = {value!r} is not a whole number of at least {fewest}")
        for option, low in RANGES.items():
            value = getattr(self, option)
            if not (self._is_off(option) or (isinstance(value, int | float) and low <= value <= 1)):
                raise MethodOptionError(f"{option} = {value!r} is not between {low} and 1")
        if not (isinstance(self.penalty, int | float) and 0 <= self.penalty < np.inf):
            raise MethodOptionError(f"penalty = {self.penalty!r} is not a number of at least 0")
        if self.embeddings is not None and not isinstance(self.embeddings, str):
            raise MethodOptionError(f"embeddings = {self.embeddings!r} is not the name or path of a model")
        if self.elite >= self.population:
            raise MethodOptionError(f"elite = {self.elite} is not less than population = {self.population}")

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        """Filter the items, search, and return the best subset; its fitness in `details` is optimistic.

        Raises:
            TooFewModelsError: source models with a full score are of fewer than three groups.
            MissingExtraError: `embeddings` or `attribution="ebm"` without the extra.
        """
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
        from tqdm import tqdm

        panel = self.panel(sources, rng)
        attribution, importance = self._importance(rng)
        plan = self._plan()
        bar = tqdm(total=plan.generations, desc="essence", unit="generation", disable=None, leave=False)
        # threads add up in the order in which they end: one thread makes the same sums every time
        with bar, threadpool_limits(1):
            pool, filtered = self.pool_rule().pool(sources.items, panel.scores, k)
            rounds = Rounds(panel, k, plan, rng, bar.update)
            record = rounds.run(pool, importance)
            claims = {"fitness": rounds.error}
            if self.refit:
                claims["refitted"] = panel.refitted_error(rounds.items)
        details = {
            "fitness_models": int(panel.judging.sum()),
            "folds": int(panel.fold.max()) + 1,
            "filter": filtered,
            "attribution": attribution,
            "rounds": record,
            "generations": rounds.generations,
            "evaluations": rounds.evaluations,
            **claims,
        }
        return Selection(items=sources.items.index[rounds.items], details=details)

    def panel(self, sources: ResponseMatrix, rng: np.random.Generator) -> Panel:
        """Source models dealt out to fitting and judging: the first that is drawn from `rng`."""
        return Panel.drawn(sources, self.fitness_share, self.splines, self.penalty, rng)

    def pool_rule(self) -> PoolRule:
        """The filters, with this selector's options."""
        return PoolRule(**{rule.name: getattr(self, rule.name) for rule in fields(PoolRule)})

    def _importance(self, rng: np.random.Generator) -> tuple[str, Importance]:
        """What measures importance, by its name and as a function."""
        seed = int(rng.integers(2**31))
        if self.attribution == "ebm" or (self.attribution == "auto" and has_boosting()):
            return "ebm", boosting_importance(seed)
        return "permutation", permutation_importance

    def _plan(self) -> RoundsPlan:
        search = SearchPlan(
            self.population, self.elite, self.tournament, self.generations, self.mutation, self.swaps, self.patience
        )
        return RoundsPlan(search, self.rounds, self.attributed, self.group_share)

    def _is_off(self, option: str) -> bool:
        return option in OPTIONAL and getattr(self, option) is None
