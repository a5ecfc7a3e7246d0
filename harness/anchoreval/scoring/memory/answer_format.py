"""The key of a request and the form of an answer on disk: canonical and strict JSON.

Finite floats come back bit for bit (JSON carries their shortest exact decimal form); the others, which strict JSON
does not know, are tagged.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

from anchoreval.errors import ScoringError
from anchoreval.scoring.memory.request_memory import Place

LOGLIKELIHOOD = "loglikelihood"
ROLLING = "loglikelihood_rolling"
GENERATE = "generate_until"
TAG = "float"


def request_key(identity: str, method: str, arguments: Iterable[Any]) -> str:
    """SHA-256 over the model, the kind of request and its arguments in lm-eval's order.

    Args:
        identity: digest of the model's identity.
        method: `loglikelihood` (context, continuation), `loglikelihood_rolling` (text) or `generate_until`
            (context, generation settings).
        arguments: of the request.

    Raises:
        TypeError: the arguments are no plain data.
    """
    text = json.dumps([identity, method, list(arguments)], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def request_places(identity: str, method: str, requests: Sequence[Sequence[Any]]) -> list[Place]:
    """Key and occurrence of each request of a list, in its order.

    Args:
        identity: digest of the model's identity.
        method: the kind of request.
        requests: their arguments.

    Raises:
        ScoringError: a request is no plain data (an image, say).
    """
    seen: Counter[str] = Counter()
    places = []
    for arguments in requests:
        try:
            key = request_key(identity, method, arguments)
        except (TypeError, ValueError) as error:
            raise ScoringError(f"a {method} request cannot be remembered: {error}") from error
        places.append((key, seen[key]))
        seen[key] += 1
    return places


def stored_form(method: str, answer: Any) -> Any:
    """An answer of a model as plain data.

    Raises:
        ValueError: it is not what the kind of request is answered with.
    """
    if method == GENERATE and isinstance(answer, str):
        return answer
    if method == ROLLING and _is_number(value := _unwrapped(answer)):
        return _stored_float(float(value))
    if method == LOGLIKELIHOOD and isinstance(answer, Sequence) and len(answer) == 2:
        value, greedy = map(_unwrapped, answer)
        if _is_number(value) and isinstance(greedy, bool):
            return [_stored_float(float(value)), greedy]
    raise ValueError(f"a {method} request was answered with {repr(answer)[:80]}")


def lm_eval_form(method: str, stored: Any) -> Any:
    """The answer as lm-eval expects it; the inverse of `stored_form`.

    Raises:
        ValueError: it is no such answer.
    """
    if method == GENERATE and isinstance(stored, str):
        return stored
    if method == ROLLING:
        return _float(stored)
    if method == LOGLIKELIHOOD and isinstance(stored, list) and len(stored) == 2 and isinstance(stored[1], bool):
        return _float(stored[0]), stored[1]
    raise ValueError(f"holds {repr(stored)[:80]} as the answer to a {method} request")


def _unwrapped(value: Any) -> Any:
    """The number in an array or tensor of one."""
    return value.item() if hasattr(value, "item") else value


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _stored_float(value: float) -> Any:
    return value if math.isfinite(value) else {TAG: str(value)}


def _float(stored: Any) -> float:
    if isinstance(stored, float) or (isinstance(stored, int) and not isinstance(stored, bool)):
        return float(stored)
    if isinstance(stored, Mapping) and stored.get(TAG) in ("nan", "inf", "-inf") and len(stored) == 1:
        return float(stored[TAG])
    raise ValueError(f"holds {repr(stored)[:80]} in the place of a number")
