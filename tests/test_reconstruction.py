"""Intervals from calibration models: their arithmetic by hand, their coverage by simulation, and what is refused."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import pytest

from anchoreval.contract import choose
from anchoreval.errors import AnchorSetError, ConfigurationError, NotApplicableError, TooFewModelsError
from anchoreval.estimators.reach import Reach, nearest
from anchoreval.methods import Selection
from anchoreval.reconstruction import IntervalWarning, Reconstruction, reconstruct_from
from anchoreval.registry import make_selector
from anchoreval.responses import ResponseMatrix

from .conftest import simulate

Simulator = Callable[..., ResponseMatrix]


@dataclass
class AnchorMean:
    """A plug-in's estimator: the plain mean of the anchors."""

    needs: ClassVar[frozenset[str]] = frozenset()
    whole_matrix: ClassVar[bool] = False

    def fit(self, sources: ResponseMatrix, selection: Selection, rng: np.random.Generator) -> Self:
        self.items = selection.items
        self.seen = sources.models.index
        return self

    def predict(self, targets: ResponseMatrix) -> pd.DataFrame:
        return pd.DataFrame(
            {"score": np.nanmean(targets.subset(items=self.items).scores, axis=1, dtype=float)}, targets.models.index
        )

    def state(self) -> dict[str, np.ndarray[Any, Any]]:
        return {"items": np.array(self.items, dtype=str)}

    def from_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        self.items = pd.Index(state["items"], dtype=object)
        return self


@dataclass
class Whole(AnchorMean):
    """The same, declared to need the whole matrix."""

    whole_matrix: ClassVar[bool] = True


def roles_of(matrix: ResponseMatrix, calibrate: int, select: int) -> pd.Series:
    roles = np.full(matrix.n_models, "none", dtype=object)
    roles[:calibrate], roles[calibrate : calibrate + select] = "calibrate", "select"
    return pd.Series(roles, index=matrix.models.index)


def setting(synthetic: Simulator, calibrate: int = 30, **options: Any) -> tuple[ResponseMatrix, Selection, pd.Series]:
    matrix = synthetic(calibrate + 40, 100, seed=1, **options)
    return matrix, choose(make_selector("random"), matrix, 20), roles_of(matrix, calibrate, 30)


def test_residuals_and_intervals_by_hand(synthetic: Simulator) -> None:
    matrix, selection, roles = setting(synthetic)
    made = reconstruct_from(matrix, selection, roles, AnchorMean())
    chosen = matrix.items.index.get_indexer(selection.items)
    mean, truth = matrix.scores[:, chosen].mean(axis=1, dtype=float), matrix.scores.mean(axis=1, dtype=float)
    residual = (mean - truth)[:30]
    np.testing.assert_allclose(made.residuals["residual"], residual, atol=1e-6)
    np.testing.assert_allclose(made.residuals["truth"], truth[:30], atol=1e-6)
    assert made.expected_error == pytest.approx(np.abs(residual).mean(), abs=1e-6)
    assert made.attainable_level == pytest.approx(30 / 31)
    targets = matrix.subset(models=matrix.models.index[60:])
    estimate = made.predict(targets, level=0.9)
    reach = np.sort(np.abs(residual))[math.ceil(31 * 0.9) - 1]
    np.testing.assert_allclose(estimate["score"], mean[60:], atol=1e-6)
    np.testing.assert_allclose(estimate["lower"], np.maximum(mean[60:] - reach, 0), atol=1e-6)
    np.testing.assert_allclose(estimate["upper"], np.minimum(mean[60:] + reach, 1), atol=1e-6)
    np.testing.assert_allclose(estimate["standard_error"], np.sqrt((residual**2).mean()), atol=1e-6)


def test_every_group_counts_once(synthetic: Simulator) -> None:
    matrix, selection, roles = setting(synthetic)
    labels = pd.Series([f"g{min(n, 10)}" for n in range(70)], index=matrix.models.index)  # one group of 20 among the 30
    made = reconstruct_from(matrix, selection, roles, AnchorMean(), groups=labels)
    size = made.residuals["residual"].abs().groupby(labels).mean()
    assert len(size) == 11
    assert made.expected_error == pytest.approx(size.mean())
    squares = (made.residuals["residual"] ** 2).groupby(labels).mean()
    assert made.standard_error == pytest.approx(math.sqrt(squares.mean()))
    assert made.attainable_level == pytest.approx(11 / 12)
    assert made.residuals["group"].tolist() == labels[:30].tolist()


