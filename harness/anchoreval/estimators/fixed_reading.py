"""Estimators that read the answers with weights worked out once: what `mean` and `weighted` share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.estimators.answered import Answered, State
from anchoreval.estimators.flat_state import part_of, prefixed


@dataclass
class FixedReading:
    """The design, and (anchors, outputs) weights under which the answers are read; learnt by `fit` of a subclass."""

    answered_: Answered = field(init=False, repr=False, compare=False)
    reading_: Float64Array = field(init=False, repr=False, compare=False)

    def state(self) -> State:
        """The design and the weights."""
        return {**prefixed(answered=self.answered_.state()), "reading": self.reading_}

    def from_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """Restore what `state` describes."""
        self.answered_ = Answered.from_state(part_of(state, "answered"))
        self.reading_ = np.asarray(state["reading"], dtype=np.float64)
        return self
