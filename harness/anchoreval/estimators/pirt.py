"""p-IRT: answers as they are, and for every other item the score that item response theory expects (tinyBenchmarks).

Z_p = answered part + share of the rest x mean of P(theta) over the rest. Curves are fitted to the sources' answers to
all items, theta is the posterior mode under N(0, I) given the anchors (the paper's maximum likelihood has no answer for
all-right and all-wrong targets). It assumes that one ability, or a few, account for a model's answers. A target that is
good at other things than the sources are is misread by the same amount however many anchors it answers, for which
`gpirt` mixes in a mean that cannot be misled. Any anchors do, however picked; no weights are needed.

Scores between 0 and 1 are taken as they are: expectations of the curves, not cut at a threshold as in the paper, which
would change the score that is wanted. Where the matrix is a part of the benchmark, a line learnt on the sources leads
from what the curves expect to the full score (ours; see `anchoreval.estimators.item_response`).

Fitting reads the whole matrix (one fit: a second for 200 models and 1,000 items); the fitted state holds the curves of
all items, so that an anchor set needs nothing else.

Source: Maia Polo et al., tinyBenchmarks (arXiv 2402.14992), section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from anchoreval.errors import MethodOptionError
from anchoreval.estimators.answered import State
from anchoreval.estimators.item_response import ItemResponse
from anchoreval.methods import Selection
from anchoreval.numerics.response_curves import ResponseCurves, check_curve_options
from anchoreval.responses import ResponseMatrix


@dataclass
class PIRT:
    """Expected scores of the unanswered items at the ability that the anchors show.

    Attributes:
        model: of the curves: 1pl, 2pl, 3pl or 4pl.
        dimensions: number of abilities; more than 1 goes with 2pl.
    """

    needs: ClassVar[frozenset[str]] = frozenset()
    whole_matrix: ClassVar[bool] = True
    model: str = "2pl"
    dimensions: int = 1
    response_: ItemResponse = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        checked_for("pirt", self.model, self.dimensions)

    def fit(self, sources: ResponseMatrix, selection: Selection, rng: np.random.Generator) -> Self:
        """Fit the curves of all items; nothing is random."""
        curves = ResponseCurves.fit(sources.scores, self.model, self.dimensions)
        self.response_ = ItemResponse.learn(sources, selection, curves)
        return self

    def predict(self, targets: ResponseMatrix) -> pd.DataFrame:
        """Answered part plus the expected rest."""
        return self.response_.predict(targets)

    def abilities(self, targets: ResponseMatrix) -> pd.DataFrame:
        """(targets, dimensions) abilities, sources being N(0, I); 0 for a target that answered no anchor."""
        return pd.DataFrame(self.response_.abilities(targets), index=targets.models.index)

    def state(self) -> State:
        """Design, curves of all items, weights and line."""
        return self.response_.state()

    def from_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """Restore what `state` describes."""
        self.response_ = ItemResponse.from_state(state)
        return self


def checked_for(name: str, model: str, dimensions: int) -> None:
    """Check the options of an estimator by the curves that it wants.

    Raises:
        MethodOptionError: names the estimator and the option.
    """
    try:
        check_curve_options(model, dimensions)
    except MethodOptionError as error:
        raise MethodOptionError(f"estimator {name}: option {error}") from error