def test_base_models_are_the_groups_where_none_are_given(synthetic: Simulator) -> None:
    matrix, selection, roles = setting(synthetic, variants=2)
    assert reconstruct_from(matrix, selection, roles, AnchorMean()).attainable_level == pytest.approx(15 / 16)


def test_only_selecting_models_are_fitted_on_and_only_calibration_models_measured(synthetic: Simulator) -> None:
    matrix, selection, roles = setting(synthetic)
    made = reconstruct_from(matrix, selection, roles, AnchorMean())
    assert sorted(made.estimator.seen) == sorted(roles.index[roles == "select"])  # type: ignore[attr-defined]
    assert made.residuals.index.tolist() == roles.index[roles == "calibrate"].tolist()
    # whatever calibration and idle models answer, the estimator stays what it was
    scores = np.array(matrix.scores)
    scores[roles != "select"] = 1.0 - scores[roles != "select"]
    other = ResponseMatrix.from_arrays(scores, models=matrix.models, items=matrix.items)
    state = reconstruct_from(matrix, selection, roles, "signature").estimator.state()
    for name, array in reconstruct_from(other, selection, roles, "signature").estimator.state().items():
        np.testing.assert_array_equal(array, state[name])


def test_too_few_groups_warn_once_and_give_everything(synthetic: Simulator) -> None:
    matrix, selection, roles = setting(synthetic, calibrate=12)
    made = reconstruct_from(matrix, selection, roles, AnchorMean())
    with pytest.warns(IntervalWarning, match=r"12 groups .* at most 92.3%, not 95.0%") as caught:
        estimate = made.predict(matrix)
    assert len(caught) == 1
    assert (estimate["lower"] == 0.0).all()
    assert (estimate["upper"] == 1.0).all()
    assert made.predict(matrix, level=0.9)["upper"].min() < 1.0


@pytest.mark.parametrize("given", ["no roles", "nobody calibrates"])
def test_without_calibration_models_there_are_no_intervals(synthetic: Simulator, given: str) -> None:
    matrix, selection, roles = setting(synthetic)
    made = reconstruct_from(matrix, selection, None if given == "no roles" else roles[roles == "select"], AnchorMean())
    assert made.expected_error is None
    assert made.attainable_level == 0.0
    with pytest.warns(IntervalWarning, match="no calibration models: intervals are unavailable") as caught:
        estimate = made.predict(matrix)
    assert len(caught) == 1
    assert estimate[["lower", "upper", "standard_error"]].isna().all(axis=None)
    assert estimate["score"].notna().all()


def test_every_item_an_anchor_leaves_no_interval(synthetic: Simulator) -> None:
    matrix = synthetic(60, 40, n_subjects=3, aggregation="macro", seed=2)
    selection = choose(make_selector("random"), matrix, 40)
    made = reconstruct_from(matrix, selection, roles_of(matrix, 30, 20), "auto")
    estimate = made.predict(matrix, level=0.9)
    np.testing.assert_allclose(estimate["upper"] - estimate["lower"], 0.0, atol=1e-6)
    np.testing.assert_allclose(estimate["score"], matrix.full_scores, atol=1e-6)


def test_a_target_that_answered_nothing_is_nan(synthetic: Simulator) -> None:
    matrix, selection, roles = setting(synthetic)
    made = reconstruct_from(matrix, selection, roles, "signature")
    scores = np.array(matrix.scores[:2])
    scores[0] = np.nan
    estimate = made.predict(ResponseMatrix.from_arrays(scores, items=matrix.items), level=0.9)
    assert estimate.iloc[0][["score", "lower", "upper", "standard_error"]].isna().all()
    assert estimate["extrapolating"].iloc[0]
    assert estimate.iloc[1].notna().all()


