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

In our trials (k = 100, 150 to 300 source models, read by `gam`) its error was 0.74 times that of random items on arc,
0.99 times on musr and 1.1 times on ifeval: where a benchmark measures more than one ability, what tells most about the
first need not tell most about the score. A search a third as long chose as well.

Costs 8 to 11 seconds of processor time for 150 to 300 models, 1,200 items and k = 100; two to three times
that where 3pl and 4pl are tried as well.

Source: Kipnis et al., metabench (arXiv 2407.12844); filling and cutting to k, whole groups in every fold, and lines
instead of curves for few models are ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from anchor_selectors.metabench.item_filters import ItemFilters
from anchor_selectors.metabench.objective import Fold, Objective
from anchor_selectors.metabench.settings_search import every_setting, search, unsearched
from anchor_selectors.metabench.subsampling import best_subset
from anchor_selectors.metabench.thinning import ABILITIES, Thinning
from anchoreval.arrays import BoolArray, Float64Array, FloatArray, IntArray
from anchoreval.errors import MethodOptionError, NotApplicableError, TooFewModelsError
from anchoreval.methods import NEEDS, Selection
from anchoreval.numerics.folds import group_folds
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
    models: Sequence[str] = field(default_factory=lambda: ["2pl"])
    thetas: Sequence[str] = field(default_factory=lambda: ["map", "eap"])
    grids: Sequence[str] = field(default_factory=lambda: list(GRIDS))
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
        folds = group_folds(groups, self.folds, rng)
        scores, truth = sources.scores[np.ix_(known, members)], truth[known]
        kept, told = self._first_cut(scores, truth, folds, k, rng)
        candidates = scores[:, kept].astype(np.float64)
        searched = len(np.unique(groups)) >= FEWEST_TO_SEARCH
        chosen, found = self._second_cut(candidates, truth, folds if searched else [], k, rng)
        return members[kept[chosen]], {"groups": len(np.unique(groups)), **told, **found}

    def _first_cut(
        self, scores: FloatArray, truth: Float64Array, folds: list[BoolArray], k: int, rng: np.random.Generator
    ) -> tuple[IntArray, dict[str, Any]]:
        """Filter and subsample the columns of (models, items) scores."""
        kept, lifted = self._filters().kept(scores, k)
        size = max(self.subsample, ROOM * k) if self.candidates else len(kept)
        first = best_subset(scores[:, kept], truth, folds, size, self.candidates, rng)
        return kept[first.items], {"filtered": len(kept), "filters_lifted": lifted, "subsample": first.told()}

    def _second_cut(
        self, scores: Float64Array, truth: Float64Array, folds: list[BoolArray], k: int, rng: np.random.Generator
    ) -> tuple[IntArray, dict[str, Any]]:
        """Choose k columns by information, under settings found in these folds; without folds, under the first."""
        whole = Thinning(scores, self.bins)
        listed = every_setting(whole, self.models, self.thetas, self.grids)
        parts = [Fold.of(scores, truth, inside, self.bins) for inside in folds]
        objective = Objective(parts, k, self.price, self.objective == "published")
        found = search(objective, listed, self.start, self.iterations, rng) if parts else unsearched(listed)
        return whole.thinned(found.settings, k), {**found.told, "taken_by_filter": len(whole.filtered(found.settings))}

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
    for number in np.flatnonzero(counts).tolist():
        yield str(names[number]), np.flatnonzero(codes == number), int(counts[number])
