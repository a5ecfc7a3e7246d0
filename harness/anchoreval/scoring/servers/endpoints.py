"""Which servers can answer which tasks: a mismatch is refused before a single request is sent.

Multiple choice needs the log-likelihood of a text that is given, which chat endpoints do not tell. Completions
endpoints tell it where they support `echo` with `logprobs`; one tiny request finds out before the run.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from anchoreval.errors import ConfigurationError, ScoringError
from anchoreval.scoring.model_source import ModelSource, RegisteredModel
from anchoreval.scoring.plan import Plan
from anchoreval.scoring.servers.answer_checks import answer_lacking

CHAT = frozenset(
    {
        "local-chat-completions",
        "openai-chat-completions",
        "azure-openai-chat-completions",
        "anthropic-chat",
        "anthropic-chat-completions",
        "litellm",
        "litellm-chat",
        "litellm-chat-completions",
    }
)
"""Kinds of lm-eval's models that are asked in conversations."""
NO_LOGLIKELIHOOD = CHAT | {"anthropic-completions"}
OWN_CLIENTS = frozenset(
    {"anthropic-completions", "litellm", "litellm-chat", "litellm-chat-completions", "watsonx_llm", "textsynth"}
)
"""Kinds that reach a paid server by other means than lm-eval's common ones, where no limit can be kept."""
TOLD_BY_NAME = ("local-completions", "local-chat-completions", "sglang-generate")
"""Kinds that ask the server whose address they are given."""
PROBE = "The quick brown fox"


def check_kind(source: ModelSource, plan: Plan, name: str, limited: bool = False) -> None:
    """Refuse what a registered kind of model cannot do, by its name and arguments alone.

    Args:
        source: of the model; anything but a `RegisteredModel` passes.
        plan: the run.
        name: of the model, for messages.
        limited: whether limits are to be kept.

    Raises:
        ConfigurationError: naming the model, the task and what to use instead.
    """
    if not isinstance(source, RegisteredModel):
        return
    kind, arguments = source.model, source.arguments
    if kind in TOLD_BY_NAME and not arguments.get("base_url"):
        raise ConfigurationError(f"model {name!r}: {kind} needs base_url in model_args, the address of the server")
    if kind in NO_LOGLIKELIHOOD:
        _refuse_loglikelihood(kind, plan, name)
    if kind in CHAT:
        _check_template(kind, plan, name)
    if limited and kind in OWN_CLIENTS:
        raise ConfigurationError(_no_limits(kind, name))
    _check_tokenizer(kind, arguments, plan, name)


def check_model(lm: Any, plan: Plan, name: str, limited: bool = False) -> None:
    """Refuse the same of a model that was made elsewhere, by its class (arguments as for `check_kind`).

    Raises:
        ConfigurationError: naming the model, the task and what to use instead.
    """
    if not is_api_model(lm):
        return
    kind = type(lm).__name__
    if limited and not uses_common_client(lm):
        raise ConfigurationError(_no_limits(kind, name))
    if _is_chat(lm):
        _refuse_loglikelihood(kind, plan, name)
        _check_template(kind, plan, name)
    elif lm.tokenizer is None and (task := loglikelihood_task(plan)):
        raise ConfigurationError(_needs_tokenizer(kind, task, name))


def is_api_model(lm: Any) -> bool:
    """Whether this is one of lm-eval's models behind a server."""
    loaded = sys.modules.get("lm_eval.models.api_models")  # where it is not loaded, no model of it can exist
    return loaded is not None and isinstance(lm, loaded.TemplateAPI)


def uses_common_client(lm: Any) -> bool:
    """Whether requests to the server go through lm-eval's own code, and not another library's client."""
    if not is_api_model(lm):
        return False
    from lm_eval.models.api_models import TemplateAPI

    own = type(lm)
    return own.model_call is TemplateAPI.model_call and own.amodel_call is TemplateAPI.amodel_call


def answers_as_openai(lm: Any) -> bool:
    """Whether lm-eval reads this model's answers as OpenAI's completions or chat completions."""
    from lm_eval.models.openai_completions import LocalChatCompletion, LocalCompletionsAPI

    readers = (LocalCompletionsAPI.parse_generations, LocalChatCompletion.parse_generations)
    own = type(lm)
    return (
        isinstance(lm, LocalCompletionsAPI)
        and own.parse_generations in readers
        and own.parse_logprobs is LocalCompletionsAPI.parse_logprobs
    )


def loglikelihood_task(plan: Plan) -> str | None:
    """The first task of the run whose answers are log-likelihoods, or None."""
    return next((task for task in plan.request if plan.tasks.tasks[task].OUTPUT_TYPE != "generate_until"), None)


def probe(lm: Any, plan: Plan, name: str) -> None:
    """Ask a completions server for the log-likelihood of a few words, where tasks need it.

    Raises:
        ScoringError: the server does not answer, or its answer lacks what lm-eval reads; says what.
    """
    if loglikelihood_task(plan) is None or not answers_as_openai(lm):
        return
    tokens = lm.tok_encode(PROBE)
    outputs = lm.model_call([tokens], generate=False)
    if problem := answer_lacking(outputs, [tokens], generate=False):
        raise ScoringError(f"model {name!r}: the server cannot score multiple choice: {problem}")


def _is_chat(lm: Any) -> bool:
    """lm-eval's chat models override `loglikelihood` only to refuse it."""
    from lm_eval.models.openai_completions import LocalChatCompletion

    return isinstance(lm, LocalChatCompletion) or "Chat" in type(lm).__name__


def _refuse_loglikelihood(kind: str, plan: Plan, name: str) -> None:
    if task := loglikelihood_task(plan):
        output = plan.tasks.tasks[task].OUTPUT_TYPE
        raise ConfigurationError(
            f"model {name!r}: task {task!r} ({output}) needs log-likelihoods of given texts, which {kind} cannot tell:"
            " use local-completions with a server that supports echo and logprobs, or a generative variant of the task"
        )


def _check_template(kind: str, plan: Plan, name: str) -> None:
    if not plan.settings.apply_chat_template:
        raise ConfigurationError(f"model {name!r}: {kind} is asked in conversations and needs apply_chat_template=true")


def _check_tokenizer(kind: str, arguments: Mapping[str, Any], plan: Plan, name: str) -> None:
    backend = arguments.get("tokenizer_backend", "auto")
    none = backend is None or str(backend).lower() == "none"
    if none and kind.endswith("completions") and kind not in NO_LOGLIKELIHOOD and (task := loglikelihood_task(plan)):
        raise ConfigurationError(_needs_tokenizer(kind, task, name))


def _no_limits(kind: str, name: str) -> str:
    return f"model {name!r}: no limits can be kept for {kind}, which has a client of its own"


def _needs_tokenizer(kind: str, task: str, name: str) -> str:
    return (
        f"model {name!r}: task {task!r} is multiple choice, for which {kind} needs the model's tokenizer:"
        " give tokenizer= (a folder or a name) in model_args, and no tokenizer_backend=none"
    )
