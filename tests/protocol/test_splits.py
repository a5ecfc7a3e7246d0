"""Splits keep groups whole and do what their names say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from anchoreval.errors import MethodOptionError, NotApplicableError, TooFewModelsError
from anchoreval.groups import model_groups
from anchoreval.protocol.splits import KINDS, split
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


def with_models(matrix: ResponseMatrix, **columns: object) -> ResponseMatrix:
    """The same answers with other columns in the model table."""
    return ResponseMatrix.from_arrays(matrix.scores, models=matrix.models.assign(**columns), items=matrix.items)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("variants", [1, 3])
def test_every_split_is_a_partition_of_whole_groups(synthetic: Simulator, kind: str, variants: int) -> None:
    made = synthetic(60, 40, variants=variants)
    for seed in range(5):
        sides = split(made, kind, seed=seed)
        assert sorted([*sides.sources, *sides.targets]) == sorted(made.models.index)
        groups = model_groups(made)
        assert not set(groups[sides.sources]) & set(groups[sides.targets])
        assert 0.1 <= len(sides.targets) / 60 <= 0.4


@pytest.mark.parametrize("kind", KINDS)
def test_order_of_models_changes_nothing(synthetic: Simulator, kind: str) -> None:
    made = synthetic(50, 40, variants=2)
    turned = made.subset(models=made.models.index[np.random.default_rng(1).permutation(50)])
    one, other = split(made, kind, seed=7), split(turned, kind, seed=7)
    assert set(one.targets) == set(other.targets)
    assert one.targets.tolist() == [m for m in made.models.index if m in set(one.targets)]


def test_iid_draws_by_seed_and_share(synthetic: Simulator) -> None:
    made = synthetic(100, 30)
    assert len(split(made, "iid").targets) == 25
    assert len(split(made, "iid", test_share=0.5).targets) == 50
    assert set(split(made, seed=0).targets) != set(split(made, seed=1).targets)


def test_chronological_targets_are_the_latest(synthetic: Simulator) -> None:
    made = synthetic(40, 30)
    sides = split(made, "chronological")
    released = made.models["released"]
    assert released[sides.sources].max() < released[sides.targets].min()
    assert len(sides.targets) == 10


def test_no_source_is_younger_than_a_target_group(synthetic: Simulator) -> None:
    made = synthetic(40, 30, variants=4)
    made = with_models(made, released=made.models["released"].sample(frac=1, random_state=0).to_numpy())
    sides = split(made, "chronological")
    latest = made.models["released"].groupby(model_groups(made)).transform("max")
    assert latest[sides.sources].max() < latest[sides.targets].min()


def test_equal_dates_are_drawn_at_random(synthetic: Simulator) -> None:
    made = with_models(synthetic(40, 30), released=pd.Timestamp("2024-01-01"))
    assert len({tuple(split(made, "chronological", seed=seed).targets) for seed in range(3)}) == 3


def test_models_without_a_date_are_on_neither_side(synthetic: Simulator) -> None:
    made = synthetic(40, 30)
    dates = made.models["released"].copy()
    dates.iloc[[0, 39]] = pd.NaT
    sides = split(with_models(made, released=dates), "chronological")
    assert len(sides.sources) + len(sides.targets) == 38
    assert not {"model000", "model039"} & {*sides.sources, *sides.targets}


def test_families_are_never_divided(synthetic: Simulator) -> None:
    made = synthetic(60, 30)
    for seed in range(5):
        sides = split(made, "family", seed=seed)
        assert not set(made.models["family"][sides.sources]) & set(made.models["family"][sides.targets])


def test_a_group_that_spans_families_goes_with_its_majority(synthetic: Simulator) -> None:
    made = synthetic(12, 30, variants=3)
    families = ["a", "a", "b", "b", "b", "b", "c", "c", "c", "b", "a", None]  # the last group: a tie, a comes first
    made = with_models(made, family=families)
    for seed in range(6):
        targets = set(split(made, "family", seed=seed).targets)
        side = {
            family: {f"model{n:03d}" for n in rows} <= targets
            for family, rows in {"a": (0, 1, 2, 9, 10, 11), "b": (3, 4, 5), "c": (6, 7, 8)}.items()
        }
        assert len(targets) == sum({"a": 6, "b": 3, "c": 3}[family] for family, there in side.items() if there)


def test_gap_targets_are_the_best(synthetic: Simulator) -> None:
    made = synthetic(50, 200)
    sides = split(made, "gap")
    scores = made.full_scores
    assert len(sides.targets) == 10
    assert scores[sides.sources].max() <= scores[sides.targets].min()


def test_no_source_beats_the_best_of_a_target_group(synthetic: Simulator) -> None:
    made = synthetic(60, 200, variants=3)
    sides = split(made, "gap")
    best = made.full_scores.groupby(model_groups(made)).transform("max")
    assert best[sides.sources].max() <= best[sides.targets].min()


def test_models_without_a_full_score_are_on_neither_side(synthetic: Simulator) -> None:
    made = synthetic(40, 100)
    scores = made.scores.copy()
    scores[7, :30] = np.nan
    made = ResponseMatrix.from_arrays(scores, models=made.models)
    sides = split(made)
    assert "model007" not in {*sides.sources, *sides.targets}
    allowed = split(made, missing="allow")
    assert "model007" in {*allowed.sources, *allowed.targets}


@pytest.mark.parametrize(("kind", "column"), [("chronological", "released"), ("family", "family")])
def test_a_missing_need_is_refused_by_name(synthetic: Simulator, kind: str, column: str) -> None:
    made = synthetic(20, 30)
    without = ResponseMatrix.from_arrays(made.scores, models=made.models.drop(columns=column), name="bare")
    with pytest.raises(NotApplicableError, match=f"split {kind} needs .*models.{column}.*bare has none"):
        split(without, kind)
    with pytest.raises(NotApplicableError):
        split(with_models(made, **{column: None}), kind)


def test_refusals(synthetic: Simulator) -> None:
    with pytest.raises(MethodOptionError, match="split 'random' is not one of iid, chronological, family, gap"):
        split(synthetic(20, 30), "random")
    with pytest.raises(MethodOptionError, match="test_share = 0"):
        split(synthetic(20, 30), test_share=0)
    with pytest.raises(TooFewModelsError, match="at least 2 and 1"):
        split(synthetic(2, 30))
    with pytest.raises(TooFewModelsError, match="0 targets"):
        split(synthetic(9, 30, variants=9))
    with pytest.raises(TooFewModelsError, match="0 targets"):
        split(with_models(synthetic(9, 30), family="all"), "family")


@pytest.mark.real_data
def test_real_families_are_held_out(real: Callable[[str], ResponseMatrix]) -> None:
    made = real("arc")
    shares = [len(split(made, "family", seed=seed).targets) / made.n_models for seed in range(20)]
    assert 0.2 <= min(shares) <= max(shares) <= 0.3
