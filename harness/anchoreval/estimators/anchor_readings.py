"""What metabench reads off the answers: anchor means and abilities, of the benchmark or of every subject.

An ability belongs to a set of anchors: all of them, or in the joint form those of one subject. It comes from an item
response model fitted to the sources' answers on these anchors alone. A subject with fewer than three anchors has a mean
but no ability. Weights are rounded to single precision, as in `anchoreval.estimators.answered`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.estimators.answered import Answered, anchor_positions
from anchoreval.estimators.flat_state import State
from anchoreval.numerics.irt import ItemParameters, eap_abilities, fit_irt, map_abilities
from anchoreval.responses import ResponseMatrix

FEWEST_ANCHORS = 3
"""With fewer, an ability is no more than a mean."""


@dataclass(frozen=True, eq=False)
class AnchorReadings:
    """How answers become means and abilities.

    Attributes:
        within: (anchors, outputs) weights of each output's anchor mean; columns sum to 1, or to 0 for a subject without
            anchors. The first is that of the score: the lead (`Answered.lead`), or if joint the mean of the subjects'.
        scale: (anchors,) number of the ability that each anchor tells of; -1 for none.
        parameters: (anchors, 4) discrimination, intercept, lower and upper asymptote.
        owner: (outputs,) number of the ability that is an output's own; -1 for none.
        theta: kind of ability: map or eap.
    """

    within: Float64Array
    scale: IntArray
    parameters: Float64Array
    owner: IntArray
    theta: str

    @classmethod
    def learn(cls, answered: Answered, part: ResponseMatrix, *, joint: bool, model: str, theta: str) -> Self:
        """Fit the item response models to the sources' answers on the anchors.

        Args:
            answered: the design.
            part: the sources' part on the anchors, with known full scores.
            joint: one ability a subject, instead of one for all.
            model: of item response theory.
            theta: kind of ability.
        """
        within = _within(answered, part)
        scale, owner = np.zeros(len(within), dtype=np.int64), np.zeros(within.shape[1], dtype=np.int64)
        if joint and within[:, 1:].any():
            within[:, 0] = within[:, 1:].sum(axis=1) / within[:, 1:].any(axis=0).sum()
            scale, owner = _by_subject(within)
        scores = part.scores[:, anchor_positions(answered.anchors, part)].astype(np.float64)
        parameters = np.tile([1.0, 0.0, 0.0, 1.0], (len(within), 1))
        for number in range(int(scale.max(initial=-1)) + 1):
            mine = scale == number
            parameters[mine] = _columns(fit_irt(scores[:, mine], model, standard_errors=False).parameters)
        return cls(within, scale, parameters, owner, theta)

    @property
    def n_abilities(self) -> int:
        """Number of abilities."""
        return int(self.scale.max(initial=-1)) + 1

    def means(self, signatures: Float64Array) -> Float64Array:
        """(models, outputs) anchor means of (models, anchors) signatures; 0 for a subject without anchors."""
        return np.asarray(signatures @ self.within, dtype=np.float64)

    def abilities(self, answered: Answered, models: ResponseMatrix) -> Float64Array:
        """(models, abilities) from the answers that are there."""
        scores = models.scores[:, anchor_positions(answered.anchors, models)].astype(np.float64)
        find = map_abilities if self.theta == "map" else eap_abilities
        found = np.zeros((len(scores), self.n_abilities))
        for number in range(self.n_abilities):
            mine = self.scale == number
            found[:, number] = find(scores[:, mine], ItemParameters(*self.parameters[mine].T.copy())).ability
        return found

    def state(self) -> State:
        """Plain arrays from which `from_state` restores the readings."""
        return {
            "within": self.within,
            "scale": self.scale,
            "parameters": self.parameters,
            "owner": self.owner,
            "theta": np.array([self.theta]),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """The readings that `state` describes."""
        return cls(
            np.asarray(state["within"], dtype=np.float64),
            np.asarray(state["scale"], dtype=np.int64),
            np.asarray(state["parameters"], dtype=np.float64),
            np.asarray(state["owner"], dtype=np.int64),
            str(state["theta"][0]),
        )


def _within(answered: Answered, part: ResponseMatrix) -> Float64Array:
    """(anchors, outputs) weights: the lead, and those of the benchmark inside each subject."""
    items = part.items.loc[answered.anchors]
    subject = items["subject"].to_numpy() if "subject" in items else np.full(len(items), None)
    position = anchor_positions(answered.anchors, part)
    columns = [answered.lead]
    for name in answered.outputs[1:]:
        inside = np.where(subject == name, part.weights[position], 0.0)
        inside = inside if inside.any() else (subject == name).astype(np.float64)
        columns.append((inside / (inside.sum() or 1.0)).astype(np.float32).astype(np.float64))
    return np.column_stack(columns)


def _by_subject(within: Float64Array) -> tuple[IntArray, IntArray]:
    """(anchors,) number of each anchor's ability, and (outputs,) of each output's own; -1 where there is none."""
    member = within[:, 1:] > 0
    enough = np.flatnonzero(member.sum(axis=0) >= FEWEST_ANCHORS)
    scale, owner = np.full(len(within), -1, dtype=np.int64), np.full(within.shape[1], -1, dtype=np.int64)
    owner[enough + 1] = np.arange(len(enough))
    for number, column in enumerate(enough):
        scale[member[:, column]] = number
    return scale, owner


def _columns(parameters: ItemParameters) -> Float64Array:
    return np.column_stack([parameters.discrimination, parameters.intercept, parameters.lower, parameters.upper])
