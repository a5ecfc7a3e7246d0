"""The M-step: items fitted to expected counts by Fisher scoring, every item by itself and all at once.

A step is halved, item by item, until the item's penalised expected log-likelihood does not fall; an item that finds no
such step stays where it is. The penalised marginal log-likelihood therefore never falls either (generalised EM:
Dempster, Laird and Rubin 1977). In the 1pl model the shared slope couples all items; eliminating the intercepts leaves
one equation for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.numerics.irt.answers import each_block
from anchoreval.numerics.irt.parameters import Curves, ItemParameters, curves, log_curves
from anchoreval.numerics.irt.priors import INTERCEPT, LOWER, SLOPE, UPPER, Priors, parameters_of

HALVINGS = 15
LONGEST = 2.0
"""No coordinate moves further in one step; all are logarithms or logits, on which 2 is far."""


@dataclass(frozen=True)
class Counts:
    """What the E-step hands over.

    Attributes:
        nodes: (nodes,) abilities.
        right: (items, nodes) expected sum of scores.
        given: (items or 1, nodes) expected number of answers.
    """

    nodes: Float64Array
    right: Float64Array
    given: Float64Array

    def take(self, items: slice) -> tuple[Float64Array, Float64Array]:
        """Right and given of a range of items."""
        return self.right[items], self.given if len(self.given) == 1 else self.given[items]

    def only(self, chosen: IntArray) -> Counts:
        """The counts of chosen items."""
        return Counts(self.nodes, self.right[chosen], self.given if len(self.given) == 1 else self.given[chosen])


def partials(at: Curves, parameters: ItemParameters, nodes: Float64Array, working: int) -> list[Float64Array]:
    """Derivatives of the probability of success by each working coordinate, each (items, nodes)."""
    found = [at.rise * (parameters.discrimination[:, None] * nodes), at.rise]
    if working > LOWER:
        found.append((parameters.lower * (1 - parameters.lower))[:, None] * (1 - at.logistic))
    if working > UPPER:
        found.append((parameters.upper * (1 - parameters.upper))[:, None] * at.logistic)
    return found


def expected_value(coordinates: Float64Array, counts: Counts) -> Float64Array:
    """(items,) expected log-likelihood, without the prior."""

    def of_block(items: slice) -> Float64Array:
        right, given = counts.take(items)
        log_odds, log_wrong = log_curves(parameters_of(coordinates[items]), counts.nodes)
        gain = np.einsum("iq,iq->i", right, log_odds)
        return np.asarray(gain + np.einsum("iq,iq->i", given, log_wrong), dtype=np.float64)

    return np.concatenate(each_block(of_block, len(coordinates), len(counts.nodes)))


def derivatives(coordinates: Float64Array, counts: Counts) -> tuple[Float64Array, Float64Array]:
    """Gradient of the expected log-likelihood and its Fisher information, without the prior.

    Returns:
        (items, working) and (items, working, working).
    """
    items, working = coordinates.shape
    gradient = np.empty((items, working))
    information = np.empty((items, working, working))

    def of_block(block: slice) -> None:
        right, given = counts.take(block)
        parameters = parameters_of(coordinates[block])
        at = curves(parameters, counts.nodes)
        slopes = partials(at, parameters, counts.nodes, working)
        precision = 1.0 / (at.correct * at.wrong)
        residual = (right - given * at.correct) * precision
        precision *= given
        for row, slope in enumerate(slopes):
            gradient[block, row] = np.einsum("iq,iq->i", residual, slope)
            weighted = precision * slope
            for column in range(row + 1):
                entry = np.einsum("iq,iq->i", weighted, slopes[column])
                information[block, row, column] = information[block, column, row] = entry

    each_block(of_block, items, len(counts.nodes))
    return gradient, information


def improve_items(
    coordinates: Float64Array, counts: Counts, priors: Priors, shared_slope: bool, steps: int
) -> Float64Array:
    """Coordinates after some Fisher scoring steps, none of which lowers an item's penalised expected log-likelihood.

    Args:
        coordinates: (items, working).
        counts: of the E-step.
        priors: of the parameters.
        shared_slope: one slope for all items (1pl).
        steps: number of steps.
    """
    value = expected_value(coordinates, counts) + priors.value(coordinates, shared_slope)
    for _ in range(steps):
        gradient, information = derivatives(coordinates, counts)
        slope, curvature = priors.slopes(coordinates, shared_slope)
        diagonal = np.arange(coordinates.shape[1])
        information[:, diagonal, diagonal] += curvature
        direction = (_shared if shared_slope else _separate)(gradient + slope, information)
        direction = np.clip(direction, -LONGEST, LONGEST)
        coordinates, value = _halved(coordinates, direction, value, counts, priors, shared_slope)
    return coordinates


def _separate(gradient: Float64Array, information: Float64Array) -> Float64Array:
    return np.asarray(np.linalg.solve(information, gradient[:, :, None])[:, :, 0], dtype=np.float64)


def _shared(gradient: Float64Array, information: Float64Array) -> Float64Array:
    """The step where one slope belongs to all items: intercepts are eliminated (Schur complement)."""
    own, cross = information[:, INTERCEPT, INTERCEPT], information[:, SLOPE, INTERCEPT]
    numerator = (gradient[:, SLOPE] - cross / own * gradient[:, INTERCEPT]).sum()
    slope = numerator / (information[:, SLOPE, SLOPE] - cross**2 / own).sum()
    return np.column_stack([np.full(len(own), slope), (gradient[:, INTERCEPT] - cross * slope) / own])


def _halved(
    coordinates: Float64Array,
    direction: Float64Array,
    value: Float64Array,
    counts: Counts,
    priors: Priors,
    shared_slope: bool,
) -> tuple[Float64Array, Float64Array]:
    """Coordinates after the longest of the steps 1, 1/2, 1/4 ... that does not lower the value, and the value there."""
    moved, best = coordinates.copy(), value.copy()
    pending = np.arange(len(coordinates))
    for halving in range(HALVINGS):
        trial = coordinates[pending] + direction[pending] * 0.5**halving
        reached = expected_value(trial, counts.only(pending)) + priors.value(trial, shared_slope)
        better = reached >= value[pending]
        if shared_slope:
            better[:] = reached.sum() >= value.sum()
        moved[pending[better]], best[pending[better]] = trial[better], reached[better]
        pending = pending[~better]
        if not pending.size:
            break
    return moved, best
