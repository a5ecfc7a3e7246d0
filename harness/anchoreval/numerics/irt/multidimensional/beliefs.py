"""What is believed of models and of items, each a normal distribution, and the steps that improve it.

A model's vector is its abilities, an item's its slopes and, last, its intercept; the logit is the item's vector times
the model's, a 1 appended. For a logit x with E[x^2] = t^2, y log P + (1 - y) log(1 - P) averages to at least
(y - 1/2) E[x] - log(2 cosh(t / 2)), a quadratic bound of curvature tanh(t / 2) / (2 t) (Jaakkola and Jordan 2000), so
the best normal distribution of either side given the other's is closed: a weighted regression.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.numerics.irt.answers import Answers, blocks
from anchoreval.numerics.irt.multidimensional.population import Population
from anchoreval.numerics.irt.multidimensional.symmetric import doubled, packed, unpacked

SMALLEST = 1e-6
"""A root mean square logit below this has the curvature of 0, a quarter, to twelve digits."""


@dataclass(frozen=True)
class Normals:
    """Independent normal distributions.

    Attributes:
        mean: (n, order).
        covariance: (n, order, order).
    """

    mean: Float64Array
    covariance: Float64Array

    @property
    def second(self) -> Float64Array:
        """(n, pairs) packed second moments."""
        return packed(self.covariance + np.einsum("nd,ne->nde", self.mean, self.mean))

    def moved(self, by: Float64Array, toward: Float64Array) -> Normals:
        """The distributions of `by` times the vector plus `toward`."""
        return Normals(self.mean @ by.T + toward, np.asarray(by @ self.covariance @ by.T, dtype=np.float64))

    def extended(self) -> Normals:
        """The distributions of the vectors with a 1 appended."""
        n, order = self.mean.shape
        covariance = np.zeros((n, order + 1, order + 1))
        covariance[:, :order, :order] = self.covariance
        return Normals(np.column_stack([self.mean, np.ones(n)]), covariance)

    def divergence(self, population: Population) -> float:
        """Sum of the Kullback-Leibler divergences from the population's distribution."""
        around = self.mean - population.mean
        spread = np.einsum("nde->de", self.covariance) + around.T @ around
        trace = float(np.sum(population.precision * spread))
        own = float(np.linalg.slogdet(self.covariance)[1].sum())
        n, order = self.mean.shape
        return float(0.5 * (trace - own + n * (population.log_determinant - order)))


@dataclass(frozen=True)
class Beliefs:
    """All that a step changes.

    Attributes:
        models: abilities of every model.
        items: slopes and intercept of every item.
        population: the distribution that items come from; abilities come from N(0, I).
    """

    models: Normals
    items: Normals
    population: Population


@dataclass(frozen=True)
class _Cells:
    """A block of items before all models, each (models, items of the block); 0 where missing.

    Attributes:
        curvature: of the bound.
        half: score less one half.
        bound: sum of the bound of the log-likelihood.
    """

    curvature: Float64Array
    half: Float64Array
    bound: float


def _cells(answers: Answers, models: Normals, second: Float64Array, items: Normals, block: slice) -> _Cells:
    scores, mask = answers.block(block)
    logit = models.mean @ items.mean.T
    size = np.sqrt(np.maximum(second @ items.second.T, SMALLEST**2))
    decay = np.exp(-size)
    curvature, half = (1 - decay) / ((1 + decay) * 2 * size), scores - 0.5
    bound = half * logit - size / 2 - np.log1p(decay)
    if mask is not None:
        curvature, half, bound = curvature * mask, half * mask, bound * mask
    return _Cells(curvature, half, float(bound.sum()))


def improve_models(answers: Answers, beliefs: Beliefs) -> tuple[float, Beliefs]:
    """The bound as things stand, and the beliefs with the models' part as good as it can be.

    Returns:
        Lower bound of the penalised log-likelihood of `beliefs`, and the improved beliefs.
    """
    models, order = beliefs.models.mean.shape
    extended = beliefs.models.extended()
    second = doubled(extended.second, order + 1)
    precision, toward = np.zeros((models, second.shape[1])), np.zeros((models, order))
    value = beliefs.population.value - beliefs.items.divergence(beliefs.population)
    value -= beliefs.models.divergence(Population.standard(order))
    for block in blocks(len(beliefs.items.mean), models):
        items = Normals(beliefs.items.mean[block], beliefs.items.covariance[block])
        cells = _cells(answers, extended, second, items, block)
        precision += cells.curvature @ items.second
        toward += cells.half @ items.mean[:, :order]
        value += cells.bound
    whole = unpacked(precision, order + 1)  # the last column holds slopes times intercept
    covariance = np.asarray(np.linalg.inv(whole[:, :order, :order] + np.eye(order)), dtype=np.float64)
    mean = np.einsum("mde,me->md", covariance, toward - whole[:, :order, order])
    return value, replace(beliefs, models=Normals(mean, covariance))


def improve_items(answers: Answers, beliefs: Beliefs) -> Beliefs:
    """The beliefs with the items' part as good as it can be, then the population's."""
    population, extended = beliefs.population, beliefs.models.extended()
    plain = extended.second
    second = doubled(plain, extended.mean.shape[1])
    mean, covariance = np.empty_like(beliefs.items.mean), np.empty_like(beliefs.items.covariance)
    for block in blocks(len(mean), len(extended.mean)):
        items = Normals(beliefs.items.mean[block], beliefs.items.covariance[block])
        cells = _cells(answers, extended, second, items, block)
        precision = unpacked(cells.curvature.T @ plain, mean.shape[1]) + population.precision
        covariance[block] = np.linalg.inv(precision)
        toward = cells.half.T @ extended.mean + population.precision @ population.mean
        mean[block] = np.einsum("nde,ne->nd", covariance[block], toward)
    items = Normals(mean, covariance)
    return replace(beliefs, items=items, population=Population.of(mean, covariance))


def rescale(beliefs: Beliefs) -> Beliefs:
    """The beliefs with abilities brought to mean 0 and second moment I, where that does not lower the bound.

    Items and their population take up the change, so that no logit moves (parameter expansion: Liu, Rubin and Wu
    1998). With thousands of items the answers tell abilities so well that otherwise the scale would hardly move.
    """
    models, order = beliefs.models, beliefs.models.mean.shape[1]
    centre = models.mean.mean(axis=0)
    spread = np.cov(models.mean.T, bias=True).reshape(order, order) + models.covariance.mean(axis=0)
    root = np.linalg.cholesky(spread)
    inverse = np.asarray(np.linalg.inv(root), dtype=np.float64)
    counter = np.eye(order + 1)
    counter[:order, :order], counter[order, :order] = root.T, centre
    moved = Beliefs(
        models.moved(inverse, -inverse @ centre),
        beliefs.items.moved(counter, np.zeros(order + 1)),
        beliefs.population.moved(counter),
    )
    standard = Population.standard(order)
    gain = moved.population.value - beliefs.population.value
    gain += models.divergence(standard) - moved.models.divergence(standard)
    return moved if gain >= 0 else beliefs