@pytest.mark.parametrize("method", ["mean", "signature"])
def test_intervals_cover_new_models_of_new_groups(method: str) -> None:
    """Variants share a base model; each trial draws base models anew, and one variant of a new base is predicted."""
    level, covered, width = 0.8, [], []
    matrix = simulate(300, 150, variants=3, seed=11)
    base = matrix.models["base_model"]
    for trial in range(150):
        rng = np.random.default_rng(trial)
        order = rng.permutation(base.unique())
        role = pd.Series("none", index=order)
        role.iloc[:30], role.iloc[30:60] = "calibrate", "select"
        roles = base.map(role)
        selection = choose(make_selector("random"), matrix, 15, seed=trial)
        made = reconstruct_from(matrix, selection, roles, method)
        new = [rng.choice(base.index[base == name]) for name in order[60:]]
        targets = matrix.subset(models=new)
        estimate = made.predict(targets, level)
        covered.append(((estimate["lower"] <= targets.full_scores) & (targets.full_scores <= estimate["upper"])).mean())
        width.append((estimate["upper"] - estimate["lower"]).mean())
    error = np.std(covered, ddof=1) / math.sqrt(len(covered))
    assert level - 4 * error <= np.mean(covered) <= level + 2 / 31 + 4 * error, np.mean(covered)
    assert np.mean(width) < 0.5


def test_extrapolation_is_flagged_and_rarely_without_reason(synthetic: Simulator) -> None:
    matrix = synthetic(320, 120, seed=5)
    selection = choose(make_selector("random"), matrix, 40)
    roles = roles_of(matrix, 40, 80)
    made = reconstruct_from(matrix, selection, roles, "signature")
    new = matrix.subset(models=matrix.models.index[120:])
    flagged = made.predict(new, level=0.9)["extrapolating"]
    assert flagged.dtype == np.bool_
    assert flagged.mean() <= 3 / 81 + 4 * math.sqrt(3 / 81 / 200)
    contrary = (matrix.scores.mean(axis=0) < 0.5).astype(float)  # right where most are wrong: far from every source
    alien = ResponseMatrix.from_arrays([np.ones(120), contrary], items=matrix.items)
    assert made.predict(alien, level=0.9)["extrapolating"].all()


def test_reach_by_hand() -> None:
    sources = ResponseMatrix.from_arrays([[0.2, 0.2, 0.0], [0.4, 0.4, 0.0], [0.4, 0.4, 1.0], [0.7, 0.7, 0.0]])
    selection = Selection(sources.items.index[:2], weights=np.array([0.5, 0.5]))
    reach = Reach.of(sources, selection, ["a", "b", "b", "c"])
    assert (reach.lowest, reach.highest) == (pytest.approx(0.2), pytest.approx(0.7))
    assert reach.radius == pytest.approx(2 * 0.3**2)  # the twins at 0.4 do not count for each other
    targets = ResponseMatrix.from_arrays([[0.1, 0.2], [0.2, 0.2], [0.75, 0.75], [0.05, 0.75], [0.15, 0.6]])
    assert reach.exceeded_by(targets).tolist() == [True, False, True, True, False]


def test_nearest_is_the_brute_force_minimum() -> None:
    rng = np.random.default_rng(0)
    rows, others, labels = rng.random((7, 3)), rng.random((11, 3)), np.arange(11) % 4
    distance = ((rows[:, None] - others) ** 2).sum(axis=2)
    np.testing.assert_allclose(nearest(rows, others, block=3), distance.min(axis=1), atol=1e-8)
    own = ((others[:, None] - others) ** 2).sum(axis=2)
    own[labels[:, None] == labels] = np.inf
    np.testing.assert_allclose(nearest(others, others, labels, labels, block=4), own.min(axis=1), atol=1e-8)
    assert np.isinf(nearest(rows, rows[:0])).all()


def test_the_part_on_the_anchors_reconstructs_the_same(synthetic: Simulator) -> None:
    matrix, selection, roles = setting(synthetic, n_subjects=4, variants=2)
    groups = matrix.models["base_model"]
    whole = reconstruct_from(matrix, selection, roles, "signature", seed=3, groups=groups)
    part = matrix.part(selection.items)
    stored = reconstruct_from(part, selection, roles, "signature", 3, groups, items_digest=matrix.items_digest)
    assert (stored.benchmark, stored.items_digest) == (whole.benchmark, whole.items_digest)
    pd.testing.assert_frame_equal(stored.predict(matrix, 0.8), whole.predict(matrix, 0.8), check_exact=True)
    pd.testing.assert_frame_equal(stored.residuals, whole.residuals, atol=1e-12)


