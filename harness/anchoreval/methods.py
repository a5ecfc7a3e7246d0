"""The plug-in contract: what a selector, an estimator and a policy are.

A method is a dataclass whose fields are its options. Third parties register theirs under the entry-point groups
`anchoreval.selectors`, `anchoreval.estimators` and `anchoreval.policies`; built-ins use the same door. Methods get
their data through `anchoreval.contract`, which sorts models and items by id, seeds the generator, fills missing cells
for methods that need `complete` data, and refuses by name a need that the data do not meet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.responses import ResponseMatrix

NEEDS = {
    "probabilities": "option probabilities",
    "text": "item text (items.text)",
    "subjects": "subjects (items.subject)",
    "binary": "scores that are 0 or 1",
    "complete": "complete data",
    "inclusion": "anchors drawn at random with known inclusion probabilities",
    "weights": "anchors whose selector gives weights",
    "reconstruction": "anchors whose selector names a reconstruction of its own",
}
"""What a method may need, in words. `complete` is never refused: missing scores are filled in first.

`inclusion`, `weights` and `reconstruction` are needs of estimators, met by the selection rather than by the benchmark.
"""


@dataclass(frozen=True, eq=False)
class Selection:
    """What a selector returns.

    Attributes:
        items: ids of the anchors, unique.
        weights: (anchors,) non-negative weights whose weighted mean is meant to stand for the full score, or None if
            the method does not offer one. Scaled to sum to 1 by `anchoreval.contract.choose`.
        inclusion: (anchors,) probability in (0, 1] with which the design draws each anchor, or None unless the
            design is random.
        details: plain data about how the choice was made.
    """

    items: pd.Index[Any]
    weights: Float64Array | None = None
    inclusion: Float64Array | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Selector(Protocol):
    """Picks anchors from the results of source models.

    `unit` is what k counts: "item", or "subject" (all items of the chosen subjects become anchors). A selector may also
    carry `reconstruction`, a mapping of the `name` and options of the estimator that its paper reads the anchors with.
    """

    unit: ClassVar[str]
    needs: ClassVar[frozenset[str]]

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        """Pick k units. `sources` come sorted by id; randomness comes from `rng` alone."""
        ...


@runtime_checkable
class Estimator(Protocol):
    """Reconstructs full scores from answers on the anchors.

    An estimator predicts the mean of the items that were not asked and lets the answers enter as they are
    (`anchoreval.estimators.answered`), so with every item an anchor it gives the full score by construction.
    `whole_matrix` says whether fitting reads more of the sources than their answers on the anchors and their totals;
    where it does not, `fit` on `sources.part(anchors)` must give the same estimator as `fit` on `sources`.
    """

    needs: ClassVar[frozenset[str]]
    whole_matrix: ClassVar[bool]

    def fit(self, sources: ResponseMatrix, selection: Selection, rng: np.random.Generator) -> Self:
        """Learn from source models; what is learnt is stored on the estimator, which is returned."""
        ...

    def predict(self, targets: ResponseMatrix) -> pd.DataFrame:
        """Column `score`, then one a subject (NaN where nothing can be said), in [0, 1]; a row a target."""
        ...

    def state(self) -> dict[str, np.ndarray[Any, Any]]:
        """What was learnt, as plain arrays (numbers or strings) from which `from_state` restores the estimator."""
        ...

    def from_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """Put a learnt state back into an estimator with the same options; deterministic."""
        ...


@dataclass(frozen=True, eq=False)
class Answers:
    """What an adaptive test knows so far about one target.

    Attributes:
        items: ids of the items asked, in order.
        scores: (items,) in [0, 1]; NaN where the target gave no answer, which counts against no budget.
        target: its id: a policy that draws at random draws for each target anew.
    """

    items: pd.Index[Any]
    scores: Float64Array
    target: str = ""


@runtime_checkable
class Policy(Protocol):
    """Adaptive testing: which items to ask a target next, given its answers so far."""

    needs: ClassVar[frozenset[str]]

    def fit(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Self:
        """Learn from source models; at most k items will be asked of a target."""
        ...

    def next_items(self, answers: Answers) -> pd.Index[Any]:
        """The items to ask next; empty to stop."""
        ...
