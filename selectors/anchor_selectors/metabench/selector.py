"""metabench: random subsets first, then the items that tell most about ability at every level of it.

Items without spread, answered by nearly all, or unrelated to the total are left out. Of 10,000 random subsets of 350
items that one stays whose mean predicts the full score best in its worst fold of source models. An item response model
is fitted to it, and going through bins of ability from low to high each bin takes the unused item with most
information there, above a threshold. Model, kind of ability, kind of bins and threshold are chosen by Bayesian
optimisation of the error on source models left out. It assumes one ability behind the items, and many models: the
original had 5,000. With 15 or fewer its error explodes in others' trials; below ten groups of models nothing is
searched here, below three it refuses. Three- and four-parameter models are barely identified below several hundred.
The anchors are no sample, so no weights are given: reconstruct with `gam`.

The original's budget is whatever threshold and price of an item make it. Here k is given: settings are judged by the
error of exactly k items, filled or cut by information, and by how far the filter alone stays from k; with
`objective="published"` they are chosen by the original's error plus price x items, and the outcome then filled or cut.

Costs 5 to 20 seconds for 150 to 400 models, 1,200 items and k = 100.

Source: Kipnis et al., metabench (arXiv 2407.12844); filling and cutting to k, whole groups in every fold, and lines
instead of curves for few models are ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from anchor_selectors.metabench.item_filters import ItemFilters
from anchor_selectors.metabench.objective import Fold, Objective
from anchor_selectors.metabench.settings_search import every_setting, search, unsearched
from anchor_selectors.metabench.subsampling import best_subset
from anchor_selectors.metabench.thinning import ABILITIES, Thinning
from anchoreval.arrays import IntArray
from anchoreval.errors import MethodOptionError, NotApplicableError, TooFewModelsError
from anchoreval.methods import NEEDS, Selection
from anchoreval.numerics.design_tuning import group_folds
from anchoreval.numerics.information_filter import GRIDS
from anchoreval.numerics.sampling import allocate, round_at_random
from anchoreval.responses import SCORE, ResponseMatrix
from anchoreval.tables import base_model_codes

FEWEST_GROUPS = 3
"""With two, a fold would be judged by what a single group taught."""
FEWEST_TO_SEARCH = 10
"""With fewer groups the differences between settings are chance; the first ones named are taken, threshold 0."""
ROOM = 2
"""The first cut leaves at least this many items an anchor, so that the second has something to choose from."""
MODELS = ("2pl", "3pl", "4pl")
OBJECTIVES = ("budget", "published")


@dataclass
class Metabench:
    """Item filters, cross-validated subsampling, information filter.

    Attributes:
        subsample: items that the first cut leaves, or twice k where that is more.
        candidates: random subsets of the first cut; 0 leaves it out.
        folds: of both cuts, at most one a group of models.
        models: item response models to choose among: 2pl, 3pl, 4pl.
        thetas: kinds of ability to choose among: map, eap.
        grids: kinds of bins to choose among: quantiles of the abilities, equal steps.
        bins: number of bins.
        objective: `budget` or `published` (see above).
        price: of an item in percentage points of error: of one more or less than k (`budget`), of any (`published`).
        start: settings tried at random before the search.
        iterations: settings tried by the search.
        joint: give every subject (benchmark of a suite) its part of k, in proportion to its weight, and choose inside
            each by its own score; the reconstruction is then joint as well.
        least_spread: items vary more than this (standard deviation).
        greatest_accuracy: items are easier for no more than this share.
        least_correlation: items correlate at least this much, up or down, with the total.
        rest_score: correlate with the total of the other items.
        drop_negative: also leave out what correlates negatively.
    """

    subsample: int = 350
    candidates: int = 10_000
    folds: int = 5
    models: Sequence[str] = ("2pl",)
    thetas: Sequence[str] = ("map", "eap")
    grids: Sequence[str] = GRIDS
    bins: int = 250
    objective: str = "budget"
    price: float = 0.005
    start: int = 15
    iterations: int = 40
    joint: bool = False
    least_spread: float = 0.01
    greatest_accuracy: float = 0.95
    least_correlation: float = 0.05
    rest_score: bool = False
    drop_negative: bool = False
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset({"complete"})

    def __post_init__(self) -> None:
        fewest = {"subsample": 1, "candidates": 0, "folds": 2, "bins": 1, "start": 1, "iterations": 0}
        for option, least in fewest.items():
            value = getattr(self, option)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise MethodOptionError(f"{option} = {value!r} is not a whole number of at least {least}")
        for option, choices in (("models", MODELS), ("thetas", tuple(ABILITIES)), ("grids", GRIDS)):
            given = getattr(self, option)
            if isinstance(given, str) or not given or not set(given) <= set(choices):
                raise MethodOptionError(f"{option} = {given!r} is not a list out of {', '.join(choices)}")
        if self.objective not in OBJECTIVES:
            raise MethodOptionError(f"objective = {self.objective!r} is not one of {', '.join(OBJECTIVES)}")
        if not self.price >= 0:
            raise MethodOptionError(f"price = {self.price} is negative")

    @property
    def reconstruction(self) -> Mapping[str, Any]:
        """The estimator that the paper reads the anchors with."""
        return {"name": "gam", "joint": True} if self.joint else {"name": "gam"}

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        """Choose k items.

        Raises:
            NotApplicableError: `joint` without subjects.
            TooFewModelsError: source models with a known score are of fewer than three groups.
        """
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        with threadpool_limits(1):  # many small products: threads would cost more than they give
            return self._select(sources, k, rng)

    def _select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        if not self.joint:
            items, details = self._within(sources, SCORE, np.arange(sources.n_items), k, rng)
            return Selection(items=sources.items.index[items], details=details)
        if "subject" not in sources.items:
            raise NotApplicableError(
                f"selector metabench needs {NEEDS['subjects']} for joint; benchmark {sources.name} has none"
            )
        chosen, told = [], {}
        for subject, members, part in _parts(sources, k, rng):
            items, told[subject] = self._within(sources, subject, members, part, rng)
            chosen.append(items)
        return Selection(items=sources.items.index[np.concatenate(chosen)], details={"subjects": told})

    def _within(
        self, sources: ResponseMatrix, output: str, members: IntArray, k: int, rng: np.random.Generator
    ) -> tuple[IntArray, dict[str, Any]]:
        """Choose k of the items `members` for one output of the benchmark (the score, or a subject's)."""
        if k == len(members):
            return members, {"filtered": k}
        truth = sources.totals()[output].to_numpy()
        known = np.flatnonzero(~np.isnan(truth))
        groups = self._groups(sources, known, output)
        truth, scores = truth[known], sources.scores[np.ix_(known, members)]
        kept, lifted = self._filters().kept(scores, k)
        told = {"groups": len(np.unique(groups)), "filtered": len(kept), "filters_lifted": lifted}
        folds = group_folds(groups, self.folds, rng)
        size = max(self.subsample, ROOM * k) if self.candidates else len(kept)
        first = best_subset(scores[:, kept], truth, folds, size, self.candidates, rng)
        kept = kept[first.items]
        candidates = scores[:, kept].astype(np.float64)
        whole = Thinning(candidates, self.bins)
        listed = every_setting(whole, self.models, self.thetas, self.grids)
        found = unsearched(listed)
        if told["groups"] >= FEWEST_TO_SEARCH:
            parts = [Fold.of(candidates, truth, inside, self.bins) for inside in folds]
            objective = Objective(parts, k, self.price, self.objective == "published")
            found = search(objective, listed, self.start, self.iterations, rng)
        told |= {"subsample": first.told(), **found.told, "taken_by_filter": len(whole.filtered(found.settings))}
        return members[kept[whole.thinned(found.settings, k)]], told

    def _groups(self, sources: ResponseMatrix, known: IntArray, output: str) -> IntArray:
        """(known,) group of each source model whose output is known."""
        groups = base_model_codes(sources.models.iloc[known])
        if (count := len(np.unique(groups))) < FEWEST_GROUPS:
            raise TooFewModelsError(
                f"selector metabench needs source models of at least {FEWEST_GROUPS} groups (base_model); "
                f"benchmark {sources.name} has {count} with a known {output}"
            )
        return groups

    def _filters(self) -> ItemFilters:
        return ItemFilters(
            self.least_spread, self.greatest_accuracy, self.least_correlation, self.rest_score, self.drop_negative
        )


def _parts(sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Iterator[tuple[str, IntArray, int]]:
    """Subjects that get a part of k, in alphabetical order, with their items and how many of them to choose."""
    codes, names = pd.factorize(sources.items["subject"], sort=True)
    shares = np.bincount(codes, weights=sources.weights).astype(np.float64)
    counts = round_at_random(allocate(k, shares, np.bincount(codes)), rng)
    for number in np.flatnonzero(counts):
        yield str(names[number]), np.flatnonzero(codes == number), int(counts[number])
