from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import anchoreval as ae
from anchoreval.errors import AnchorSetError, MethodOptionError, ResponseDataError, TooFewModelsError
from anchoreval.responses import ResponseMatrix
from anchoreval.staleness import FRESH, RESELECT, UNKNOWN, WATCH, judge_staleness

World = Any
Worlds = Callable[..., World]
Changer = Callable[..., ResponseMatrix]
ANSWERS = ("person-fit", "anchor drift", "reach", "room at the top")


def judged(world: World, targets: ResponseMatrix, controls: Any = None, **options: Any) -> Any:
    return judge_staleness(world.anchors, world.reconstruction, targets, controls, **options)


def on_anchors(world: World, targets: ResponseMatrix) -> Any:
    return targets.items.index.get_indexer(world.anchors.items)


def test_fresh_targets_set_off_few_alarms(world: Worlds) -> None:
    verdicts = []
    for seed in range(4):
        here = world(seed)
        for draw in range(15):
            targets = here.draw(20, 50 * seed + draw)
            verdicts.append(judged(here, targets, targets.full_scores[:10]).verdict)
    share = np.mean([verdict == RESELECT for verdict in verdicts])
    assert share <= 0.10  # at most 0.05; calibration models are shared by 15 draws each
    assert np.mean([verdict != FRESH for verdict in verdicts]) <= 0.17


def test_leaked_anchors_are_found_and_named(world: Worlds, changed: Changer) -> None:
    here = world()
    targets = here.draw(20, 5)
    scores, anchors = np.array(targets.scores), on_anchors(here, targets)
    leaked = anchors[::8]
    scores[:, leaked] = 1.0
    found = judged(here, changed(targets, scores))
    assert found.verdict == RESELECT
    assert found.signal("anchor drift").state == RESELECT
    hard = [item for item in leaked if targets.scores[:, item].mean() < 0.7]
    easier = found.anchors["z"].sort_values(ascending=False).index[: len(hard)]
    assert len(set(easier) & set(targets.items.index[hard])) >= len(hard) - 1
    assert found.anchors.loc[targets.items.index[hard], "moved"].min() > 0


def test_random_clickers_are_odd(world: Worlds, changed: Changer) -> None:
    here = world()
    targets = here.draw(20, 6)
    scores = np.array(targets.scores)
    scores[:12] = np.random.default_rng(0).random((12, scores.shape[1])) < 0.5
    found = judged(here, changed(targets, scores))
    assert found.signal("person-fit").state == RESELECT
    assert found.models["p_value"].iloc[:12].median() < 0.1 < found.models["p_value"].iloc[12:].median()


def test_better_models_lie_out_of_reach_and_fill_the_room_at_the_top(world: Worlds) -> None:
    here = world()
    found = judged(here, here.draw(30, 7, better=5.0))
    assert found.verdict == RESELECT
    assert found.signal("reach").state == RESELECT
    assert found.signal("room at the top").state == RESELECT


def test_controls_show_what_answers_alone_cannot(world: Worlds, changed: Changer) -> None:
    here = world()
    targets = here.draw(25, 8)
    anchors, scores = on_anchors(here, targets), np.array(targets.scores)
    better = here.draw(25, 8, better=0.8)  # the same draws, a little abler
    scores[:, anchors] = better.scores[:, anchors]
    contaminated = changed(targets, scores)
    assert judged(here, contaminated).verdict == FRESH
    found = judged(here, contaminated, targets.full_scores)
    assert found.verdict == RESELECT
    drift = found.signal("residual drift")
    assert drift.state == RESELECT
    errors = here.reconstruction.predict(contaminated)["score"] - targets.full_scores
    assert drift.value == pytest.approx(errors.mean() - here.reconstruction.residuals["residual"].mean())
    np.testing.assert_allclose(found.models["residual"], errors)


def test_few_controls_are_unknown_and_say_what_they_could_have_shown(world: Worlds) -> None:
    here = world()
    targets = here.draw(20, 9)
    found = judged(here, targets, targets.full_scores[:1])
    assert found.signal("residual drift").state == UNKNOWN
    assert found.signal("coverage").state == UNKNOWN
    assert any("would have been found" in sentence for sentence in found.unknown)
    none = judged(here, targets)
    assert none.signal("residual drift").state == UNKNOWN
    assert any("evaluated in full" in sentence for sentence in none.unknown)


def test_one_target_tells_too_little_to_call_anchors_fresh(world: Worlds) -> None:
    here = world()
    found = judged(here, here.draw(1, 10))
    assert found.verdict == WATCH
    assert {signal.state for signal in found.signals} == {UNKNOWN}
    assert "Too little is known" in found.reasons[0]


@pytest.mark.parametrize("answer", [0.0, 1.0])
def test_targets_all_alike_leave_no_room(world: Worlds, changed: Changer, answer: float) -> None:
    here = world()
    targets = here.draw(20, 11)
    found = judged(here, changed(targets, np.full(targets.scores.shape, answer)))
    room = found.signal("room at the top")
    assert room.value == 0.0
    assert room.state == RESELECT
    assert found.verdict == RESELECT


def test_unanswered_anchors_are_left_out(world: Worlds, changed: Changer) -> None:
    here = world()
    targets = here.draw(25, 12)
    scores = np.array(targets.scores)
    scores[np.random.default_rng(1).random(scores.shape) < 0.1] = np.nan
    scores[0] = np.nan
    found = judged(here, changed(targets, scores), targets.full_scores)
    assert found.verdict == FRESH
    assert np.isnan(found.models["person_fit"].iloc[0])
    assert not found.models["new"].iloc[0]
    assert any("answered no anchor" in sentence for sentence in found.unknown)


