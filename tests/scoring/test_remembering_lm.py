"""A model with a memory: asks only the rest, keeps each answer as it comes, and answers as the model itself would."""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from anchoreval.errors import ConfigurationError, ScoringError, StoreError
from anchoreval.scoring.live import score_full, score_live, score_models
from anchoreval.scoring.memory.remembering_lm import RememberingLM
from anchoreval.scoring.memory.request_memory import RequestMemory
from anchoreval.scoring.task_set import TaskSet, load_tasks
from anchoreval.scoring.usage import Usage

from ..conftest import ROOT
from .doubles import HashLM, choice_task, generation_task

METHODS = ("loglikelihood", "loglikelihood_rolling", "generate_until")


class CountingLM(HashLM):
    """Counts what reaches it, and can be told to fail."""

    def __init__(self, salt: str = "", fails_after: int | None = None) -> None:
        super().__init__(salt)
        self.calls: list[int] = []
        self.fails_after = fails_after

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        return self._each("loglikelihood", requests, lambda r: (-10.0 * self._number(*r.args), True))

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:
        return self._each("loglikelihood_rolling", requests, lambda r: -10.0 * self._number(*r.args))

    def generate_until(self, requests: list[Instance]) -> list[str]:
        return self._each("generate_until", requests, lambda r: str(int(4 * self._number(r.args[0]))))

    def _each(self, method: str, requests: list[Instance], answer: Callable[[Instance], Any]) -> list[Any]:
        self.calls.append(len(requests))
        answers = []
        for request in requests:
            if self.fails_after is not None and len(self.prompts) >= self.fails_after:
                raise RuntimeError("out of memory")
            answers.append(answer(request))
            self.tell(method, request, answers[-1])
        return answers

    def tell(self, method: str, request: Instance, answer: Any) -> None:
        """Nobody is told."""


class TellingLM(CountingLM):
    """Tells the hook of each answer, as lm-eval's own models do, and asks in an order of its own."""

    def _each(self, method: str, requests: list[Instance], answer: Callable[[Instance], Any]) -> list[Any]:
        return super()._each(method, requests[::-1], answer)[::-1]

    def tell(self, method: str, request: Instance, answer: Any) -> None:
        self.cache_hook.add_partial("loglikelihood", None, (0.0, True))  # a window of a rolling log-likelihood
        self.cache_hook.add_partial(method, request.args, answer)


def instances(method: str, count: int, first: int = 0) -> list[Instance]:
    arguments: dict[str, Callable[[int], tuple[Any, ...]]] = {
        "loglikelihood": lambda n: (f"question {n}", f" answer {n}"),
        "loglikelihood_rolling": lambda n: (f"text {n}",),
        "generate_until": lambda n: (f"question {n}", {"until": ["\n"]}),
    }
    return [Instance(method, {}, arguments[method](n), n) for n in range(first, first + count)]  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [CountingLM, TellingLM])
@pytest.mark.parametrize("method", METHODS)
def test_only_the_rest_is_asked_and_the_order_is_that_of_the_requests(
    tmp_path: Path, kind: type[CountingLM], method: str
) -> None:
    wanted = instances(method, 100)
    truth = getattr(kind(), method)(wanted)
    with RequestMemory(tmp_path / "m") as memory:
        for part in (wanted[10:20], wanted[15:60]):
            getattr(RememberingLM(kind(), memory, "x"), method)(part)
        assert len(memory) == 50
        inner, usage = kind(), Usage()
        assert getattr(RememberingLM(inner, memory, "x", usage=usage), method)(wanted) == truth
        assert (len(inner.prompts), usage.asked, usage.recalled) == (50, 50, 50)
    with RequestMemory(tmp_path / "m") as memory:
        inner = kind()
        assert getattr(RememberingLM(inner, memory, "x"), method)(wanted) == truth
        assert not inner.calls
        assert getattr(RememberingLM(inner, memory, "another model"), method)(wanted) == truth
        assert sum(inner.calls) == 100


