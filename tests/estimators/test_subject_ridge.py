from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from anchoreval.contract import fit
from anchoreval.errors import MethodOptionError, TooFewModelsError
from anchoreval.estimators.signature import Signature
from anchoreval.estimators.subject_ridge import SubjectRidge
from anchoreval.methods import Selection
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


def whole_subjects(matrix: ResponseMatrix, *subjects: str) -> Selection:
    return Selection(matrix.items.index[matrix.items["subject"].isin(subjects)])


def means(matrix: ResponseMatrix, subject: str) -> np.ndarray:
    return matrix.scores[:, matrix.items["subject"] == subject].astype(float).mean(axis=1)


def test_it_is_ridge_on_subject_means_in_closed_form(synthetic: Simulator) -> None:
    matrix = synthetic(60, 120, n_subjects=5, seed=2)
    selection = whole_subjects(matrix, "subject1", "subject3")
    sources, targets = matrix.subset(models=matrix.models.index[10:]), matrix.subset(models=matrix.models.index[:10])
    estimate = fit(SubjectRidge(line=False, alpha=0.7), sources, selection).predict(targets)["score"]

    def features(models: ResponseMatrix) -> np.ndarray:
        return np.column_stack([means(models, "subject1"), means(models, "subject3")])

    rest = np.mean([means(sources, f"subject{n}") for n in (0, 2, 4)], axis=0)
    centre = features(sources).mean(axis=0)
    centred = features(sources) - centre
    coefficients = np.linalg.solve(centred.T @ centred + 0.7 * np.eye(2), centred.T @ (rest - rest.mean()))
    correction = (features(targets) - centre) @ coefficients
    leftovers = rest - rest.mean()
    predicted = rest.mean() + np.clip(correction, leftovers.min(), leftovers.max())
    np.testing.assert_allclose(estimate, 0.4 * features(targets).mean(axis=1) + 0.6 * predicted, atol=1e-6)


def test_a_subject_that_tells_nothing_is_left_out_of_account() -> None:
    rng = np.random.default_rng(0)
    ability = rng.random(200)
    subjects = np.repeat(["told", "noise", "rest"], 40)
    chance = np.where(subjects == "noise", rng.random((200, 1)), ability[:, None])
    scores = (rng.random((200, 120)) < chance).astype(float)
    items = {"subject": subjects}
    matrix = ResponseMatrix.from_arrays(scores, items=pd.DataFrame(items, index=[f"i{n:03d}" for n in range(120)]))
    sources, targets = matrix.subset(models=matrix.models.index[:150]), matrix.subset(models=matrix.models.index[150:])
    selection = whole_subjects(matrix, "told", "noise")
    estimate = fit(SubjectRidge(), sources, selection).predict(targets)
    rest = scores[150:, subjects == "rest"].mean(axis=1)
    by_mean = targets.part(selection.items).scores.mean(axis=1)
    errors = np.abs(estimate["rest"] - rest).mean(), np.abs(by_mean - rest).mean()
    assert errors[0] < 0.6 * errors[1]


def test_with_one_item_a_subject_it_is_the_signature_ridge(synthetic: Simulator) -> None:
    matrix = synthetic(60, 12, n_subjects=12, continuous=True, seed=4)
    selection = Selection(matrix.items.index[:5])
    own = fit(SubjectRidge(), matrix, selection).predict(matrix)
    other = fit(Signature(features="scores"), matrix, selection).predict(matrix)
    np.testing.assert_allclose(own["score"], other["score"], atol=1e-9)


def test_without_subjects_it_is_the_line(synthetic: Simulator) -> None:
    matrix = synthetic(50, 60, seed=1)
    selection = Selection(matrix.items.index[:20])
    estimate = fit(SubjectRidge(), matrix, selection).predict(matrix)["score"]
    lead = matrix.scores[:, :20].astype(float).mean(axis=1)
    rest = matrix.scores[:, 20:].astype(float).mean(axis=1)
    slope, intercept = np.polyfit(lead, rest, 1)
    np.testing.assert_allclose(estimate, lead / 3 + 2 / 3 * (intercept + slope * lead), atol=1e-5)


def test_impossible_requests_are_refused(synthetic: Simulator) -> None:
    with pytest.raises(MethodOptionError, match="estimator subject_ridge: option alpha must be positive, not 0"):
        SubjectRidge(alpha=0)
    matrix = synthetic(1, 20, n_subjects=2)
    with pytest.raises(TooFewModelsError, match="estimator subject_ridge needs 2 source models"):
        fit(SubjectRidge(), matrix, Selection(matrix.items.index[:5]))
