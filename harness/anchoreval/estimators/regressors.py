"""What a regressor of the signature estimator is, and the two ridge regressions.

A regressor explains what the line leaves over (`anchoreval.estimators.line`) from the coordinates of a signature. Both
ridge regressions take the line's columns as unpenalised, so that line and correction are fitted together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import numpy as np

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.estimators.flat_state import State
from anchoreval.numerics.ridge import Spectrum, choose_penalty


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a regressor learns from.

    Attributes:
        coordinates: (sources, features) of the signatures.
        columns: (sources, 1 or 2) of the line.
        leftovers: (sources, outputs) rest minus line.
        groups: (sources,) which sources are kin.
    """

    coordinates: Float64Array
    columns: Float64Array
    leftovers: Float64Array
    groups: IntArray


class Regressor(Protocol):
    """Learns corrections to the line and predicts them."""

    def learn(self, lesson: Lesson, rng: np.random.Generator) -> Self:
        """Learn from sources; returns itself."""
        ...

    def predict(self, coordinates: Float64Array, columns: Float64Array) -> Float64Array:
        """(models, outputs) corrections."""
        ...

    def state(self) -> State:
        """Plain arrays from which `from_state` restores it."""
        ...

    def from_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """Put a learnt state back; returns itself."""
        ...


@dataclass
class Ridge:
    """Linear in the coordinates; `alpha` None chooses the penalty, an output at a time, by leaving groups out."""

    alpha: float | None = None
    coefficients_: Float64Array = field(init=False, repr=False)
    free_: Float64Array = field(init=False, repr=False)

    def learn(self, lesson: Lesson, rng: np.random.Generator) -> Self:
        """Solve in the spectrum of the coordinates."""
        spectrum = Spectrum.of_features(lesson.coordinates, lesson.columns)
        dual = spectrum.dual(lesson.leftovers, _penalty(self.alpha, spectrum, lesson))
        self.coefficients_ = lesson.coordinates.T @ dual
        self.free_ = _free(lesson, lesson.coordinates @ self.coefficients_)
        return self

    def predict(self, coordinates: Float64Array, columns: Float64Array) -> Float64Array:
        """Penalised part plus what it moves the line by."""
        return np.asarray(coordinates @ self.coefficients_ + columns @ self.free_, dtype=np.float64)

    def state(self) -> State:
        """The coefficients."""
        return {"coefficients": self.coefficients_, "free": self.free_}

    def from_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """Restore the coefficients."""
        self.coefficients_ = np.asarray(state["coefficients"], dtype=np.float64)
        self.free_ = np.asarray(state["free"], dtype=np.float64)
        return self


@dataclass
class KernelRidge:
    """Polynomial kernel (x x' / scale + 1)^degree, scale being the sources' mean squared length.

    Costs an eigendecomposition: 0.05 s at 500 sources, 5 s at 3,000. Source: Bowyer et al. (arXiv 2605.25773).
    """

    degree: int = 2
    alpha: float | None = None
    coordinates_: Float64Array = field(init=False, repr=False)
    dual_: Float64Array = field(init=False, repr=False)
    free_: Float64Array = field(init=False, repr=False)

    def learn(self, lesson: Lesson, rng: np.random.Generator) -> Self:
        """Solve in the spectrum of the kernel."""
        self.coordinates_ = lesson.coordinates
        kernel = self._kernel(lesson.coordinates)
        spectrum = Spectrum.of_kernel(kernel, lesson.columns)
        self.dual_ = spectrum.dual(lesson.leftovers, _penalty(self.alpha, spectrum, lesson))
        self.free_ = _free(lesson, kernel @ self.dual_)
        return self

    def predict(self, coordinates: Float64Array, columns: Float64Array) -> Float64Array:
        """Penalised part plus what it moves the line by."""
        return np.asarray(self._kernel(coordinates) @ self.dual_ + columns @ self.free_, dtype=np.float64)

    def _kernel(self, coordinates: Float64Array) -> Float64Array:
        scale = float((self.coordinates_**2).sum(axis=1).mean()) or 1.0
        return np.asarray((coordinates @ self.coordinates_.T / scale + 1.0) ** self.degree, dtype=np.float64)

    def state(self) -> State:
        """Sources' coordinates and the coefficients."""
        return {"coordinates": self.coordinates_, "dual": self.dual_, "free": self.free_}

    def from_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """Restore coordinates and coefficients."""
        self.coordinates_ = np.asarray(state["coordinates"], dtype=np.float64)
        self.dual_ = np.asarray(state["dual"], dtype=np.float64)
        self.free_ = np.asarray(state["free"], dtype=np.float64)
        return self


def _penalty(alpha: float | None, spectrum: Spectrum, lesson: Lesson) -> Float64Array:
    if alpha is None:
        return choose_penalty(spectrum, lesson.leftovers, lesson.groups)
    return np.full(lesson.leftovers.shape[1], float(alpha))


def _free(lesson: Lesson, penalised: Float64Array) -> Float64Array:
    """(columns, outputs) least-squares coefficients of the line's columns on what the penalised part leaves over."""
    return np.asarray(np.linalg.lstsq(lesson.columns, lesson.leftovers - penalised, rcond=None)[0], dtype=np.float64)