@pytest.mark.parametrize("method", METHODS)
def test_a_model_that_tells_of_each_answer_loses_none_and_one_that_does_not_a_portion(
    tmp_path: Path, method: str
) -> None:
    wanted = instances(method, 100)
    for kind, kept in ((TellingLM, 77), (CountingLM, 64)):
        with RequestMemory(tmp_path / f"{kind.__name__} {method}") as memory:
            inner = kind(fails_after=77)
            with pytest.raises(RuntimeError):
                getattr(RememberingLM(inner, memory, "x"), method)(wanted)
            assert len(memory) == kept
            assert inner.calls == ([32, 68] if kind is TellingLM else [32, 32, 32])
            inner = kind()
            assert getattr(RememberingLM(inner, memory, "x"), method)(wanted) == getattr(kind(), method)(wanted)
            assert len(inner.prompts) == 100 - kept


class SamplingLM(TellingLM):
    """Answers every request anew."""

    numbers = itertools.count()

    def generate_until(self, requests: list[Instance]) -> list[str]:
        return self._each("generate_until", requests, lambda r: self._number(r.args[0]) and str(next(self.numbers)))


def test_repeats_of_one_request_are_never_collapsed(tmp_path: Path) -> None:
    wanted = instances("generate_until", 1) * 5
    with RequestMemory(tmp_path / "m") as memory:
        first = RememberingLM(SamplingLM(), memory, "x").generate_until(wanted[:3])
        assert len(set(first)) == 3
        inner = SamplingLM()
        again = RememberingLM(inner, memory, "x").generate_until(wanted)
        assert again[:3] == first
        assert len(set(again)) == 5
        assert len(inner.prompts) == 2


def test_repeats_of_a_task_are_kept_apart(tmp_path: Path) -> None:
    tasks = load_tasks([generation_task(tmp_path, "alpha", repeats=3, generation_kwargs={"do_sample": True})])
    options: dict[str, Any] = {"tasks": tasks, "name": "m", "metric": "exact_match", "identity": "v1"}
    with RequestMemory(tmp_path / "m") as memory:
        score_live(HashLM(), {"alpha": [1, 2]}, memory=memory, **options)
        assert len(memory) == 6
        inner = HashLM()
        score_live(inner, {"alpha": [1, 2, 3]}, memory=memory, **options)
        assert len(inner.prompts) == 3


class DistributedLM(HashLM):
    """One of two processes, with everything that lm-eval may want of a model."""

    tokenizer_name = "a tokenizer"
    device = "cuda:1"
    batch_sizes = {4: 2}
    rank, world_size = 1, 2

    def chat_template(self, chat_template: bool | str = False) -> str | None:
        return f"template {chat_template}"

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        return f"{chat_history} {add_generation_prompt}"

    def all_gather(self, tensor: Any) -> Any:
        return [tensor, tensor]

    def gather_object(self, obj: Any, dst: int = 0) -> Any:
        return (obj, dst)

    def barrier(self) -> None:
        self.prompts.append("barrier")

    def get_model_info(self) -> dict[str, str]:
        return {"model": "d"}


def test_everything_else_is_the_inner_models() -> None:
    inner = DistributedLM()
    with RequestMemory(None) as memory:
        lm = RememberingLM(inner, memory, "x")
    assert isinstance(lm, LM)
    assert (lm.rank, lm.world_size, lm.device, lm.tokenizer_name) == (1, 2, "cuda:1", "a tokenizer")
    assert lm.chat_template("tool") == "template tool"
    assert lm.apply_chat_template([], add_generation_prompt=False) == "[] False"
    assert (lm.all_gather(3), lm.gather_object("o", dst=1)) == ([3, 3], ("o", 1))
    lm.barrier()
    assert inner.prompts == ["barrier"]
    assert (lm.batch_sizes, lm.get_model_info()) == ({4: 2}, {"model": "d"})
    assert not hasattr(lm, "MULTIMODAL")
    public = {name for name in vars(LM) if not name.startswith("_")}
    passed = {name for name in public if name in vars(RememberingLM)}
    assert public - passed == {"create_from_arg_string", "create_from_arg_obj", "set_cache_hook"}


