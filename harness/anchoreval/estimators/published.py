"""The reconstruction that a selector's own paper uses, so that every method can be tried as it was meant.

A selector names it in its attribute `reconstruction`, `anchoreval.contract.choose` notes it with the anchors
(`Selection.details`), and this estimator hands its work over: to the weighted mean for k-medoids, to a forest on
option probabilities for DISCO, and so on. It is the same door as naming that estimator, so the rules stay: answers
enter as they are, and what the anchors lack is refused by name. Anchors of a selector that has no reconstruction of
its own, or that come from elsewhere, have none here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from anchoreval.contract import RECONSTRUCTION, fit
from anchoreval.estimators.answered import State
from anchoreval.estimators.flat_state import part_of, prefixed
from anchoreval.methods import Estimator, Selection
from anchoreval.registry import make_estimator
from anchoreval.responses import ResponseMatrix


@dataclass
class Published:
    """Whatever the selector of the anchors is published with.

    Attributes:
        chosen: after fitting, the name of that estimator.
        options: after fitting, its options.
    """

    needs: ClassVar[frozenset[str]] = frozenset({RECONSTRUCTION})
    whole_matrix: ClassVar[bool] = True  # some of them do; state then holds what they need
    chosen: str = field(init=False, default="", compare=False)
    options: dict[str, Any] = field(init=False, default_factory=dict, compare=False)
    estimator_: Estimator = field(init=False, repr=False, compare=False)

    def fit(self, sources: ResponseMatrix, selection: Selection, rng: np.random.Generator) -> Self:
        """Fit that estimator.

        Raises:
            NotApplicableError: one of its needs is not met.
        """
        named = selection.details[RECONSTRUCTION]
        self.chosen = str(named["name"])
        self.options = {str(option): value for option, value in named.items() if option != "name"}
        self.estimator_ = fit(self._made(), sources, selection, seed=int(rng.integers(2**31)))
        return self

    def _made(self) -> Estimator:
        return make_estimator(self.chosen, **self.options)

    def predict(self, targets: ResponseMatrix) -> pd.DataFrame:
        """What that estimator predicts."""
        return self.estimator_.predict(targets)

    def state(self) -> State:
        """That estimator's state, its name and its options."""
        named = {"chosen": np.array([self.chosen]), "options": np.array([json.dumps(self.options)])}
        return {**prefixed(estimator=self.estimator_.state()), **named}

    def from_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """Restore it."""
        self.chosen, self.options = str(state["chosen"][0]), json.loads(str(state["options"][0]))
        self.estimator_ = self._made().from_state(part_of(state, "estimator"))
        return self
