"""Servers are asked only what they can answer, and a mismatch is found before a single request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anchoreval.errors import ConfigurationError, ScoringError
from anchoreval.scoring.limits import Limits
from anchoreval.scoring.live import score_live, score_models
from anchoreval.scoring.model_source import RegisteredModel
from anchoreval.scoring.task_set import TaskSet, load_tasks
from anchoreval.scoring.usage import Usage

from .doubles import HashLM, generation_task
from .loopback import Loopback

pytest.importorskip("aiohttp", reason="needs the extra api: pip install 'anchoreval[api]'")
pytest.importorskip("transformers", reason="needs the extra hf: pip install 'anchoreval[hf]'")
pytestmark = pytest.mark.filterwarnings("ignore")  # warnings of transformers and aiohttp are not ours to mend

FREE = {"alpha": [1, 2]}


@pytest.fixture
def free_text(tmp_path: Path) -> TaskSet:
    return load_tasks([generation_task(tmp_path, "alpha")], network=False)


@pytest.mark.parametrize(
    "kind",
    [
        "local-chat-completions",
        "openai-chat-completions",
        "azure-openai-chat-completions",
        "anthropic-chat",
        "anthropic-chat-completions",
        "anthropic-completions",
        "litellm",
    ],
)
def test_multiple_choice_on_a_chat_endpoint_is_refused(server: Loopback, tasks: TaskSet, kind: str) -> None:
    arguments = {"model": "m", "base_url": f"{server.address}/chat/completions"}
    with pytest.raises(
        ConfigurationError,
        match=rf"^model 'm': task 'alpha' \(multiple_choice\) needs .*{kind} cannot tell: use local-comp",
    ):
        score_live(kind, FREE, tasks=tasks, name="m", model_args=arguments, apply_chat_template=True)
    assert not server.requests


def test_a_chat_endpoint_without_a_chat_template_is_refused(server: Loopback, free_text: TaskSet) -> None:
    arguments = {"model": "m", "base_url": f"{server.address}/chat/completions"}
    options: dict[str, Any] = {"tasks": free_text, "name": "m", "metric": "exact_match"}
    with pytest.raises(ConfigurationError, match=r"^model 'm': local-chat-completions .* apply_chat_template=true"):
        score_live("local-chat-completions", FREE, model_args=arguments, **options)
    assert not server.requests
    score_live("local-chat-completions", FREE, model_args=arguments, apply_chat_template=True, **options)
    assert len(server.completions) == 2


def test_models_made_elsewhere_are_refused_alike(server: Loopback, tasks: TaskSet, free_text: TaskSet) -> None:
    from lm_eval.models.openai_completions import LocalChatCompletion, LocalCompletionsAPI

    chat = LocalChatCompletion(model="m", base_url=f"{server.address}/chat/completions")
    blind = LocalCompletionsAPI(model="m", base_url=f"{server.address}/completions", tokenizer_backend="none")
    with pytest.raises(ConfigurationError, match="LocalChatCompletion cannot tell: use local-completions"):
        score_live(chat, FREE, tasks=tasks, name="m", apply_chat_template=True)
    with pytest.raises(ConfigurationError, match=r"LocalChatCompletion .* needs apply_chat_template=true"):
        score_live(lambda: chat, FREE, tasks=free_text, name="m", metric="exact_match")
    with pytest.raises(ConfigurationError, match=r"'alpha' is multiple choice, .* needs the model's tokenizer: give"):
        score_live(blind, FREE, tasks=tasks, name="m")
    assert not server.completions


@pytest.mark.parametrize("backend", ["none", "None", None])
def test_multiple_choice_without_a_tokenizer_is_refused(server: Loopback, tasks: TaskSet, backend: Any) -> None:
    arguments = {"model": "m", "base_url": f"{server.address}/completions", "tokenizer_backend": backend}
    with pytest.raises(ConfigurationError, match=r"'alpha' is multiple choice, .* needs the model's tokenizer: give"):
        score_live("local-completions", FREE, tasks=tasks, name="m", model_args=arguments)
    assert not server.requests


def test_a_tokenizer_that_is_not_there_is_told_in_one_line(server: Loopback, tasks: TaskSet) -> None:
    arguments = {"model": "m", "base_url": f"{server.address}/completions", "tokenizer": "/no/such/folder"}
    with pytest.raises(ScoringError, match=r"^model 'm' does not load: .*tokenizer= \(a folder or a name\)") as caught:
        score_live("local-completions", FREE, tasks=tasks, name="m", model_args=arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["local-completions", "local-chat-completions"])
def test_an_address_is_needed(tasks: TaskSet, free_text: TaskSet, kind: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^model 'm': {kind} needs base_url in model_args"):
        score_live(kind, FREE, tasks=free_text, name="m", metric="exact_match", model_args="model=m")


def test_limits_that_cannot_be_kept_are_refused(free_text: TaskSet) -> None:
    limits, metric = Limits(max_requests=3), "exact_match"
    with pytest.raises(ConfigurationError, match="no limits can be kept for litellm"):
        score_live("litellm", FREE, tasks=free_text, name="m", metric=metric, limits=limits, apply_chat_template=True)
    assert score_live(HashLM(), FREE, tasks=free_text, name="m", metric=metric, limits=limits).n_items == 2
    given = {"model": "m", "base_url": "http://127.0.0.1:9/v1/chat/completions", "max_retries": 1}
    with pytest.raises(ScoringError, match="no answer from the server"):
        score_live(
            "local-chat-completions",
            FREE,
            tasks=free_text,
            name="m",
            metric=metric,
            model_args=given,
            limits=limits,
            apply_chat_template=True,
        )


@pytest.mark.parametrize(
    ("lacking", "problem"),
    [
        ("logprobs", "it has no logprobs: the server does not support echo=true with logprobs"),
        ("echo", "token_logprobs does not echo the prompt: the server does not support echo=true with logprobs"),
        ("top_logprobs", "logprobs has no top_logprobs for every token"),
        ("choices", "it has no list of choices"),
    ],
)
def test_a_server_that_cannot_score_options_is_found_out_by_one_request(
    server: Loopback, tasks: TaskSet, tokenizer: str, lacking: str, problem: str
) -> None:
    server.lacking.add(lacking)
    arguments = {"model": "m", "base_url": f"{server.address}/completions", "tokenizer": tokenizer}
    with pytest.raises(ScoringError, match=f"^model 'm': .*: {problem}"):
        score_live("local-completions", FREE, tasks=tasks, name="m", model_args=arguments)
    assert len(server.completions) == 1


def test_a_server_with_another_tokenizer_gives_other_numbers_in_lm_eval_and_is_found_out_here(
    server: Loopback, tasks: TaskSet, tokenizer: str, raw_run: Any
) -> None:
    from lm_eval.models.openai_completions import LocalCompletionsAPI

    arguments = {"model": "m", "base_url": f"{server.address}/completions", "tokenizer": tokenizer}
    right, wrong = [
        raw_run(LocalCompletionsAPI(tokenizer_backend="huggingface", **arguments), {"alpha": [1], "beta": [0]})
        for server.extra_tokens in (0, 1)
    ]
    assert right["alpha"][0]["resps"] != wrong["alpha"][0]["resps"], "a sum of other tokens, and no word of it"
    server.requests.clear()
    with pytest.raises(ScoringError, match=r"token_logprobs has \d+ entries for \d+ tokens sent and one generated"):
        score_live("local-completions", FREE, tasks=tasks, name="m", model_args=arguments)
    assert len(server.completions) == 1


def test_a_mismatch_of_one_model_stops_no_other(server: Loopback, tasks: TaskSet) -> None:
    chat = RegisteredModel("local-chat-completions", {"model": "m", "base_url": f"{server.address}/chat/completions"})
    result = score_models({"chat": chat, "hash": HashLM()}, FREE, tasks=tasks)
    assert result.responses is not None
    assert list(result.responses.models.index) == ["hash"]
    assert list(result.failures) == ["chat"]


def test_a_chat_answer_without_its_text_is_empty_in_lm_eval_and_an_error_here(
    server: Loopback, free_text: TaskSet, raw_run: Any
) -> None:
    from lm_eval.models.openai_completions import LocalChatCompletion

    server.lacking.add("message")
    lm = LocalChatCompletion(model="m", base_url=f"{server.address}/chat/completions")
    raw = raw_run(lm, {"alpha": [1]}, free_text, apply_chat_template=True)
    assert raw["alpha"][0]["resps"] == [[""]]
    with pytest.raises(ScoringError, match="a choice has no text"):
        score_live(lm, FREE, tasks=free_text, name="m", metric="exact_match", apply_chat_template=True)


def test_a_client_of_another_library_is_left_alone(server: Loopback, free_text: TaskSet) -> None:
    """lm-eval's LiteLLM model overrides both calls, and its failures are not ours to repeat."""
    from lm_eval.models.openai_completions import LocalChatCompletion

    retries: list[int] = []

    class Other(LocalChatCompletion):  # type: ignore[misc]
        def model_call(self, messages: Any, **_: Any) -> Any:
            retries.append(self.max_retries)
            return {"choices": [{"index": 0, "message": {"content": "1"}}]}

    lm = Other(model="m", base_url=f"{server.address}/chat/completions", max_retries=5)
    usage = Usage()
    options: dict[str, Any] = {"tasks": free_text, "name": "m", "metric": "exact_match", "apply_chat_template": True}
    score_live(lm, FREE, usage=usage, **options)
    assert (retries, usage.asked, usage.attempts) == ([5, 5], 2, 0)
    assert not server.completions
    with pytest.raises(ConfigurationError, match="no limits can be kept for Other"):
        score_live(lm, FREE, limits=Limits(max_tokens=5), **options)
