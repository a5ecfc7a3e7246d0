"""Requests of one of lm-eval's API models: paced, counted, checked, and repeated where that may help.

lm-eval (0.4.13) repeats whatever fails, a wrong key included, waits 10 seconds at most and does not read `Retry-After`.
Here the model's own `model_call` and `amodel_call` are wrapped for the time of a run, and lm-eval's repetitions are
switched off. When one request fails for good or a limit is reached, those in flight are still received and kept.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, NoReturn, Self

from anchoreval.errors import ScoringError
from anchoreval.scoring.limits import Limits, Pace
from anchoreval.scoring.masking import masked
from anchoreval.scoring.servers.answer_checks import answer_lacking, error_in
from anchoreval.scoring.servers.attempts import AttendedSession, Trial
from anchoreval.scoring.servers.endpoints import answers_as_openai
from anchoreval.scoring.servers.failures import Failure
from anchoreval.scoring.usage import Usage

LOGGER = "lm_eval.models.api_models"
SAID_ELSEWHERE = ("API request failed", "Exception:")
"""Beginnings of lm-eval's log lines on failures, which quote servers at length; our errors say it in short."""


class ApiCalls:
    """Stands between an lm-eval `TemplateAPI` model and its server while its `with` block runs.

    Args:
        lm: the model.
        name: of the model, for messages.
        usage: what is sent and what comes back is added to it.
        limits: to keep.
        hidden: texts that no message may show.
    """

    def __init__(
        self, lm: Any, name: str, usage: Usage, limits: Limits | None = None, hidden: frozenset[str] = frozenset()
    ) -> None:
        self.lm = lm
        self.name = name
        self.usage = usage
        self.limits = limits or Limits()
        self.hidden = hidden
        self.pace = Pace(self.limits.requests_per_minute)
        self.in_flight = 0
        self.stopped: Exception | None = None
        self._call, self._acall = lm.model_call, lm.amodel_call
        self._max_retries = lm.max_retries
        self._openai = answers_as_openai(lm)
        self._loop: Any = None
        self._limited = False

    def __enter__(self) -> Self:
        self.lm.model_call, self.lm.amodel_call = self.call, self.acall
        self.lm.max_retries = 1
        logging.getLogger(LOGGER).addFilter(_is_news)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, story: TracebackType | None
    ) -> None:
        logging.getLogger(LOGGER).removeFilter(_is_news)
        del self.lm.model_call, self.lm.amodel_call
        self.lm.max_retries = self._max_retries

    def call(self, messages: Sequence[Any], *, generate: bool = True, **options: Any) -> Any:
        """In the place of `model_call`: one request, repeated until it is answered.

        Raises:
            ScoringError: it cannot be answered, its answer cannot be read, or a limit is reached.
        """
        import requests

        trial = Trial(self)
        while True:
            self.admit(trial)
            time.sleep(self.pace.wait())
            try:
                outputs = self._call(messages, generate=generate, **options)
            except requests.HTTPError as error:
                found: Any = error.response  # raised by raise_for_status, which sets it
                failure = Failure.of_status(found.status_code, found.headers, found.text)
            except requests.RequestException as error:
                failure = Failure.of_connection(error)
            else:
                return self.accepted(outputs, messages, generate)
            time.sleep(trial.after(failure))

    async def acall(self, session: Any, sem: Any, messages: Sequence[Any], **options: Any) -> Any:
        """In the place of `amodel_call`; lm-eval's own sends through the session that it is given."""
        if self._loop is not (loop := asyncio.get_running_loop()):
            self._loop, self.stopped = loop, None
        attended = AttendedSession(self, session, messages, options.get("generate", True))
        try:
            return await self._acall(session=attended, sem=sem, messages=messages, **options)
        except Exception as error:
            attended.land()
            await self._stop(error)
            if self._limited:
                self._check_limits()  # again, to tell of what has arrived meanwhile
            raise
        finally:
            attended.land()

    async def _stop(self, error: Exception) -> None:
        """Let the first error wait for what is under way, which is paid for, and the others for their cancellation."""
        if self.stopped is not None:
            await asyncio.Event().wait()
        self.stopped = error
        while self.in_flight:
            await asyncio.sleep(0.01)

    def admit(self, trial: Trial) -> None:
        """Count an attempt that is about to be made.

        Raises:
            ScoringError: a limit is reached, or another request has failed for good.
        """
        if self.stopped is not None:
            raise self.stopped
        self._check_limits()
        self.usage.count(attempts=1, retries=int(trial.repetitions > 0))

    def accepted(self, outputs: Any, messages: Sequence[Any], generate: bool) -> Any:
        """The server's answer, once it is known to hold what lm-eval will read from it."""
        if problem := error_in(outputs):
            self.fail(f"the server answered with an error: {problem}")
        self._count_tokens(outputs)
        if self._openai and (problem := answer_lacking(outputs, messages, generate)):
            self.fail(f"the server's answer cannot be read: {problem}")
        return outputs

    def fail(self, problem: str) -> NoReturn:
        """Raise the ScoringError that says this of the model."""
        raise ScoringError(masked(f"model {self.name!r}: {problem}", self.hidden))

    @property
    def max_attempts(self) -> int:
        """How often one request is sent at most, refusals by a rate limit not counted."""
        return max(1, int(self._max_retries))

    def _check_limits(self) -> None:
        try:
            self.limits.check(self.usage)
        except ScoringError as error:
            self._limited = True
            self.fail(f"{error}; what was answered is kept where a memory is given")

    def _count_tokens(self, outputs: Mapping[str, Any]) -> None:
        reported = outputs.get("usage")
        counts = reported if isinstance(reported, Mapping) else {}
        prompt = _number(counts, "prompt_tokens", "input_tokens")
        completion = _number(counts, "completion_tokens", "output_tokens")
        if prompt is None and (self.limits.max_tokens is not None or self.limits.max_cost is not None):
            self.fail("the server does not report its tokens, so that max_tokens and max_cost cannot be kept")
        self.usage.count(prompt_tokens=prompt or 0, completion_tokens=completion or 0)


def _number(counts: Mapping[str, Any], *names: str) -> int | None:
    found = [counts[name] for name in names if isinstance(counts.get(name), int)]
    return found[0] if found else None


def _is_news(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(SAID_ELSEWHERE)
