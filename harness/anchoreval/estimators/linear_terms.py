"""metabench's linear term: a regression of each output's rest on all anchors, as one number for a curve to bend.

A regression read in the sample that it was fitted to looks better than it is, and curves that learn from it trust it
too much. Out of fold, a source's term comes from a regression on sources that are not its kin; a target's comes from
the regression on all sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.estimators.flat_state import State
from anchoreval.numerics.folds import group_folds
from anchoreval.numerics.ridge import centred_ridge

FOLDS = 5


@dataclass(frozen=True, eq=False)
class LinearTerms:
    """Regressions on signatures.

    Attributes:
        coefficients: (anchors, outputs).
        intercept: (outputs,).
    """

    coefficients: Float64Array
    intercept: Float64Array

    @classmethod
    def ridge(cls, signatures: Float64Array, rests: Float64Array, groups: IntArray) -> Self:
        """Ridge regressions whose penalties leave groups of kin out.

        Args:
            signatures: (models, anchors).
            rests: (models, outputs).
            groups: (models,) labels; kin leave together.
        """
        return cls(*centred_ridge(signatures, rests, groups))

    @classmethod
    def least_squares(cls, signatures: Float64Array, rests: Float64Array) -> Self:
        """Ordinary least squares, the shortest solution where there are several, as published."""
        centre, level = signatures.mean(axis=0), rests.mean(axis=0)
        coefficients = np.linalg.lstsq(signatures - centre, rests - level, rcond=1e-9)[0].astype(np.float64)
        return cls(coefficients, np.asarray(level - centre @ coefficients, dtype=np.float64))

    def at(self, signatures: Float64Array) -> Float64Array:
        """(models, outputs) terms."""
        return np.asarray(signatures @ self.coefficients + self.intercept, dtype=np.float64)

    def state(self) -> State:
        """Plain arrays from which `from_state` restores the regressions."""
        return {"coefficients": self.coefficients, "intercept": self.intercept}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """The regressions that `state` describes."""
        return cls(
            np.asarray(state["coefficients"], dtype=np.float64), np.asarray(state["intercept"], dtype=np.float64)
        )


def out_of_fold(
    signatures: Float64Array, rests: Float64Array, groups: IntArray, rng: np.random.Generator
) -> Float64Array:
    """(models, outputs) terms of models from ridge regressions on models that are not their kin.

    Args:
        signatures: (models, anchors).
        rests: (models, outputs).
        groups: (models,) labels, at least two different ones.
        rng: deals out the folds.
    """
    terms = np.empty_like(rests)
    for inside in group_folds(groups, FOLDS, rng):
        learnt = LinearTerms.ridge(signatures[~inside], rests[~inside], groups[~inside])
        terms[inside] = learnt.at(signatures[inside])
    return terms
