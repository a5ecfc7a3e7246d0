"""The attempts at one request to a server, and the session that lm-eval sends it through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from anchoreval.scoring.servers.failures import Failure

if TYPE_CHECKING:
    from anchoreval.scoring.servers.api_calls import ApiCalls

PATIENCE = 10
"""Refusals by a rate limit, with a time to come back, that one request bears beside the model's `max_retries`."""


class Trial:
    """The attempts at one request."""

    def __init__(self, calls: ApiCalls) -> None:
        self.calls = calls
        self.failures = 0
        self.refusals = 0

    @property
    def repetitions(self) -> int:
        """Attempts beside the first."""
        return self.failures + self.refusals

    def after(self, failure: Failure) -> float:
        """Seconds to wait before the next attempt.

        Raises:
            ScoringError: there is none.
        """
        told = failure.retry_after is not None
        if failure.rate_limited:
            self.calls.usage.count(rate_limited=1)
        patient = failure.rate_limited and told and self.refusals < PATIENCE
        self.refusals, self.failures = self.refusals + patient, self.failures + (not patient)
        if not failure.passing or self.failures >= self.calls.max_attempts:
            tries = f" ({self.repetitions} attempts)" if self.repetitions > 1 else ""
            self.calls.fail(f"{failure.reason}{tries}")
        seconds = failure.wait(max(0, self.failures - 1))
        if told:
            self.calls.pace.put_off(seconds)
        return 0.0 if told else seconds


class AttendedSession:
    """An aiohttp session for one request of `amodel_call`."""

    def __init__(self, calls: ApiCalls, session: Any, messages: Sequence[Any], generate: bool) -> None:
        self.calls = calls
        self.session = session
        self.messages = messages
        self.generate = generate
        self._flying = False

    @asynccontextmanager
    async def post(self, url: str, **options: Any) -> AsyncIterator[Answered]:
        """Send until it is answered."""
        trial = Trial(self.calls)
        while True:
            await asyncio.sleep(self.calls.pace.wait())
            self.calls.admit(trial)
            found = await self._sent(url, options)
            if not isinstance(found, Failure):
                break
            self.land()
            await asyncio.sleep(trial.after(found))
        yield Answered(self.calls.accepted(found, self.messages, self.generate))

    def land(self) -> None:
        """No longer in flight."""
        self.calls.in_flight -= self._flying
        self._flying = False

    async def _sent(self, url: str, options: Mapping[str, Any]) -> Any:
        import aiohttp

        self._flying = True
        self.calls.in_flight += 1
        try:
            async with self.session.post(url, **options) as response:
                body = await response.text(errors="replace")
                if not response.ok:
                    return Failure.of_status(response.status, response.headers, body)
                return await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return Failure.of_connection(error)


class Answered:
    """What `amodel_call` reads of an aiohttp response."""

    ok = True

    def __init__(self, outputs: Any) -> None:
        self.outputs = outputs

    def raise_for_status(self) -> None:
        """Nothing is wrong."""

    async def json(self) -> Any:
        """The answer, which was read before."""
        return self.outputs
