"""Live scoring of pocket's models gives the answers that pocket ships, and so does replaying them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from anchoreval.anchors import load_anchors
from anchoreval.pocket import load, newcomers, population, score_directly, train, write_tasks
from anchoreval.pocket.lm import PocketLM
from anchoreval.protocol.anchoring import select
from anchoreval.responses import ResponseMatrix
from anchoreval.scoring.live import score_full, score_live, score_models
from anchoreval.scoring.replay import replay
from anchoreval.scoring.task_set import TaskSet, load_tasks


@pytest.fixture(scope="module")
def shipped() -> ResponseMatrix:
    return load()


@pytest.fixture(scope="module")
def pocket_tasks(tmp_path_factory: pytest.TempPathFactory) -> TaskSet:
    return load_tasks(write_tasks(tmp_path_factory.mktemp("pocket")), network=False)


def test_a_model_on_anchors_gives_its_shipped_answers(shipped: ResponseMatrix, pocket_tasks: TaskSet) -> None:
    spec = population()[20]
    chosen = np.random.default_rng(0).choice(shipped.n_items, 20, replace=False)
    anchors = shipped.items.iloc[chosen]
    live = score_live(PocketLM(spec), anchors, tasks=pocket_tasks, name=spec.name)
    recorded = replay(shipped, anchors, [spec.name])
    assert list(live.items.index) == list(recorded.items.index)
    np.testing.assert_array_equal(live.scores, recorded.scores)
    assert live.probabilities is not None
    assert recorded.probabilities is not None
    np.testing.assert_allclose(live.probabilities.astype(float), recorded.probabilities.astype(float), atol=1e-3)


def test_new_models_are_scored_in_full_as_they_are_directly(shipped: ResponseMatrix, pocket_tasks: TaskSet) -> None:
    models = {spec.name: train(spec) for spec in newcomers(2, seed=0)}
    sources = {name: lambda model=model: PocketLM(model) for name, model in models.items()}
    result = score_models(sources, shipped, tasks=pocket_tasks)
    assert not result.failures
    assert result.responses is not None
    for row, model in enumerate(models.values()):
        scores, _ = score_directly(model)
        np.testing.assert_array_equal(result.responses.scores[row], scores)
        assert result.responses.full_scores.iloc[row] == pytest.approx(scores.mean())


def test_a_saved_anchor_set_is_all_it_takes(shipped: ResponseMatrix, pocket_tasks: TaskSet, tmp_path: Path) -> None:
    select(shipped, "random", k=100, seed=2).save(tmp_path / "anchors")
    anchors = load_anchors(tmp_path / "anchors")
    (spec,) = newcomers(1, seed=5)
    live = score_live(PocketLM(spec), anchors, tasks=pocket_tasks, name=spec.name)
    scores, _ = score_directly(train(spec), anchors.items)
    np.testing.assert_array_equal(live.scores[0], scores)
    estimate = anchors.reconstruction("mean").predict(live).loc[spec.name]
    truth = score_directly(train(spec))[0].mean()
    assert estimate["lower"] <= estimate["score"] <= estimate["upper"]
    assert estimate["score"] == pytest.approx(truth, abs=0.15)


def test_the_full_score_of_a_shipped_model_is_the_shipped_one(shipped: ResponseMatrix, pocket_tasks: TaskSet) -> None:
    spec = population()[3]
    full = score_full(PocketLM(spec), shipped, tasks=pocket_tasks, name=spec.name)
    assert full.full_scores[spec.name] == pytest.approx(shipped.full_scores[spec.name])
    assert full.items_digest == shipped.items_digest
