"""Asking a server: counted, paced, repeated where it helps, and nothing that was answered is lost."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anchoreval.errors import ScoringError
from anchoreval.responses import ResponseMatrix
from anchoreval.scoring.limits import Limits
from anchoreval.scoring.live import score_full, score_live
from anchoreval.scoring.memory.request_memory import RequestMemory
from anchoreval.scoring.servers import failures
from anchoreval.scoring.task_set import TaskSet, load_tasks
from anchoreval.scoring.usage import Usage

from ..conftest import ROOT
from .doubles import choice_task, generation_task
from .loopback import Loopback

pytest.importorskip("aiohttp", reason="needs the extra api: pip install 'anchoreval[api]'")
pytest.importorskip("transformers", reason="needs the extra hf: pip install 'anchoreval[hf]'")
pytestmark = pytest.mark.filterwarnings("ignore")  # warnings of transformers and aiohttp are not ours to mend

SOME = {"alpha": [0, 3, 4, 10]}
OPTIONS = 2 + 2 + 3 + 3
"""Options of the documents of `SOME`, each a request."""
CONCURRENT = pytest.mark.parametrize("concurrent", [1, 4])

Score = Callable[..., ResponseMatrix]


@pytest.fixture
def score(server: Loopback, tasks: TaskSet, tokenizer: str, monkeypatch: pytest.MonkeyPatch) -> Score:
    """Scores `SOME` on the server; keywords beside those of `score_live` are model arguments."""
    monkeypatch.setattr(failures, "FIRST_WAIT", 0.01)

    def scored(memory: Any = None, usage: Any = None, limits: Any = None, **arguments: Any) -> ResponseMatrix:
        address = f"{server.address}/completions"
        given = {"model": "m", "base_url": address, "tokenizer": tokenizer, "max_retries": 3, **arguments}
        return score_live(
            "local-completions",
            SOME,
            tasks=tasks,
            name="m",
            model_args=given,
            memory=memory,
            usage=usage,
            limits=limits,
        )

    return scored


@CONCURRENT
def test_what_is_sent_and_what_comes_back_is_counted(server: Loopback, score: Score, concurrent: int) -> None:
    usage = Usage()
    score(usage=usage, num_concurrent=concurrent)
    probe = 1
    assert len(server.completions) == usage.attempts == OPTIONS + probe
    assert (usage.asked, usage.recalled, usage.retries, usage.rate_limited) == (OPTIONS, 0, 0, 0)
    assert usage.prompt_tokens == sum(len(prompt) for sent in server.completions for prompt in sent["prompt"])
    assert usage.completion_tokens == OPTIONS + probe
    assert usage.seconds > 0
    assert server.most_in_flight <= concurrent


def test_concurrent_requests_give_the_same_answers(server: Loopback, score: Score) -> None:
    one, four, batched = score(), score(num_concurrent=4), score(batch_size=3)
    np.testing.assert_array_equal(one.probabilities, four.probabilities)
    np.testing.assert_array_equal(one.probabilities, batched.probabilities)


@CONCURRENT
def test_passing_faults_are_met_by_trying_again(server: Loopback, score: Score, concurrent: int) -> None:
    expected = score().probabilities
    usage = Usage()
    server.faults.extend([None, None, 500, "drop", (429, 0), 503, None, (429, 0), (429, 0)])
    scored = score(usage=usage, num_concurrent=concurrent, max_retries=5)
    np.testing.assert_array_equal(scored.probabilities, expected)
    assert usage.retries == 6
    assert usage.rate_limited == 3
    assert usage.attempts == OPTIONS + 1 + 6
    assert usage.asked == OPTIONS


@CONCURRENT
def test_a_server_that_says_when_to_come_back_is_left_alone_until_then(
    server: Loopback, score: Score, concurrent: int
) -> None:
    usage = Usage()
    server.faults.extend([None, None, None, (429, 1)])
    score(usage=usage, num_concurrent=concurrent, max_retries=1)
    gaps = np.diff(server.times)
    assert gaps.max() >= 0.9
    assert usage.rate_limited == usage.retries == 1, "rate limits are no failures, so max_retries=1 does not stop it"


@CONCURRENT
def test_what_keeps_failing_ends_in_one_line(server: Loopback, score: Score, concurrent: int) -> None:
    server.message = "no quota left for\nproject sk-secret " + "x" * 1000
    server.faults.extend([None, None, *[500] * 50])
    with pytest.raises(ScoringError) as caught:
        score(num_concurrent=concurrent, auth_token="sk-secret")
    message = str(caught.value)
    assert message.startswith(
        "model 'm': the server answered 500 Internal Server Error: no quota left for project *** xx"
    )
    assert message.endswith("... (3 attempts)")
    assert len(message) < 350
    assert "\n" not in message


def test_what_cannot_succeed_is_not_repeated(server: Loopback, score: Score) -> None:
    server.message = "invalid key"
    server.faults.extend([None, 401])
    with pytest.raises(ScoringError, match=r"^model 'm': the server answered 401 Unauthorized: invalid key$"):
        score()
    assert len(server.completions) == 2


def test_a_server_that_is_not_there_is_told_in_one_line(tasks: TaskSet, tokenizer: str) -> None:
    for concurrent in (1, 4):
        given = {
            "model": "m",
            "base_url": "http://127.0.0.1:9/v1/completions",
            "tokenizer": tokenizer,
            "max_retries": 1,
        }
        with pytest.raises(ScoringError, match=r"^model 'm': no answer from the server: \w+: .*$"):
            score_live(
                "local-completions",
                SOME,
                tasks=tasks,
                name="m",
                model_args={**given, "max_retries": 1, "num_concurrent": concurrent},
            )


@CONCURRENT
@pytest.mark.parametrize("lacking", ["logprobs", "top_logprobs", "choices"])
def test_an_answer_that_lacks_something_later_on_is_no_answer(
    server: Loopback, score: Score, concurrent: int, lacking: str
) -> None:
    """The probe was answered well; lm-eval reads a missing list as it can."""
    respond = server.respond

    def broken(path: str, payload: dict[str, Any]) -> dict[str, Any]:
        server.lacking = {lacking} if len(server.completions) > 4 else set()
        return respond(path, payload)

    server.respond = broken  # type: ignore[method-assign]
    with pytest.raises(ScoringError, match=r"^model 'm': the server's answer cannot be read: "):
        score(num_concurrent=concurrent)


def test_an_error_of_lm_eval_itself_loses_nothing_in_flight(
    server: Loopback, score: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lm_eval.models.openai_completions import LocalCompletionsAPI

    read, calls = LocalCompletionsAPI.parse_logprobs, itertools.count()

    def failing(**answer: Any) -> Any:
        if next(calls) == 3:
            raise RuntimeError("cannot read it")
        return read(**answer)

    monkeypatch.setattr(LocalCompletionsAPI, "parse_logprobs", staticmethod(failing))
    server.delay = 0.05
    with RequestMemory(tmp_path / "m") as memory:
        with pytest.raises(ScoringError, match=r"^model 'm': RuntimeError: cannot read it$"):
            score(memory, num_concurrent=4)
        assert len(memory) == len(server.completions) - 2, "all but the probe and the one that failed"


def test_an_error_with_status_200_is_an_error(server: Loopback, score: Score) -> None:
    server.respond = lambda path, payload: {"error": {"message": "overloaded"}}  # type: ignore[method-assign]
    with pytest.raises(ScoringError, match=r"^model 'm': the server answered with an error: overloaded$"):
        score()


@CONCURRENT
def test_a_limit_on_requests_stops_exactly_there_and_keeps_what_was_answered(
    server: Loopback, score: Score, concurrent: int, tmp_path: Path
) -> None:
    server.delay = 0.02
    with RequestMemory(tmp_path / "m") as memory:
        usage = Usage()
        with pytest.raises(ScoringError, match=r"limit max_requests = 6 is reached \(5 requests asked, .*was answered"):
            score(memory, usage, Limits(max_requests=6), num_concurrent=concurrent)
        assert len(server.completions) == usage.attempts == 6
        assert len(memory) == 5, "all but the probe, those in flight included"
        rest = Usage()
        score(memory, rest, num_concurrent=concurrent)
        assert (rest.recalled, rest.asked) == (5, OPTIONS - 5)


def test_a_limit_holds_for_the_whole_that_usage_is_a_part_of(server: Loopback, score: Score) -> None:
    whole, limits = Usage(), Limits(max_requests=OPTIONS + 5)
    score(usage=whole.part(), limits=limits)
    with pytest.raises(ScoringError, match=f"limit max_requests = {OPTIONS + 5} is reached"):
        score(usage=whole.part(), limits=limits)
    assert whole.attempts == len(server.completions) == OPTIONS + 5


def test_tokens_and_cost_stop_a_run(server: Loopback, score: Score) -> None:
    with pytest.raises(ScoringError, match="limit max_tokens = 60 is reached"):
        score(limits=Limits(max_tokens=60))
    with pytest.raises(ScoringError, match=r"limit max_cost = 0.01 is reached .*, cost 0.01"):
        score(limits=Limits(max_cost=0.01, prompt_price=100.0))
    before = len(server.completions)
    server.lacking.add("usage")
    with pytest.raises(ScoringError, match="does not report its tokens, so that max_tokens and max_cost"):
        score(limits=Limits(max_tokens=10_000))
    assert len(server.completions) == before + 1
    score()


@CONCURRENT
def test_requests_are_no_faster_than_wanted(server: Loopback, score: Score, concurrent: int) -> None:
    score(limits=Limits(requests_per_minute=60 / 0.05), num_concurrent=concurrent)
    gaps = np.diff(server.times[-OPTIONS:])
    assert gaps.mean() >= 0.045
    assert gaps.min() >= 0.02


def test_what_is_remembered_sends_nothing_not_even_the_probe(server: Loopback, score: Score, tmp_path: Path) -> None:
    with RequestMemory(tmp_path / "m") as memory:
        first = score(memory)
        before = len(server.completions)
        again = score(memory, num_concurrent=4, auth_token="another key")
        assert len(server.completions) == before
        np.testing.assert_array_equal(first.probabilities, again.probabilities)


def test_the_key_is_sent_and_kept_nowhere(server: Loopback, score: Score, tmp_path: Path) -> None:
    with RequestMemory(tmp_path / "m") as memory:
        scored = score(memory, header={"Authorization": "Bearer sk-very-secret"})
    assert server.keys[-1] == "Bearer sk-very-secret"
    assert "sk-very-secret" not in repr(scored.provenance)
    assert b"sk-very-secret" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


@CONCURRENT
def test_generation_through_a_chat_endpoint(server: Loopback, tmp_path: Path, concurrent: int) -> None:
    tasks = load_tasks([generation_task(tmp_path, "alpha", doc_to_target="{{'a said 23'}}")], network=False)
    given = {"model": "m", "base_url": f"{server.address}/chat/completions", "num_concurrent": concurrent}
    with RequestMemory(tmp_path / "m") as memory:
        options: dict[str, Any] = {"tasks": tasks, "name": "m", "metric": "exact_match", "apply_chat_template": True}
        usage = Usage()
        full = score_full("local-chat-completions", model_args=given, memory=memory, usage=usage, **options)
        assert len(server.completions) == usage.asked == len(memory) == 24
        assert server.completions[0]["messages"][0]["role"] == "user"
        some = score_live("local-chat-completions", SOME, model_args=given, memory=memory, **options)
        assert len(server.completions) == 24
        fresh = score_live("local-chat-completions", SOME, model_args=given, **options)
        assert len(server.completions) == 24 + 4
    expected = full.subset(items=some.items.index).scores
    np.testing.assert_array_equal(some.scores, expected)
    np.testing.assert_array_equal(fresh.scores, expected)
    server.lacking.add("message")
    with pytest.raises(ScoringError, match="the server's answer cannot be read: a choice has no text"):
        score_live("local-chat-completions", SOME, model_args=given, **options)


CLIENT = """
import sys
from pathlib import Path
from anchoreval.scoring.live import score_full
from anchoreval.scoring.memory.request_memory import RequestMemory
from anchoreval.scoring.task_set import load_tasks
from tests.scoring.doubles import choice_task
folder, address, tokenizer, concurrent = sys.argv[1:]
tasks = load_tasks([choice_task(Path(folder), "alpha")], network=False)
given = {"model": "m", "base_url": address, "tokenizer": tokenizer, "num_concurrent": int(concurrent)}
with RequestMemory(Path(folder) / "memory") as memory:
    scored = score_full("local-completions", tasks=tasks, name="m", model_args=given, memory=memory)
