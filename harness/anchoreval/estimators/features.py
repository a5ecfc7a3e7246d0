"""From answers on the anchors to numbers that a regression can use: the signature of a model.

A signature is the row of scores, the concatenated option probabilities, or both. Options beyond an item's own are left
out rather than padded. What a model did not answer is filled in: scores as everywhere (`Answered.signatures`),
probabilities with the sources' mean. With `components` the signature is reduced to its leading principal components,
learnt on the sources alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.errors import NotApplicableError
from anchoreval.estimators.answered import Answered, anchor_positions
from anchoreval.estimators.flat_state import State
from anchoreval.responses import ResponseMatrix

KINDS = ("scores", "probabilities", "both")


@dataclass(frozen=True, eq=False)
class SignatureSpace:
    """How signatures become coordinates.

    Attributes:
        kind: `scores`, `probabilities` or `both`.
        options: (columns, 2) anchor number and option number of each probability that is used.
        centre: (features,) mean of the sources.
        axes: (features, components) principal axes, or None for the signature itself.
    """

    kind: str
    options: IntArray
    centre: Float64Array
    axes: Float64Array | None

    @classmethod
    def learn(cls, answered: Answered, part: ResponseMatrix, kind: str, components: int | None) -> Self:
        """Find the options there are, their means and the principal axes, from source models.

        Raises:
            NotApplicableError: probabilities are asked for and there are none.
        """
        if kind == "auto":
            kind = "scores" if part.probabilities is None else "probabilities"
        options = np.zeros((0, 2), dtype=np.int64)
        if kind != "scores":
            counts = _probabilities(answered, part)
            options = np.argwhere((~np.isnan(counts)).any(axis=0)).astype(np.int64)
        raw = cls(kind, options, np.zeros(0), None)._features(answered, part)
        there = ~np.isnan(raw)
        centre = np.where(there, raw, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
        axes = None if components is None else _principal_axes(np.where(there, raw - centre, 0.0), components)
        return cls(kind, options, centre, axes)

    def coordinates(self, answered: Answered, models: ResponseMatrix) -> Float64Array:
        """(models, features) centred signatures, or (models, components) of them; gaps count as the sources' mean.

        Raises:
            NotApplicableError: probabilities are used and the models have none.
        """
        raw = self._features(answered, models)
        centred = np.where(np.isnan(raw), 0.0, raw - self.centre)
        return centred if self.axes is None else np.asarray(centred @ self.axes, dtype=np.float64)

    def _features(self, answered: Answered, models: ResponseMatrix) -> Float64Array:
        blocks = []
        if self.kind != "probabilities":
            blocks.append(answered.signatures(models))
        if self.kind != "scores":
            probabilities = _probabilities(answered, models)
            within = self.options[:, 1] < probabilities.shape[2]  # targets may all lack an item's last options
            block = np.full((models.n_models, len(self.options)), np.nan)
            block[:, within] = probabilities[:, self.options[within, 0], self.options[within, 1]]
            blocks.append(block)
        return np.ascontiguousarray(np.hstack(blocks))

    def state(self) -> State:
        """Plain arrays from which `from_state` restores the space."""
        axes = {} if self.axes is None else {"axes": self.axes}
        return {"kind": np.array([self.kind]), "options": self.options, "centre": self.centre, **axes}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """The space that `state` describes."""
        axes = np.asarray(state["axes"], dtype=np.float64) if "axes" in state else None
        options = np.asarray(state["options"], dtype=np.int64).reshape(-1, 2)
        return cls(str(state["kind"][0]), options, np.asarray(state["centre"], dtype=np.float64), axes)


def _probabilities(answered: Answered, models: ResponseMatrix) -> Float64Array:
    """(models, anchors, options) in double precision."""
    if models.probabilities is None:
        raise NotApplicableError(
            f"estimator signature needs option probabilities as features; benchmark {models.name} has none here"
        )
    positions = anchor_positions(answered.anchors, models)
    return np.asarray(models.probabilities[:, positions], dtype=np.float64)


def _principal_axes(centred: Float64Array, components: int) -> Float64Array:
    """(features, components) axes of most variance; at most one less than there are models, and none of no variance."""
    _, spread, axes = np.linalg.svd(centred, full_matrices=False)
    count = min(components, len(centred) - 1, int((spread > 1e-9 * max(spread.max(initial=0.0), 1e-300)).sum()))
    kept = axes[:count]
    # an axis is known up to its sign: the largest entry is made positive
    sign = np.sign(kept[np.arange(count), np.abs(kept).argmax(axis=1)]) if count else np.ones(0)
    return np.ascontiguousarray((kept * sign[:, None]).T)