def test_the_models_own_hook_is_put_back(tmp_path: Path) -> None:
    inner = TellingLM(fails_after=3)
    before = inner.cache_hook
    with RequestMemory(tmp_path / "m") as memory, pytest.raises(RuntimeError):
        RememberingLM(inner, memory, "x").loglikelihood(instances("loglikelihood", 5))
    assert inner.cache_hook is before


def test_the_bar_counts_what_is_remembered_as_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from anchoreval.scoring.memory import remembering_lm

    made: list[Any] = []

    class Bar(remembering_lm.tqdm):  # type: ignore[type-arg]
        def __init__(self, **options: Any) -> None:
            made.append((options["total"], options["initial"], options["disable"]))
            super().__init__(**options)

        def update(self, n: float | None = 1) -> None:
            made.append(n)

    monkeypatch.setattr(remembering_lm, "tqdm", Bar)
    with RequestMemory(tmp_path / "m") as memory:
        for kind in (TellingLM, CountingLM):
            RememberingLM(kind(), memory, kind.__name__).loglikelihood(instances("loglikelihood", 40))
            made.clear()
            RememberingLM(kind(), memory, kind.__name__).loglikelihood(instances("loglikelihood", 100))
            assert made == [(100, 40, None), *[1] * 60]
            RememberingLM(kind(), memory, kind.__name__).loglikelihood(instances("loglikelihood", 100))
            assert len(made) == 61, "nothing to wait for, no bar"


class LeakingLM(HashLM):
    """Fails with its key in the message."""

    def __init__(self, api_key: str, **_: Any) -> None:
        super().__init__()
        self.key = api_key

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        raise RuntimeError(f"{self.key} is no valid key")


def test_a_failure_of_any_kind_of_model_keeps_its_secrets(tasks: TaskSet) -> None:
    from lm_eval.api.registry import MODEL_REGISTRY, register_model

    if "leaking" not in MODEL_REGISTRY:
        register_model("leaking")(LeakingLM)
    with pytest.raises(ScoringError, match=r"^model 'm': RuntimeError: \*\*\* is no valid key$"):
        score_live("leaking", {"alpha": [1]}, tasks=tasks, name="m", model_args="api_key=sk-secret")


class ShortLM(HashLM):
    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        return super().loglikelihood(requests)[:-1]


class OddLM(HashLM):
    def loglikelihood(self, requests: list[Instance]) -> list[Any]:
        return [None for _ in requests]


def test_answers_that_do_not_fit_are_refused(tasks: TaskSet, tmp_path: Path) -> None:
    with RequestMemory(tmp_path / "m") as memory:
        options: dict[str, Any] = {"tasks": tasks, "name": "odd", "memory": memory, "identity": "v1"}
        with pytest.raises(ScoringError, match=r"^model 'odd': 3 requests got 2 answers$"):
            score_live(ShortLM(), {"alpha": [1]}, **options)
        with pytest.raises(ScoringError, match=r"^model 'odd': a loglikelihood request was answered with None$"):
            score_live(OddLM(), {"alpha": [1]}, **options)
        score_live(HashLM(), {"alpha": [1]}, **options)
        with sqlite3.connect(tmp_path / "m") as raw:
            raw.execute("UPDATE answers SET value = '\"text\"'")
        raw.close()
        with pytest.raises(StoreError, match=f"^{tmp_path / 'm'}: holds 'text' as the answer to a loglikelihood"):
            score_live(HashLM(), {"alpha": [1]}, **options)


def test_a_run_that_failed_is_resumed_with_equal_scores(tasks: TaskSet, tmp_path: Path) -> None:
    truth = score_full(HashLM(), tasks=tasks, name="m")
    total = sum(2 + n % 3 for size in (24, 17) for n in range(size))
    asked = 0
    with RequestMemory(tmp_path / "m") as memory:
        options: dict[str, Any] = {"tasks": tasks, "name": "m", "memory": memory, "identity": {"version": 1}}
        for limit in (10, 40, 20):
            inner = TellingLM(fails_after=limit)
            with pytest.raises(ScoringError, match="out of memory"):
                score_full(inner, **options)
            asked += limit
            assert len(memory) == asked
        inner, usage = TellingLM(), Usage()
        result = score_full(inner, usage=usage, **options)
        assert len(inner.prompts) == usage.asked == total - asked
        assert usage.recalled == asked
        np.testing.assert_array_equal(result.scores, truth.scores)
        np.testing.assert_array_equal(result.probabilities, truth.probabilities)
        inner = TellingLM()
        some = score_live(inner, {"beta": [3, 1], "alpha": [5]}, **options)
        assert not inner.prompts, "anchors of items that were all asked before"
        assert some.scores[0].tolist() == truth.subset(items=some.items.index).scores[0].tolist()
        other = score_live(inner, {"alpha": [5]}, **{**options, "identity": {"version": 2}})
        assert len(inner.prompts) == other.option_counts.sum()