(Path(folder) / "scores").write_text(repr(scored.probabilities.tolist()))
"""


@pytest.mark.slow
@CONCURRENT
def test_kill_9_loses_only_the_requests_in_flight(
    server: Loopback, tokenizer: str, tmp_path: Path, concurrent: int
) -> None:
    address = f"{server.address}/completions"
    command = [sys.executable, "-c", CLIENT, str(tmp_path), address, tokenizer, str(concurrent)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    total = sum(2 + n % 3 for n in range(24))
    server.delay = 0.02
    running = subprocess.Popen(command, cwd=ROOT, env=environment)
    while len(server.completions) < 40:
        assert running.poll() is None
        time.sleep(0.01)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    time.sleep(0.2)
    sent = len(server.completions)
    with RequestMemory(tmp_path / "memory") as memory:
        kept = len(memory)
    assert sent - 1 - kept <= concurrent
    server.delay = 0.0
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    assert len(server.completions) - sent == total - kept + 1, "exactly the rest, and a probe"
    given = {"model": "m", "base_url": address, "tokenizer": tokenizer}
    tasks = load_tasks([choice_task(tmp_path, "alpha")], network=False)
    truth = score_full("local-completions", tasks=tasks, name="m", model_args=given)
    assert truth.probabilities is not None
    assert (tmp_path / "scores").read_text(encoding="utf-8") == repr(truth.probabilities.tolist())
