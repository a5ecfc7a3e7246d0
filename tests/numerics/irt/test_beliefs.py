"""The variational bound: its value against a loop from the definition, and its steps against small moves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm

from anchoreval.arrays import Float64Array
from anchoreval.numerics.irt.answers import Answers
from anchoreval.numerics.irt.multidimensional.beliefs import Beliefs, Normals, improve_items, improve_models, rescale
from anchoreval.numerics.irt.multidimensional.population import WEIGHT, Population
from anchoreval.numerics.irt.multidimensional.symmetric import doubled, packed, unpacked

from .simulate import simulate_multidimensional


def covariances(rng: np.random.Generator, n: int, order: int) -> Float64Array:
    roots = rng.normal(size=(n, order, order + 3)) / 2
    return np.einsum("nij,nkj->nik", roots, roots)


@pytest.fixture
def answers() -> Answers:
    return Answers.of(simulate_multidimensional(7, 6, 2, seed=1, missing=0.2).scores)


@pytest.fixture
def beliefs() -> Beliefs:
    rng = np.random.default_rng(2)
    models = Normals(rng.normal(size=(7, 2)), covariances(rng, 7, 2))
    items = Normals(rng.normal(size=(6, 3)), covariances(rng, 6, 3))
    return Beliefs(models, items, Population(rng.normal(size=3), covariances(rng, 1, 3)[0]))


def divergence(mean: Float64Array, covariance: Float64Array, centre: Float64Array, spread: Float64Array) -> float:
    """Kullback-Leibler divergence of two normal distributions, the textbook formula."""
    inverse, away = np.linalg.inv(spread), mean - centre
    determinants = np.log(np.linalg.det(spread) / np.linalg.det(covariance))
    return float(0.5 * (np.trace(inverse @ covariance) + away @ inverse @ away - len(mean) + determinants))


def bound(answers: Answers, beliefs: Beliefs) -> float:
    """The penalised bound, one cell at a time."""
    models, items, population = beliefs.models, beliefs.items, beliefs.population
    total = -WEIGHT * divergence(np.zeros(3), np.eye(3), population.mean, population.covariance)
    for m in range(7):
        total -= divergence(models.mean[m], models.covariance[m], np.zeros(2), np.eye(2))
    for i in range(6):
        total -= divergence(items.mean[i], items.covariance[i], population.mean, population.covariance)
    for m in range(7):
        vector, second = np.append(models.mean[m], 1.0), np.zeros((3, 3))
        second[:2, :2] = models.covariance[m]
        second += np.outer(vector, vector)
        for i in range(6):
            if answers.answered is None or not answers.answered[m, i]:
                continue
            square = np.trace(second @ (items.covariance[i] + np.outer(items.mean[i], items.mean[i])))
            total += (answers.scores[m, i] - 0.5) * (vector @ items.mean[i]) - np.log(2 * np.cosh(square**0.5 / 2))
    return float(total)


def test_the_value_is_that_of_the_definition(answers: Answers, beliefs: Beliefs) -> None:
    """Up to what does not depend on the beliefs: the prior members' own entropy."""
    other = improve_items(answers, beliefs)
    found = improve_models(answers, beliefs)[0] - improve_models(answers, other)[0]
    assert found == pytest.approx(bound(answers, beliefs) - bound(answers, other), abs=1e-9)


def test_each_step_is_the_best_of_its_kind(answers: Answers, beliefs: Beliefs) -> None:
    """With curvatures as they were, no small move of the new beliefs raises the bound; and it rose."""
    models = improve_models(answers, beliefs)[1]
    items = improve_items(answers, beliefs)
    for better in (models, items):
        assert bound(answers, better) > bound(answers, beliefs)
    settled = beliefs
    for _ in range(400):
        settled = improve_items(answers, improve_models(answers, settled)[1])
    reached, rng = bound(answers, settled), np.random.default_rng(3)
    for side in ("models", "items"):
        for _ in range(20):
            normals: Normals = getattr(settled, side)
            shift = Normals(normals.mean + 0.02 * rng.normal(size=normals.mean.shape), normals.covariance)
            factor = np.exp(0.05 * rng.normal(size=len(normals.mean)))[:, None, None]
            for moved in (shift, Normals(normals.mean, factor * normals.covariance)):
                assert bound(answers, replace(settled, **{side: moved})) < reached
    for _ in range(20):
        members = settled.population
        moved_mean = Population(members.mean + 0.02 * rng.normal(size=3), members.covariance)
        moved_spread = Population(members.mean, members.covariance * np.exp(0.05 * rng.normal()))
        for population in (moved_mean, moved_spread):
            assert bound(answers, replace(settled, population=population)) < reached


def test_rescaling_moves_no_logit_and_does_not_lower_the_bound(answers: Answers, beliefs: Beliefs) -> None:
    moved = rescale(beliefs)
    assert moved is not beliefs
    before, after = (b.models.extended().mean @ b.items.mean.T for b in (beliefs, moved))
    np.testing.assert_allclose(after, before, atol=1e-10)
    np.testing.assert_allclose(moved.models.mean.mean(axis=0), 0.0, atol=1e-12)
    second = unpacked(moved.models.second, 2).mean(axis=0)
    np.testing.assert_allclose(second, np.eye(2), atol=1e-12)
    assert bound(answers, moved) >= bound(answers, beliefs)


@pytest.mark.parametrize("score", [0.0, 0.3, 1.0])
def test_a_cell_is_below_the_mean_log_likelihood_and_close_where_the_logit_is_known(score: float) -> None:
    """By quadrature: the bound's gap is small beside the logit's variance."""
    for centre, deviation in ((0.0, 0.1), (1.5, 0.1), (-2.0, 1.0)):
        mean = quad(
            lambda x, c=centre, d=deviation: (score * x - np.logaddexp(0, x)) * norm.pdf(x, c, d),
            centre - 9 * deviation,
            centre + 9 * deviation,
        )[0]
        size = np.hypot(centre, deviation)
        lower = (score - 0.5) * centre - np.log(2 * np.cosh(size / 2))
        assert lower <= mean
        assert lower == pytest.approx(mean, abs=0.06 * deviation**2)


def test_packed_products_are_traces() -> None:
    rng = np.random.default_rng(4)
    one, two = covariances(rng, 5, 3), covariances(rng, 4, 3)
    np.testing.assert_allclose(doubled(packed(one), 3) @ packed(two).T, np.einsum("mij,nji->mn", one, two))
    np.testing.assert_array_equal(unpacked(packed(one), 3), one)


def test_a_moved_normal_is_that_of_the_moved_vector() -> None:
    rng = np.random.default_rng(5)
    normal, by = Normals(rng.normal(size=(1, 2)), covariances(rng, 1, 2)), rng.normal(size=(2, 2))
    moved = normal.moved(by, np.array([1.0, -1.0]))
    point = rng.normal(size=2)
    density = multivariate_normal(normal.mean[0], normal.covariance[0]).pdf(point)
    found = multivariate_normal(moved.mean[0], moved.covariance[0]).pdf(by @ point + [1.0, -1.0])
    assert found * abs(np.linalg.det(by)) == pytest.approx(density)
