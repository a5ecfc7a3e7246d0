"""The selector `auto`: tries selectors with their readings on held-out sources and takes the simplest that is good.

A candidate is a selector together with the estimator that reads its anchors. Each is run anew on a part of the sources
and judged by its errors on the others; the sources are divided the way the user says that targets will differ from them
(`resemble`): at random, by whole families, by date, or with the best models left out. Of the candidates within one
standard error of the best, the first is taken; they are listed from the one that assumes least, random items read by
`fusion`, to the one that assumes most. So few sources, new families and models better than any source are noticed by
what they do to the errors, and where there are too few sources to judge, the first candidate is taken untried.

What was tried, the errors and the reason are kept in the anchor set's details, with the reading that won: the estimator
`auto` follows it, and so does `published`. No target is ever looked at; the price is some selections more, as many as
divisions times candidates.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.contract import RECONSTRUCTION, choose, fit, unmet_need
from anchoreval.errors import AnchorEvalError, BudgetError, MethodOptionError, NotApplicableError, TooFewModelsError
from anchoreval.estimators.auto import READING, simplest_within_one_error
from anchoreval.estimators.candidates import LABELS, candidate
from anchoreval.groups import model_groups
from anchoreval.methods import Selection
from anchoreval.protocol.splits import Split, check_kind, split
from anchoreval.registry import make_selector
from anchoreval.responses import SCORE, ResponseMatrix

FEWEST_GROUPS = 8
"""With fewer groups of sources, differences in held-out error are noise."""

SHARES = {"gap": (0.2, 0.3, 0.4, 0.5), "chronological": (0.2, 0.3, 0.4, 0.5)}
"""Shares of the sources held out where a kind of split holds out the same ones every time."""


@dataclass(frozen=True)
class Pair:
    """A selector by name and options, and the label of the estimator (`anchoreval.estimators.candidates`) for it."""

    selector: str
    reading: str
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def label(self) -> str:
        """For tables."""
        return f"{self.selector} + {self.reading}"


PAIRS = (
    Pair("random", "fusion"),
    Pair("stratified_difficulty", "fusion"),
    Pair("random_search", "ridge"),
    Pair("optimal", "ridge"),
    Pair("optimal", "kernel_ridge"),
)
"""From the one that assumes least to the one that assumes most."""
BEYOND = Pair("stratified_difficulty", "mean")
"""Tried as well, after readings by `fusion`, where targets will be better or younger than every source: a mean of
stratified anchors needs nothing that was learnt on the sources to hold. Added when a first run of the study `no_regret`
had shown it ahead on ifeval, k = 20, `gap`."""
DRIFTING = ("gap", "chronological")


@dataclass
class Auto:
    """The simplest pair of selector and reading within one standard error of the best.

    Attributes:
        resemble: how targets will differ from sources: `iid` (not at all), `family`, `chronological` or `gap` (they
            are better than every source).
        divisions: of the sources, in each of which every candidate is tried.
        candidates: pairs (selector, reading) by name; None: the built-in list.
    """

    resemble: str = "iid"
    divisions: int = 4
    candidates: Sequence[Sequence[str]] | None = None
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        check_kind(self.resemble)
        if isinstance(self.divisions, bool) or not isinstance(self.divisions, int) or self.divisions < 1:
            raise MethodOptionError(f"selector auto: option divisions must be at least 1, not {self.divisions!r}")
        for pair in self.candidates or ():
            if len(pair) != 2 or pair[1] not in LABELS:
                raise MethodOptionError(
                    f"selector auto: candidate {pair!r} is not a selector and one of {', '.join(LABELS)}"
                )

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        """Try the pairs inside the sources, then pick anchors on all of them with the winner.

        Raises:
            NotApplicableError: no candidate is applicable.
        """
        seed = int(rng.integers(2**31))
        pairs = [pair for pair in self._pairs() if _applicable(pair, sources)]
        if not pairs:
            raise NotApplicableError(f"selector auto: no candidate is applicable to benchmark {sources.name}")
        notes: list[str] = []
        errors, models = self._tried(pairs, sources, k, seed, notes)
        winner = 0 if errors is None else simplest_within_one_error(errors, models)
        chosen = choose(make_selector(pairs[winner].selector, **pairs[winner].options), sources, k, seed)
        tried = {} if errors is None else dict(zip((p.label for p in pairs), errors.mean(axis=1).tolist(), strict=True))
        made = candidate(pairs[winner].reading)
        details = {
            **chosen.details,
            "chosen": pairs[winner].label,
            "tried": tried,
            "resemble": self.resemble,
            "notes": list(dict.fromkeys(notes)),
            READING: pairs[winner].reading,
            RECONSTRUCTION: {"name": made.method, **made.options},
        }
        return dataclasses.replace(chosen, details=details)

    def _pairs(self) -> Sequence[Pair]:
        if self.candidates is not None:
            return [Pair(str(name), str(reading)) for name, reading in self.candidates]
        return (*PAIRS[:2], BEYOND, *PAIRS[2:]) if self.resemble in DRIFTING else PAIRS

    def _tried(
        self, pairs: Sequence[Pair], sources: ResponseMatrix, k: int, seed: int, notes: list[str]
    ) -> tuple[Float64Array | None, Any]:
        """(pairs, models) mean absolute errors of the models that were held out, and their groups."""
        groups = model_groups(sources)
        if (count := groups.nunique()) < FEWEST_GROUPS:
            notes.append(f"{count} groups of sources are too few to compare candidates: the first one was taken")
            return None, None
        sums = np.zeros((len(pairs), sources.n_models))
        times = np.zeros(sources.n_models)
        for sides in self._divisions(sources, seed, notes):
            held = sources.models.index.isin(sides.targets)
            sums[:, held] += _errors(pairs, sources, sides, k, seed)
            times[held] += 1
        seen = times > 0
        if not seen.any():
            notes.append("the sources could not be divided: the first candidate was taken")
            return None, None
        return sums[:, seen] / times[seen], groups.to_numpy(dtype=str)[seen]

    def _divisions(self, sources: ResponseMatrix, seed: int, notes: list[str]) -> list[Split]:
        """Sources divided as targets will differ from them, else at random, which is noted."""
        shares = SHARES.get(self.resemble, (None,) * self.divisions)
        found: list[Split] = []
        for number, share in enumerate(shares[: self.divisions]):
            try:
                found.append(split(sources, self.resemble, seed + number, share))
            except (NotApplicableError, TooFewModelsError) as error:
                notes.append(f"sources divided at random instead: {error}")
                with contextlib.suppress(TooFewModelsError):
                    found.append(split(sources, "iid", seed + number))
        return found


def _applicable(pair: Pair, sources: ResponseMatrix) -> bool:
    made, reading = make_selector(pair.selector, **pair.options), candidate(pair.reading)
    return unmet_need(made.needs, sources) is None and sources.n_models <= reading.most_sources


def _errors(pairs: Sequence[Pair], sources: ResponseMatrix, sides: Split, k: int, seed: int) -> Float64Array:
    """(pairs, held-out models) absolute errors; those of a pair that fails are 1, the worst there is."""
    teachers, held = sources.subset(models=sides.sources), sources.subset(models=sides.targets)
    truth = held.full_scores.to_numpy(dtype=np.float64)
    errors = np.ones((len(pairs), held.n_models))
    selections: dict[tuple[str, str], Selection] = {}
    for row, pair in enumerate(pairs):
        made, reading = make_selector(pair.selector, **pair.options), candidate(pair.reading)
        key = (pair.selector, repr(sorted(pair.options.items())))
        try:
            if key not in selections:
                selections[key] = choose(made, teachers, k, seed)
            selection = selections[key]
            known = teachers if reading.make().whole_matrix else teachers.part(selection.items)
            estimates = fit(reading.make(), known, selection, seed).predict(held.part(selection.items))[SCORE]
        except BudgetError:
            raise
        except AnchorEvalError:
            continue
        gaps = np.abs(estimates.to_numpy(dtype=np.float64) - truth)
        errors[row] = np.where(np.isnan(gaps), 1.0, gaps)
    return errors
