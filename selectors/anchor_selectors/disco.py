"""DISCO's selection: the items on which source models disagree most (arXiv 2510.07959, sections 1 to 3).

Assumes that an item tells models apart where their option probabilities differ; gold labels are not looked at. Needs
option probabilities of at least two models. Items are scored one by one and the best k taken, so near-duplicate items
are all taken, and nothing is proved about a set of items. The anchors are the contested items: the plain mean over
them is far from the full score, so no weights are given; reconstruct by a regression on the signature. One pass over
the probabilities: seconds for thousands of models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from anchoreval.arrays import BoolArray, Float64Array, IntArray, Probabilities
from anchoreval.errors import MethodOptionError, NotApplicableError, TooFewModelsError
from anchoreval.methods import NEEDS, Selection
from anchoreval.numerics.disagreement import jensen_shannon, predictive_diversity
from anchoreval.responses import ResponseMatrix

SCORES = ("pds", "jsd")
FEWEST_GUIDES = 2
DIGITS = 6
"""The scores' accuracy: items closer than that are tied, so that the choice is the same on every machine."""


@dataclass
class Disco:
    """The k items of highest disagreement between guiding models; ties go to the lower id.

    Attributes:
        score: `pds` (predictive diversity score) or `jsd` (Jensen-Shannon divergence).
        normalise: divide the PDS by the item's number of options, as in the paper's definition; without it, the sum
            that the released code uses. The same choice where all items have equally many options.
        guides: number of guiding models, drawn at random from the source models; None takes all.
        stratify: an equal count of items a subject, the remainder to subjects in alphabetical order; where a subject
            has no items left, the others go on in turn.
    """

    score: str = "pds"
    normalise: bool = False
    guides: int | None = None
    stratify: bool = False
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset({"probabilities"})
    reconstruction: ClassVar[Mapping[str, Any]] = {
        "name": "signature",
        "features": "probabilities",
        "regressor": "forest",
        "components": 256,
        "line": False,
    }

    def __post_init__(self) -> None:
        if self.score not in SCORES:
            raise MethodOptionError(f"score {self.score!r} is not one of {', '.join(SCORES)}")
        if self.normalise and self.score != "pds":
            raise MethodOptionError("normalise applies to score 'pds' alone")
        if self.guides is not None and self.guides < FEWEST_GUIDES:
            raise MethodOptionError(f"guides = {self.guides}: disagreement takes at least {FEWEST_GUIDES} models")

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        """Take the k items of highest score.

        Raises:
            NotApplicableError: no option probabilities, or no subjects to stratify by.
            TooFewModelsError: fewer models with probabilities than guiding models are asked for.
        """
        if sources.probabilities is None:
            raise NotApplicableError(
                f"selector disco needs {NEEDS['probabilities']}; benchmark {sources.name} has none"
            )
        if self.stratify and "subject" not in sources.items:
            raise NotApplicableError(
                f"selector disco with stratify=True needs {NEEDS['subjects']}; benchmark {sources.name} has none"
            )
        answered: BoolArray = ~np.isnan(sources.probabilities[:, :, 0])
        guides = self._guides(np.any(answered, axis=1), sources.name, rng)
        scores = self._scores(_rows(sources.probabilities, guides))
        scores[answered[guides].sum(axis=0) < FEWEST_GUIDES] = np.nan
        chosen = self._ranking(scores, sources)[:k]
        return Selection(
            items=sources.items.index[chosen],
            details=self._details(scores, chosen, sources.models.index[guides]),
        )

    def _guides(self, usable: BoolArray, name: str, rng: np.random.Generator) -> IntArray:
        """Positions of the guiding models, in order."""
        candidates = np.flatnonzero(usable)
        wanted = FEWEST_GUIDES if self.guides is None else self.guides
        if len(candidates) < wanted:
            raise TooFewModelsError(
                f"selector disco needs {wanted} guiding models; {len(candidates)} source models of benchmark {name} "
                "have option probabilities"
            )
        return candidates if self.guides is None else np.sort(rng.choice(candidates, size=wanted, replace=False))

    def _scores(self, probabilities: Probabilities) -> Float64Array:
        if self.score == "jsd":
            return jensen_shannon(probabilities)
        return predictive_diversity(probabilities, normalise=self.normalise)

    def _ranking(self, scores: Float64Array, sources: ResponseMatrix) -> IntArray:
        """Positions of all items, best first; items come sorted by id, which breaks ties."""
        unscored = np.isnan(scores)
        order = np.argsort(np.where(unscored, np.inf, -np.round(scores, DIGITS)), kind="stable")
        if not self.stratify:
            return order
        # each round takes the best item left of every subject in turn: equal counts, and subjects that run out drop out
        subject = sources.items["subject"].iloc[order]
        turn = subject.groupby(subject).cumcount().to_numpy()
        return order[np.lexsort((subject.to_numpy(dtype=str), turn, unscored[order]))]

    def _details(self, scores: Float64Array, chosen: IntArray, guides: pd.Index[Any]) -> dict[str, Any]:
        return {
            "guides": [str(model) for model in guides],
            "unscored_items": int(np.isnan(scores).sum()),
            "scores": _quartiles(scores),
            "scores_of_anchors": _quartiles(scores[chosen]),
        }


def _rows(probabilities: Probabilities, rows: IntArray) -> Probabilities:
    """Some models' probabilities; all of them without a copy."""
    return probabilities if len(rows) == len(probabilities) else probabilities[rows]


def _quartiles(scores: Float64Array) -> dict[str, float]:
    scored = scores[~np.isnan(scores)]
    if not scored.size:
        return {}
    names = ("min", "lower_quartile", "median", "upper_quartile", "max")
    return dict(zip(names, np.quantile(scored, (0, 0.25, 0.5, 0.75, 1)).tolist(), strict=True))