def test_models_without_a_name_need_an_identity(tasks: TaskSet) -> None:
    with RequestMemory(None) as memory:
        options: dict[str, Any] = {"tasks": tasks, "memory": memory}
        for model in (HashLM(), HashLM):
            with pytest.raises(ConfigurationError, match=r"^model 'm' is given as a \w+, .* only with identity="):
                score_live(model, {"alpha": [1]}, name="m", **options)
        models = {"a": HashLM("a"), "b": HashLM("b"), "c": HashLM("c")}
        result = score_models(models, {"alpha": [1, 2]}, identity={"a": "A", "b": {"of": "B"}}, **options)
        assert result.responses is not None
        assert list(result.responses.models.index) == ["a", "b"]
        assert list(result.failures) == ["c"]
        assert len(memory) == 2 * (3 + 4)
        with pytest.raises(ConfigurationError, match="identity of several models is a mapping"):
            score_models({"a": HashLM()}, {"alpha": [1]}, identity="A", **options)  # type: ignore[arg-type]


SLOW = """
import os, sys, time
from pathlib import Path
from anchoreval.scoring.live import score_full
from anchoreval.scoring.memory.request_memory import RequestMemory
from anchoreval.scoring.task_set import load_tasks
from tests.scoring.doubles import choice_task
from tests.scoring.test_remembering_lm import CountingLM, TellingLM

folder, kind, pause = Path(sys.argv[1]), {"telling": TellingLM, "silent": CountingLM}[sys.argv[2]], float(sys.argv[3])

class SlowLM(kind):
    def _number(self, *texts):
        time.sleep(pause)
        with open(folder / "asked", "a") as log:
            log.write(texts[-1] + chr(10))
        return super()._number(*texts)

tasks = load_tasks([choice_task(folder, "alpha")], network=False)
with RequestMemory(folder / "memory") as memory:
    scored = score_full(SlowLM(), tasks=tasks, name="m", memory=memory, identity="slow")
(folder / "scores").write_text(repr(scored.scores.tolist()) + repr(scored.probabilities.tolist()))
"""


@pytest.mark.parametrize(("kind", "lost"), [("telling", 1), ("silent", 32)])
def test_kill_9_loses_only_what_is_in_flight(tmp_path: Path, kind: str, lost: int) -> None:
    command = [sys.executable, "-c", SLOW, str(tmp_path), kind]
    log, memory = tmp_path / "asked", tmp_path / "memory"

    def asked() -> list[str]:
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []

    def kept() -> int:
        with RequestMemory(memory) as opened:
            return len(opened)

    for enough in (15, 50):
        running = subprocess.Popen([*command, "0.02"], cwd=ROOT)
        while len(asked()) < enough:
            assert running.poll() is None
            time.sleep(0.01)
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
        assert len(set(asked())) - kept() <= lost
    before, known = len(asked()), kept()
    subprocess.run([*command, "0"], cwd=ROOT, check=True)
    total = sum(2 + n % 3 for n in range(24))
    assert len(asked()) - before == total - known, "exactly the rest is asked"
    assert kept() == total
    truth = score_full(CountingLM(), tasks=load_tasks([choice_task(tmp_path, "alpha")], network=False), name="m")
    assert truth.probabilities is not None
    expected = repr(truth.scores.tolist()) + repr(truth.probabilities.tolist())
    assert (tmp_path / "scores").read_text(encoding="utf-8") == expected
