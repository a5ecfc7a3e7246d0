"""Covariance of residuals: Gaussian fields of known correlation, statsmodels, and what rank sets make of it."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.correlation_tools import corr_clipped

from anchoreval.errors import ResponseDataError
from anchoreval.power.ranks.rank_sets import rank_sets
from anchoreval.power.ranks.residual_covariance import ResidualVariogram, nearest_correlation, signature_agreement

GRID = np.array([0.05, 0.2, 0.5, 0.8, 0.95])
SIZE = 0.03


def field(rng: np.random.Generator, count: int, top: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    """Similarities of models in a plane, and errors whose correlation is `top` times the similarity squared."""
    place = rng.normal(size=(count, 2))
    similarity = np.exp(-((place[:, None] - place) ** 2).sum(axis=2) / 2)
    correlation = np.where(np.eye(count) == 1, 1.0, top * similarity**2)
    return similarity, SIZE * np.linalg.cholesky(correlation) @ rng.normal(size=count)


def test_a_known_correlation_is_recovered() -> None:
    """Held back by a sixth at most, since few models are drawn towards none, and never above the truth on average."""
    rng = np.random.default_rng(0)
    found = np.array([ResidualVariogram.fit(r, s).correlation(GRID) for s, r in (field(rng, 150) for _ in range(40))])
    truth = 0.8 * GRID**2
    error = found.std(axis=0) / np.sqrt(40)
    assert (found.mean(axis=0) <= truth + 3 * error).all()
    assert (found.mean(axis=0) >= truth * 5 / 6 - 0.1).all()
    assert (np.diff(found, axis=1) >= 0).all()


def test_independent_errors_show_no_correlation() -> None:
    rng = np.random.default_rng(1)
    found = np.array(
        [ResidualVariogram.fit(r, s).correlation(GRID) for s, r in (field(rng, 100, 0.0) for _ in range(40))]
    )
    assert np.abs(found.mean(axis=0)).max() < 0.05
    assert np.abs(found).max() < 0.3


def test_sizes_are_learnt_up_to_the_scale_that_was_given() -> None:
    rng = np.random.default_rng(2)
    similarity, scale = rng.random((300, 300)), rng.uniform(0.5, 2.0, 300)
    similarity = (similarity + similarity.T) / 2
    residuals = SIZE * scale * rng.normal(size=300)
    variogram = ResidualVariogram.fit(residuals, similarity, scale=scale)
    assert variogram.size == pytest.approx(SIZE, rel=4 / np.sqrt(600))
    assert variogram.degrees_of_freedom == pytest.approx(300, rel=0.3)
    new = variogram.covariance(similarity[:3, :3], scale=[1.0, 2.0, 3.0]).matrix
    np.testing.assert_allclose(np.sqrt(np.diag(new)), variogram.size * np.array([1.0, 2.0, 3.0]))


def test_rank_sets_on_the_fitted_covariance_keep_their_coverage() -> None:
    rng, boards, truth = np.random.default_rng(3), 200, np.repeat([0.5, 0.6, 0.7], 5)
    first, last = np.repeat([11, 6, 1], 5), np.repeat([15, 10, 5], 5)
    held = []
    for n in range(boards):
        similarity, error = field(rng, 75)
        variogram = ResidualVariogram.fit(error[:60], similarity[:60, :60])
        covariance = variogram.covariance(similarity[60:, 60:]).matrix
        degrees = variogram.degrees_of_freedom
        sets = rank_sets(truth + error[60:], covariance, degrees_of_freedom=degrees, draws=500, seed=n)
        held.append(((sets.lower <= first) & (last <= sets.upper)).all())
    assert np.mean(held) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / boards)


def test_kin_have_a_curve_of_their_own() -> None:
    rng, found = np.random.default_rng(4), []
    family = np.repeat(np.arange(30), 4)
    kin = family[:, None] == family
    for _ in range(20):
        similarity = rng.uniform(0.4, 1.0, (120, 120))
        residuals = SIZE * (np.sqrt(0.7) * rng.normal(size=30)[family] + np.sqrt(0.3) * rng.normal(size=120))
        variogram = ResidualVariogram.fit(residuals, np.maximum(similarity, similarity.T), same_family=kin)
        found.append([variogram.correlation(0.8, kinship).item() for kinship in (False, True)])
        assert variogram.note is None
    strangers, alike = np.mean(found, axis=0)
    assert abs(strangers) < 0.05
    assert 0.4 < alike < 0.7  # truth .7, held back by the few models of a bin


def test_kin_are_never_taken_as_less_alike_than_strangers() -> None:
    rng = np.random.default_rng(5)
    similarity, residuals = field(rng, 100)
    family = rng.integers(0, 20, 100)
    variogram = ResidualVariogram.fit(residuals, similarity, same_family=family[:, None] == family)
    assert (variogram.correlation(GRID, np.ones(5, dtype=bool)) >= variogram.correlation(GRID)).all()


def test_few_models_are_taken_as_independent_and_it_is_said() -> None:
    rng = np.random.default_rng(6)
    similarity, residuals = field(rng, 30)
    variogram = ResidualVariogram.fit(residuals, similarity, groups=np.arange(30) % 9)
    assert variogram.note == "9 groups of calibration models do not show which errors go together: taken as independent"
    assert variogram.groups == 9
    np.testing.assert_array_equal(variogram.correlation(GRID), np.zeros(5))
    covariance = variogram.covariance(similarity)
    np.testing.assert_allclose(covariance.matrix, variogram.size**2 * np.eye(30))
    assert covariance.clipped == 0.0
    few_kin = np.zeros((30, 30), dtype=bool)
    few_kin[0, 1] = few_kin[1, 0] = True
    assert "share a family" in str(ResidualVariogram.fit(residuals, similarity, same_family=few_kin).note)


def test_odd_input() -> None:
    rng = np.random.default_rng(7)
    similarity, residuals = field(rng, 40)
    kept = ResidualVariogram.fit(residuals[:38], similarity[:38, :38])
    residuals[38:] = np.nan
    similarity[38] = similarity[:, 38] = np.nan
    found = ResidualVariogram.fit(residuals, similarity)
    assert found.groups == 38
    np.testing.assert_array_equal(found.correlation(GRID), kept.correlation(GRID))
    assert found.covariance(similarity, scale=[np.nan, *np.ones(39)]).matrix[1:, 1:].shape == (39, 39)
    nothing = ResidualVariogram.fit(np.zeros(20), np.full((20, 20), 0.5))
    assert nothing.size == 0.0
    np.testing.assert_array_equal(nothing.covariance(np.ones((2, 2))).matrix, np.zeros((2, 2)))
    empty = ResidualVariogram.fit([], np.zeros((0, 0)))
    assert np.isnan(empty.size)
    assert empty.groups == 0


def test_what_is_refused() -> None:
    for residuals, similarity, options, message in [
        (np.zeros(3), np.zeros((2, 2)), {}, "similarities of 3 models"),
        (np.zeros(2), np.full((2, 2), 1.5), {}, "outside"),
        (np.zeros(2), np.ones((2, 2)), {"scale": [1.0, 0.0]}, "2 positive numbers"),
        (np.zeros(2), np.ones((2, 2)), {"same_family": np.ones(2)}, "kinship of 2 models"),
    ]:
        with pytest.raises(ResponseDataError, match=message):
            ResidualVariogram.fit(residuals, similarity, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(5))
def test_clipping_is_that_of_statsmodels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = rng.uniform(-0.9, 0.9, (12, 12))
    matrix = np.where(np.eye(12) == 1, 1.0, (matrix + matrix.T) / 2)
    repaired, clipped = nearest_correlation(matrix)
    np.testing.assert_allclose(repaired, corr_clipped(matrix, threshold=0.0), atol=1e-10)
    values = np.linalg.eigvalsh(matrix)
    assert clipped == pytest.approx(-values[values < 0].sum() / 12)
    assert clipped > 0
    assert np.linalg.eigvalsh(repaired)[0] > -1e-12
    np.testing.assert_array_equal(np.diag(repaired), np.ones(12))


def test_a_correlation_matrix_is_left_alone() -> None:
    repaired, clipped = nearest_correlation(np.array([[9.0, 0.3], [0.3, 9.0]]))
    np.testing.assert_array_equal(repaired, [[1.0, 0.3], [0.3, 1.0]])
    assert clipped == 0.0


def test_agreement_is_the_share_answered_alike() -> None:
    answers = np.random.default_rng(8).integers(0, 2, (6, 40)).astype(float)
    expected = [[np.mean(own == other) for other in answers] for own in answers]
    np.testing.assert_allclose(signature_agreement(answers), expected)
    answers = np.array([[1.0, 0.5, np.nan], [0.0, 0.5, 1.0], [np.nan, np.nan, 0.2]])
    expected = [[1.0, 0.5, np.nan], [0.5, 1.0, 0.2], [np.nan, 0.2, 1.0]]
    np.testing.assert_allclose(signature_agreement(answers), expected)