@pytest.mark.parametrize("options", [{"calibration": "cross"}, {"calibration": 0.0}, {"graded": True}])
def test_other_designs_can_be_judged(world: Worlds, changed: Changer, options: Any) -> None:
    here = world(3, **options)
    targets = here.draw(25, 13)
    found = judged(here, targets, targets.full_scores)
    assert found.verdict == FRESH
    assert found.crossed == ("calibration" in options)
    known = options.get("calibration") != 0.0  # errors of the estimator, that is
    assert (found.signal("residual drift").state == FRESH) == known
    scores = np.array(targets.scores)
    scores[:, on_anchors(here, targets)[::4]] = 1.0
    assert judged(here, changed(targets, scores)).verdict == RESELECT


def test_anchors_without_roles_can_be_judged(world: Worlds) -> None:
    here = world()
    bare = dataclasses.replace(here.anchors, roles=None, groups=None)
    found = judge_staleness(bare, here.reconstruction, here.draw(25, 14))
    assert found.crossed
    assert found.verdict == FRESH
    assert found.witnesses == here.sources.n_models


def test_a_saved_anchor_set_gives_the_same_judgement(world: Worlds, tmp_path: Any) -> None:
    here = world()
    targets = here.draw(15, 15)
    here.anchors.with_reconstruction(here.reconstruction).save(tmp_path / "anchors")
    stored = ae.load_anchors(tmp_path / "anchors")
    found = judge_staleness(stored, stored.reconstruction(), targets, targets.full_scores)
    expected = judged(here, targets, targets.full_scores)
    assert found.signals == expected.signals
    pd.testing.assert_frame_equal(found.models, expected.models)


def test_sources_bring_no_news(world: Worlds) -> None:
    here = world()
    found = judged(here, here.sources, here.sources.full_scores)
    assert found.verdict == WATCH
    assert not found.models["new"].any()
    assert any("bring no news" in sentence for sentence in found.unknown)
    assert {signal.state for signal in found.signals} == {UNKNOWN}


def test_variants_and_copies_of_sources_bring_no_news(world: Worlds, changed: Changer) -> None:
    here = world()
    targets = here.draw(12, 16)
    learner = here.anchors.roles.index[here.anchors.roles == "select"][0]
    scores = np.array(targets.scores)
    scores[0] = here.sources.subset(models=[learner]).scores[0]
    base = list(targets.models.index)
    base[1] = learner
    found = judged(here, changed(targets, scores, base_model=base))
    assert list(found.models["new"]) == [False, False, *[True] * 10]


def test_copies_and_variants_among_targets_count_once(world: Worlds, changed: Changer) -> None:
    here = world()
    targets = here.draw(12, 17)
    plain = judged(here, changed(targets, targets.scores, base_model=list(targets.models.index)))
    repeated = [*range(12), *[0] * 20]
    copies = ResponseMatrix.from_arrays(
        targets.scores[repeated],
        models=pd.DataFrame(
            {"base_model": [targets.models.index[n] for n in repeated[:22]] + [None] * 10},
            index=[*targets.models.index, *(f"z copy {n:02d}" for n in range(20))],
        ),
        items=list(targets.items.index),
        name=targets.name,
    )
    found = judged(here, copies)
    for name in ANSWERS:
        assert found.signal(name).p_value == plain.signal(name).p_value
        assert found.signal(name).state == plain.signal(name).state


def test_the_order_of_targets_and_items_changes_nothing(world: Worlds) -> None:
    here = world()
    targets = here.draw(20, 18)
    rng = np.random.default_rng(0)
    turned = targets.subset(
        models=rng.permutation(targets.models.index.to_numpy()), items=rng.permutation(targets.items.index.to_numpy())
    )
    controls = targets.full_scores[:12]
    one, other = judged(here, targets, controls), judged(here, turned, controls[::-1])
    assert [s.p_value for s in one.signals] == [s.p_value for s in other.signals]
    assert one.verdict == other.verdict
    pd.testing.assert_frame_equal(one.models, other.models.loc[one.models.index])


def test_wrong_requests_are_named(world: Worlds) -> None:
    here = world()
    targets = here.draw(10, 19)
    with pytest.raises(MethodOptionError, match="alpha"):
        judged(here, targets, alpha=0.7)
    with pytest.raises(ResponseDataError, match="'stranger' is not among the targets"):
        judged(here, targets, pd.Series({"stranger": 0.5}))
    with pytest.raises(ResponseDataError, match=r"'new001' has full score 1\.5"):
        judged(here, targets, pd.Series({"new001": 1.5}))
    with pytest.raises(ResponseDataError, match="named twice"):
        judged(here, targets, pd.Series([0.5, 0.5], index=["new001", "new001"]))
    with pytest.raises(AnchorSetError, match="lack anchor"):
        judged(here, targets.subset(items=targets.items.index[:5]))
    with pytest.raises(AnchorSetError, match="hold no source models"):
        judge_staleness(dataclasses.replace(here.anchors, sources=None), here.reconstruction, targets)
    with pytest.raises(AnchorSetError, match="not one from these anchors"):
        judge_staleness(here.anchors, world(1).reconstruction, targets)
    few = here.anchors.sources.subset(models=here.anchors.sources.models.index[:3])
    with pytest.raises(TooFewModelsError, match="selected on"):
        judge_staleness(dataclasses.replace(here.anchors, sources=few, roles=None), here.reconstruction, targets)
