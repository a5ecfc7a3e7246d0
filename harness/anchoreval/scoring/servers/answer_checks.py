"""Whether a server's answer has what lm-eval will read from it: lm-eval itself slices, sums and guesses.

Log-likelihoods: lm-eval (0.4.13) sends a prompt with its continuation, asks for one more token and sums the echoed
`token_logprobs[context length : -1]`. A server that echoes a token more or fewer shifts that slice, and the sum is
another number without anybody noticing. Chat: an answer that cannot be read becomes the empty text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

from anchoreval.scoring.servers.failures import server_message


def error_in(outputs: Any) -> str | None:
    """The error that a server reports in an answer with status 200, or None."""
    if not isinstance(outputs, Mapping):
        return f"no JSON object but a {type(outputs).__name__}"
    return server_message(json.dumps(outputs)) if outputs.get("error") else None


def answer_lacking(outputs: Mapping[str, Any], prompts: Sequence[Any], generate: bool) -> str | None:
    """What is wrong with an answer in OpenAI's form, or None.

    Args:
        outputs: the answer.
        prompts: what was sent: token ids of each prompt where log-likelihoods are wanted.
        generate: whether text is wanted, and not log-likelihoods.
    """
    choices = outputs.get("choices")
    if not isinstance(choices, list) or not all(isinstance(choice, Mapping) for choice in choices):
        return "it has no list of choices"
    if sorted(str(choice.get("index")) for choice in choices) != sorted(str(n) for n in range(len(prompts))):
        return f"its {len(choices)} choices are not those of {len(prompts)} prompts"
    if generate:
        return None if all(map(_has_text, choices)) else "a choice has no text"
    problems = (_echo_lacking(choice, len(prompts[choice["index"]])) for choice in choices)
    return next((problem for problem in problems if problem), None)


def _echo_lacking(choice: Mapping[str, Any], sent: int) -> str | None:
    logprobs = choice.get("logprobs")
    if not isinstance(logprobs, Mapping):
        return "it has no logprobs: the server does not support echo=true with logprobs"
    tokens, tops = logprobs.get("token_logprobs"), logprobs.get("top_logprobs")
    if not isinstance(tokens, list):
        return "logprobs has no token_logprobs"
    if len(tokens) <= 1 < sent:
        return "token_logprobs does not echo the prompt: the server does not support echo=true with logprobs"
    if len(tokens) != sent + 1:
        return (
            f"token_logprobs has {len(tokens)} entries for {sent} tokens sent and one generated:"
            " the server cuts the text into other tokens than the tokenizer of model_args"
        )
    if not all(isinstance(value, Real) for value in tokens[1:-1]):
        return "token_logprobs has entries that are no numbers"
    if not isinstance(tops, list) or len(tops) != len(tokens) or not all(_is_top(top) for top in tops[1:-1]):
        return "logprobs has no top_logprobs for every token"
    return None


def _has_text(choice: Mapping[str, Any]) -> bool:
    """A refused answer counts as an empty one; anything else that lacks its text is no answer."""
    message = choice.get("message")
    written = isinstance(choice.get("text"), str) or (isinstance(message, Mapping) and "content" in message)
    return written or choice.get("finish_reason") == "content_filter"


def _is_top(top: Any) -> bool:
    return isinstance(top, Mapping) and bool(top)
