"""Models asked batch by batch: every answer is that of a full run, and one that fails in the middle stops no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lm_eval.api.instance import Instance

from anchoreval.errors import AnchorSetError, ConfigurationError, ScoringError
from anchoreval.responses import ResponseMatrix
from anchoreval.scoring.live import score_full
from anchoreval.scoring.records import document_hash
from anchoreval.scoring.sitting import Ask, LiveQuestions, sit_models
from anchoreval.scoring.task_set import TaskSet, load_tasks

from .doubles import SIZES, HashLM, choice_task


class TiringLM(HashLM):
    """Answers so many requests, then fails."""

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        if len(self.prompts) > 20:
            raise RuntimeError("out of\nmemory")
        return super().loglikelihood(requests)


def benchmark(tasks: TaskSet, hashes: dict[str, str] | None = None) -> ResponseMatrix:
    """Every document of the tasks is an item, in mixed order."""
    rows = [(f"{task}/{n}", task, n) for task, size in SIZES.items() for n in range(size)]
    table = pd.DataFrame(rows, columns=["item", "task", "doc_id"]).set_index("item").sample(frac=1, random_state=0)
    known = {f"{task}/{n}": document_hash(tasks.documents[task][n]) for _, task, n in rows}
    table["doc_hash"] = pd.Series({**known, **(hashes or {})}).reindex(table.index)
    return ResponseMatrix.from_arrays(np.ones((1, len(table))), items=table, name="both")


def batches(items: pd.Index[Any], size: int) -> list[pd.Index[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


@pytest.mark.parametrize("shots", [0, 3])
def test_every_answer_is_that_of_a_full_run(shots: int, tmp_path: Path) -> None:
    """Few-shot examples included, which lm-eval would otherwise draw anew in every batch."""
    tasks = load_tasks([choice_task(tmp_path, name, num_fewshot=shots) for name in SIZES], network=False)
    whole = benchmark(tasks)
    full = score_full(HashLM("x"), whole, tasks=tasks, name="x")
    known = pd.Series(full.scores[0].astype(np.float64), index=full.items.index)
    order = whole.items.index[np.random.default_rng(1).permutation(whole.n_items)][:15]
    with LiveQuestions.load(whole, tasks=tasks).model(HashLM("x"), "x") as ask:
        for some in batches(order, 4):
            np.testing.assert_array_equal(ask(some), known[some])
    assert 0 < known[order].mean() < 1


def test_prompts_are_those_of_the_items_asked_and_no_others(tasks: TaskSet) -> None:
    whole, lm = benchmark(tasks), HashLM()
    with LiveQuestions.load(whole, tasks=tasks).model(lm, "x") as ask:
        ask(pd.Index(["beta/3", "alpha/11"], dtype=object))
    assert set(lm.prompts) == {"beta question 3?", "alpha question 11?"}


def test_a_model_that_fails_in_the_middle_stops_no_other(tasks: TaskSet) -> None:
    whole = benchmark(tasks)
    questions = LiveQuestions.load(whole, tasks=tasks)

    def sit(ask: Ask, name: str) -> float:
        return float(np.concatenate([ask(some) for some in batches(whole.items.index, 5)]).sum())

    models = {"first": HashLM("a"), "tired": TiringLM("b"), "made": lambda: HashLM("c"), "no": lambda: "model"}
    sat = sit_models(models, questions, sit)
    assert list(sat.results) == ["first", "made"]
    assert set(sat.failures) == {"tired", "no"}
    assert isinstance(sat.failures["tired"], ScoringError)
    assert str(sat.failures["tired"]) == "model 'tired': RuntimeError: out of memory"
    assert sat.failures["tired"].__traceback__ is None
    assert isinstance(sat.failures["no"], ConfigurationError)
    assert sat.results["first"] == score_full(HashLM("a"), whole, tasks=tasks, name="a").scores.sum()


def test_a_changed_document_is_found_before_any_model_is_opened(tasks: TaskSet) -> None:
    with pytest.raises(ScoringError, match="item 'beta/5': the task's data have changed"):
        LiveQuestions.load(benchmark(tasks, {"beta/5": "0" * 64}), tasks=tasks)


def test_what_cannot_be_asked_is_refused(tasks: TaskSet) -> None:
    whole = benchmark(tasks)
    with (
        LiveQuestions.load(whole, tasks=tasks).model(HashLM(), "x") as ask,
        pytest.raises(AnchorSetError, match="benchmark both has no item 'gamma/0' to ask"),
    ):
        ask(pd.Index(["alpha/0", "gamma/0"], dtype=object))
    with pytest.raises(ConfigurationError, match="cache_requests"):
        LiveQuestions.load(whole, tasks=tasks, cache_requests=True)
    with pytest.raises(AnchorSetError, match="no column 'task'"):
        LiveQuestions.load(ResponseMatrix.from_arrays(np.ones((1, 3))), tasks=tasks)
