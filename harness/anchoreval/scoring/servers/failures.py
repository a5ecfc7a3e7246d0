"""What a failed request to a server means: its own words, whether to try again, and when."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Self

from anchoreval.scoring.masking import shortened

TOO_MANY = 429
PASSING = frozenset({408, 409, 425, TOO_MANY, 500, 502, 503, 504, 529})
"""Statuses after which the same request may succeed."""
LONGEST_WAIT = 300.0
"""Seconds: no server is waited for longer at once."""
FIRST_WAIT, USUAL_WAIT = 0.5, 10.0
"""Seconds before the first repetition where a server does not say; doubled each time up to the second."""


@dataclass(frozen=True)
class Failure:
    """One attempt that failed.

    Attributes:
        reason: in one line, for people.
        passing: whether trying again may help.
        retry_after: seconds that the server wants to be left alone; None: it does not say.
        rate_limited: whether there were too many requests.
    """

    reason: str
    passing: bool
    retry_after: float | None = None
    rate_limited: bool = False

    @classmethod
    def of_status(cls, status: int, headers: Mapping[str, str], body: str) -> Self:
        """A server's refusal."""
        phrase = f" {HTTPStatus(status).phrase}" if status in list(HTTPStatus) else ""
        message = server_message(body)
        return cls(
            f"the server answered {status}{phrase}" + (f": {message}" if message else ""),
            status in PASSING,
            _seconds(headers.get("Retry-After")),
            status == TOO_MANY,
        )

    @classmethod
    def of_connection(cls, error: BaseException) -> Self:
        """No answer, or none that can be read."""
        return cls(shortened(f"no answer from the server: {type(error).__name__}: {error}"), passing=True)

    def wait(self, repetition: int) -> float:
        """Seconds before trying again, given how many repetitions there were."""
        usual = min(USUAL_WAIT, FIRST_WAIT * 2.0**repetition)
        return min(LONGEST_WAIT, usual if self.retry_after is None else self.retry_after)


def server_message(body: str) -> str:
    """What a server says is wrong, in one short line: its `error.message`, `message` or `detail`, else the body."""
    try:
        document: Any = json.loads(body)
    except (ValueError, RecursionError):
        return shortened(body)
    for key in ("error", "message", "detail"):
        while isinstance(document, Mapping) and document.get(key):
            document = document[key]
    return shortened(document if isinstance(document, str) else json.dumps(document))


def _seconds(retry_after: str | None) -> float | None:
    """HTTP's `Retry-After`: seconds, or a date."""
    if retry_after is None:
        return None
    with suppress(ValueError):
        seconds = float(retry_after)
        return max(0.0, seconds) if seconds == seconds else None
    with suppress(ValueError, TypeError, OverflowError):
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    return None
