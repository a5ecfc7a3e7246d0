"""Transferability is measured with the prompts that it says, and saved without loss."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.errors import AnchorSetError, ConfigurationError, ResponseDataError, ScoringError
from anchoreval.pocket import ModelSpec, load, population, train, write_tasks
from anchoreval.pocket.lm import PocketLM
from anchoreval.scoring.exemplars import examples_text, leading
from anchoreval.scoring.memory.request_memory import RequestMemory
from anchoreval.scoring.task_set import TaskSet, load_tasks
from anchoreval.scoring.transfer_items import TransferItems
from anchoreval.scoring.transfer_matrix import TransferMatrix
from anchoreval.scoring.transferability import measure_transfer
from anchoreval.scoring.usage import Usage
from anchoreval.transfer_table import read_transfer_table

from .doubles import SIZES, BrokenLM, HashLM, choice_task, documents

SUBJECTS = ("agreement", "capitals", "units")


@pytest.fixture
def items() -> pd.DataFrame:
    """All documents of `alpha` and `beta`; subject `both` takes from the two."""
    rows = [(task, n, "both" if n % 3 == 0 else task) for task, size in SIZES.items() for n in range(size)]
    table = pd.DataFrame(rows, columns=["task", "doc_id", "subject"])
    return table.set_index(pd.Index([f"{task}/{n}" for task, n, _ in rows], name="item"))


def measured(lm: Any, items: pd.DataFrame, tasks: TaskSet, **options: Any) -> TransferMatrix:
    how = {"shots": 2, "draws": 2, "items_per_subject": 4, "seed": 3, **options}
    return measure_transfer(lm, items, tasks=tasks, name="hash", **how)


def question(task: str, number: int) -> str:
    return str(documents(task, SIZES[task])[number]["question"])


def shown(task: str, number: int) -> str:
    """An example as lm-eval writes it."""
    document = documents(task, SIZES[task])[number]
    return f"{document['question']} {document['choices'][document['answer']]}\n\n"


def test_scores_are_those_of_prompts_put_together_by_hand(items: pd.DataFrame, tasks: TaskSet) -> None:
    found = measured(HashLM(), items, tasks)
    drawn = TransferItems.draw(items, shots=2, draws=2, per_subject=4, seed=3)
    assert found.subjects == ("alpha", "beta", "both")
    assert found.draws.shape == (2, 3, 3)
    place = {item: (task, n) for item, task, n in zip(items.index, items["task"], items["doc_id"], strict=True)}
    model = HashLM()
    for (draw, i, j), value in np.ndenumerate(found.draws):
        source, target = found.subjects[i], found.subjects[j]
        prefix = "".join(shown(*place[item]) for item in drawn.exemplars[source].iloc[draw])
        right = []
        for task, number in (place[item] for item in drawn.queries[target]):
            document = documents(task, SIZES[task])[number]
            likely = [-model._number(prefix + document["question"], f" {choice}") for choice in document["choices"]]
            right.append(int(np.argmax(likely)) == document["answer"])
        assert value == pytest.approx(np.mean(right))
    assert found.counts.tolist() == [4, 4, 4]
    assert (found.described["model"], found.described["shots"]) == ("hash", 2)


def test_every_prompt_has_its_exemplars_and_only_asked_documents_follow(items: pd.DataFrame, tasks: TaskSet) -> None:
    model = HashLM()
    measured(model, items, tasks, draws=1)
    assert all(prompt.count("\n\n") == 2 for prompt in model.prompts)
    assert len({prompt.rsplit("\n\n", 1)[0] for prompt in model.prompts}) == 3
    assert len({prompt.rsplit("\n\n", 1)[1] for prompt in model.prompts}) == 12


class DyingLM(HashLM):
    """Fails when it is called for the fourth time."""

    calls = 0

    def loglikelihood(self, requests: list[Any]) -> list[tuple[float, bool]]:
        self.calls += 1
        if self.calls == 4:
            raise RuntimeError("out of memory")
        return super().loglikelihood(requests)


def test_a_measurement_that_failed_goes_on_where_it_was(items: pd.DataFrame, tasks: TaskSet, tmp_path: Path) -> None:
    whole, dying, again, other = HashLM(), DyingLM(), HashLM(), HashLM()
    plain, usage = measured(whole, items, tasks), Usage()
    with RequestMemory(tmp_path / "requests.sqlite") as memory:
        with pytest.raises(ScoringError, match="out of memory"):
            measured(dying, items, tasks, memory=memory, identity="hash")
        found = measured(again, items, tasks, memory=memory, identity="hash", usage=usage)
        measured(other, items, tasks, memory=memory, identity="another")
    np.testing.assert_array_equal(found.draws, plain.draws)
    assert 0 < len(dying.prompts) < len(whole.prompts)
    assert usage.recalled == len(dying.prompts)
    assert sorted([*dying.prompts, *again.prompts]) == sorted(whole.prompts) == sorted(other.prompts)


def test_exemplars_are_disjoint_and_never_asked(items: pd.DataFrame) -> None:
    drawn = TransferItems.draw(items, shots=3, draws=2, per_subject=99, seed=0)
    for subject, ids in drawn.queries.items():
        used = drawn.exemplars[subject].to_numpy().ravel()
        assert len(set(used)) == 6
        assert set(used) | set(ids) == set(items.index[items["subject"] == subject])
        assert not set(used) & set(ids)


def test_items_kept_apart_never_stand_on_both_sides(items: pd.DataFrame) -> None:
    items = items.assign(fact=[f"{subject}{n // 2}" for n, subject in enumerate(items["subject"])])
    drawn = TransferItems.draw(items, shots=2, draws=2, per_subject=99, apart="fact", seed=0)
    for subject, ids in drawn.queries.items():
        used = items.loc[drawn.exemplars[subject].to_numpy().ravel(), "fact"]
        assert used.is_unique
        assert not set(used) & set(items.loc[ids, "fact"])


def test_the_draw_depends_on_seed_and_subject_alone(items: pd.DataFrame) -> None:
    options = {"shots": 2, "draws": 2, "per_subject": 4}
    first = TransferItems.draw(items, **options, seed=1)
    mixed = TransferItems.draw(items.sample(frac=1, random_state=0), **options, seed=1)
    fewer = TransferItems.draw(items[items["subject"] != "alpha"], **options, seed=1)
    other = TransferItems.draw(items, **options, seed=2)
    for again in (mixed, fewer):
        assert again.exemplars["both"].equals(first.exemplars["both"])
        assert again.queries["both"].equals(first.queries["both"])
    assert not other.exemplars["both"].equals(first.exemplars["both"])


def test_descriptions_stand_once_and_are_the_sources(tmp_path: Path) -> None:
    made = [
        choice_task(tmp_path, "alpha", description="About alpha.\n\n"),
        choice_task(tmp_path, "beta", description="About beta.\n\n", target_delimiter=" => ", num_fewshot=3),
    ]
    tasks = load_tasks(made, network=False)
    prefix = examples_text(tasks, [("beta", 3), ("beta", 5)])
    by_hand = "".join(shown("beta", n).replace("? beta", "? => beta") for n in (3, 5))
    assert prefix == "About beta.\n\n" + by_hand
    alpha = tasks.tasks["alpha"]
    before = alpha.fewshot_context(tasks.documents["alpha"][2], 0)
    with leading(tasks, prefix):
        asked = alpha.fewshot_context(tasks.documents["alpha"][2], num_fewshot=3)
    assert asked == prefix + question("alpha", 2)
    assert alpha.fewshot_context(tasks.documents["alpha"][2], 0) == before == "About alpha.\n\n" + question("alpha", 2)


def test_tasks_are_as_before_even_after_a_failure(items: pd.DataFrame, tasks: TaskSet) -> None:
    before = {name: dict(vars(task)) for name, task in tasks.tasks.items()}
    with pytest.raises(ScoringError, match="model 'hash': RuntimeError: out of memory"):
        measured(BrokenLM(), items, tasks)
    for name, task in tasks.tasks.items():
        assert set(vars(task)) - {"_instances"} == set(before[name]) - {"_instances"}
        assert vars(task)["sampler"] is before[name]["sampler"]


@pytest.mark.parametrize(
    ("changes", "options", "words"),
    [
        ({}, {"shots": 9, "draws": 2}, "subject 'alpha' has 16 items, and 18 (shots x draws) go to exemplars"),
        ({}, {"draws": 0}, "draws = 0 is not a positive number"),
        ({}, {"apart": "fact"}, "needs items.fact"),
        ({}, {"num_fewshot": 3}, "'num_fewshot' cannot be used for transferability: shots="),
        ({}, {"apply_chat_template": True}, "'apply_chat_template' cannot be used"),
        ({}, {"limit": 3}, "'limit' cannot be used here"),
        ({}, {"metric": "f1"}, "has no metric 'f1'"),
    ],
)
def test_a_wrong_request_is_refused(
    items: pd.DataFrame, tasks: TaskSet, changes: dict[str, Any], options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        measured(HashLM(), items.assign(**changes), tasks, **options)
    assert words in str(refusal.value)


def test_items_without_subjects_or_tasks_are_refused(items: pd.DataFrame, tasks: TaskSet) -> None:
    with pytest.raises(ConfigurationError, match=r"needs items\.subject"):
        measured(HashLM(), items.drop(columns="subject"), tasks)
    with pytest.raises(ConfigurationError, match=r"needs items\.doc_id"):
        measured(HashLM(), items.drop(columns="doc_id"), tasks)
    with pytest.raises(AnchorSetError, match="task 'gamma' is not among those of this run"):
        measured(HashLM(), items.replace({"task": {"beta": "gamma"}}), tasks)


def test_a_saved_matrix_comes_back_and_is_a_table(items: pd.DataFrame, tasks: TaskSet, tmp_path: Path) -> None:
    found = measured(HashLM(), items, tasks)
    path = tmp_path / "deep" / "transfer.csv"
    found.save(path)
    again = TransferMatrix.load(path)
    assert again.subjects == found.subjects
    assert again.described == found.described
    np.testing.assert_array_equal(again.draws, found.draws)
    np.testing.assert_array_equal(again.counts, found.counts)
    pd.testing.assert_frame_equal(read_transfer_table(path), found.mean)
    assert sorted(p.name for p in path.parent.iterdir()) == ["transfer.csv", "transfer.json"]


def test_a_damaged_matrix_is_refused(items: pd.DataFrame, tasks: TaskSet, tmp_path: Path) -> None:
    path = tmp_path / "transfer.csv"
    measured(HashLM(), items, tasks).save(path)
    table = path.read_text()
    path.write_text(table.replace("0.25", "0.35").replace("0.375", "0.4").replace("0.125", "0.2"))
    with pytest.raises(ResponseDataError, match="is not the mean of the draws"):
        TransferMatrix.load(path)
    path.write_text(table)
    path.with_suffix(".json").write_text('{"schema": 2}')
    with pytest.raises(ResponseDataError, match="schema version 2 is unknown"):
        TransferMatrix.load(path)
    path.with_suffix(".json").unlink()
    with pytest.raises(ResponseDataError, match=r"transfer\.json: cannot be read"):
        TransferMatrix.load(path)


def test_pocket_models_with_a_prompt_cache_take_notice_of_exemplars(tmp_path: Path) -> None:
    matrix = load()
    items = matrix.items[matrix.items["subject"].isin(SUBJECTS)]
    tasks = load_tasks(write_tasks(tmp_path), network=False)

    def asked(spec: ModelSpec) -> TransferMatrix:
        return measured(PocketLM(train(spec)), items, tasks, shots=4, items_per_subject=12, apart="fact")

    specs = {spec.name: spec for spec in population()}
    heedless = asked(specs["birch-2"]).draws
    assert specs["birch-2"].cache == 0
    np.testing.assert_array_equal(heedless, np.broadcast_to(heedless[:1, :1], heedless.shape))
    attentive = asked(specs["olive-2"])
    assert attentive.subjects == SUBJECTS
    assert np.ptp(attentive.draws.mean(axis=0), axis=0).max() > 0.05