def test_groups_reach_the_estimator(synthetic: Simulator) -> None:
    """What intervals count once, the choice of a penalty leaves out together."""
    matrix, selection, roles = setting(synthetic)
    labels = pd.Series([f"g{n % 5}" for n in range(70)], index=matrix.models.index)
    alone = reconstruct_from(matrix, selection, roles, "auto")
    grouped = reconstruct_from(matrix, selection, roles, "auto", groups=labels)
    assert alone.estimator.tried  # type: ignore[attr-defined]
    assert not grouped.estimator.tried  # type: ignore[attr-defined]  # five groups are too few to choose with


def test_models_with_many_gaps_count_where_they_are_allowed(synthetic: Simulator) -> None:
    matrix, selection, roles = setting(synthetic)
    scores = np.array(matrix.scores)
    scores[:3, :20] = np.nan
    gappy = ResponseMatrix.from_arrays(scores, models=matrix.models, items=matrix.items)
    assert len(reconstruct_from(gappy, selection, roles, AnchorMean()).residuals) == 27
    assert len(reconstruct_from(gappy, selection, roles, AnchorMean(), missing="allow").residuals) == 30


def test_what_is_wrong_is_named(synthetic: Simulator) -> None:
    matrix, selection, roles = setting(synthetic)
    made = reconstruct_from(matrix, selection, roles, AnchorMean())
    first = selection.items[0]
    with pytest.raises(AnchorSetError, match=f"targets of benchmark simulated lack anchor '{first}' \\(1 of 20"):
        made.predict(matrix.subset(items=matrix.items.index.drop(first)))
    for level in (0.0, 1.0, 95.0):
        with pytest.raises(ConfigurationError, match=f"level {level:g} is not between 0 and 1"):
            made.predict(matrix, level)
    with pytest.raises(AnchorSetError, match="model 'ghost' has role 'select' and is not in benchmark simulated"):
        reconstruct_from(matrix, selection, pd.concat([roles, pd.Series({"ghost": "select"})]), AnchorMean())
    with pytest.raises(TooFewModelsError, match="benchmark simulated has no selecting model"):
        reconstruct_from(matrix, selection, roles[roles != "select"], AnchorMean())
    part = matrix.part(selection.items)
    with pytest.raises(NotApplicableError, match="needs the whole benchmark, not just the anchors"):
        reconstruct_from(part, selection, roles, Whole(), items_digest=matrix.items_digest)
    state = reconstruct_from(matrix, selection, roles, Whole()).estimator.state()
    attached = reconstruct_from(part, selection, roles, Whole(), attached_state=state, items_digest=matrix.items_digest)
    assert isinstance(attached, Reconstruction)
    assert attached.expected_error == pytest.approx(made.expected_error)


@pytest.mark.real_data
def test_on_musr_intervals_hold_their_level(real: Callable[[str], ResponseMatrix]) -> None:
    """Fitted on 100 models, calibrated on 100 others, tested on the other 229; the mean of 12 draws of roles."""
    matrix, level, covered = real("musr"), 0.9, []
    for seed in range(12):
        order = np.random.default_rng(seed).permutation(matrix.models.index)
        roles = pd.Series("none", index=order)
        roles.iloc[:100], roles.iloc[100:200] = "calibrate", "select"
        selection = choose(make_selector("random"), matrix.subset(models=order[100:200]), 50, seed)
        targets = matrix.subset(models=order[200:])
        estimate = reconstruct_from(matrix, selection, roles, "signature").predict(targets, level)
        covered.append(((estimate["lower"] <= targets.full_scores) & (targets.full_scores <= estimate["upper"])).mean())
    assert level - 0.03 <= np.mean(covered) <= level + 0.04, covered


def test_nothing_is_warned_where_all_is_well(synthetic: Simulator) -> None:
    matrix, selection, roles = setting(synthetic)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reconstruct_from(matrix, selection, roles, "auto").predict(matrix, level=0.9)
