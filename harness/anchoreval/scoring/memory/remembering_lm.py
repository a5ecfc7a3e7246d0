"""An lm-eval model that answers from memory what it can and keeps every new answer as it comes.

lm-eval's own models tell `self.cache_hook` of each request that is done (0.4.13: `add_partial(method, arguments,
answer)` in HFLM, vLLM, the API models and others), long before the call returns; a hook of ours keeps the answer. A
model that does not is found out in the first portion and asked in portions, each kept when it is done.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from lm_eval.api.model import LM
from tqdm import tqdm

from anchoreval.errors import ScoringError
from anchoreval.scoring.memory.answer_format import (
    GENERATE,
    LOGLIKELIHOOD,
    ROLLING,
    lm_eval_form,
    request_key,
    request_places,
    stored_form,
)
from anchoreval.scoring.memory.request_memory import Place, RequestMemory
from anchoreval.scoring.surroundings import no_bars
from anchoreval.scoring.usage import Usage

PORTION = 32
"""Requests at once for a model that tells nothing until it is done, and for any model the first time."""

Kept: TypeAlias = Callable[[], None]


class KeepingHook:
    """Stands in for lm-eval's cache hook: keeps the answers to the requests of one call."""

    def __init__(self, memory: RequestMemory, identity: str, method: str, places: Sequence[Place], kept: Kept) -> None:
        self.memory = memory
        self.identity = identity
        self.method = method
        self.kept = kept
        self.reported = 0
        self._open: defaultdict[str, deque[int]] = defaultdict(deque)
        for key, occurrence in places:
            self._open[key].append(occurrence)

    def add_partial(self, attr: str, req: Any, res: Any) -> None:
        """A request is done. Windows of rolling log-likelihoods come without arguments and are no requests."""
        if attr != self.method or req is None:
            return
        key = request_key(self.identity, attr, req)
        if self._open.get(key):
            self.keep(key, self._open[key].popleft(), res)
            self.reported += 1

    def keep_the_rest(self, places: Sequence[Place], answers: Sequence[Any]) -> None:
        """Keep what was not reported, once the call has returned."""
        for (key, occurrence), answer in zip(places, answers, strict=True):
            if occurrence in self._open[key]:
                self._open[key].remove(occurrence)
                self.keep(key, occurrence, answer)

    def keep(self, key: str, occurrence: int, answer: Any) -> None:
        """Put one answer on disk."""
        self.memory.keep(key, occurrence, stored_form(self.method, answer))
        self.kept()


class RememberingLM(LM):  # type: ignore[misc]
    """Any lm-eval model, asked only what the memory does not know.

    What is returned is what is kept, in the order of the requests: a run that was killed and resumed gives the answers
    of one that was not. With several processes (`world_size` above 1) each recalls its own part; models that need all
    ranks in every step (FSDP) cannot be resumed so.

    Args:
        inner: the model.
        memory: open.
        identity: digest of what decides the model's answers.
        name: of the model, for messages.
        usage: what was asked and recalled is added to it.
        first: called before the first request that memory cannot answer.
        portion: requests at once for a model that does not tell when one is done.
    """

    def __init__(
        self,
        inner: Any,
        memory: RequestMemory,
        identity: str,
        *,
        name: str = "model",
        usage: Usage | None = None,
        first: Callable[[], None] | None = None,
        portion: int = PORTION,
    ) -> None:
        super().__init__()
        self.inner = inner
        self.memory = memory
        self.identity = identity
        self.name = name
        self.usage = Usage() if usage is None else usage
        self.portion = portion
        self._first = first
        self._reports: set[str] = set()

    def loglikelihood(self, requests: list[Any]) -> list[tuple[float, bool]]:
        """(log-likelihood, greedy) of each continuation."""
        return self._answers(LOGLIKELIHOOD, requests)

    def loglikelihood_rolling(self, requests: list[Any]) -> list[float]:
        """Log-likelihood of each text."""
        return self._answers(ROLLING, requests)

    def generate_until(self, requests: list[Any]) -> list[str]:
        """Text after each context."""
        return self._answers(GENERATE, requests)

    def _answers(self, method: str, requests: Sequence[Any]) -> list[Any]:
        places = request_places(self.identity, method, [request.args for request in requests])
        known = self.memory.recall(places)
        self.usage.count(recalled=len(known))
        unknown = [n for n, place in enumerate(places) if place not in known]
        if unknown:
            shown = None if self.rank == 0 else True  # None: on a terminal
            bar = tqdm(total=len(requests), initial=len(known), unit="request", desc=method, disable=shown, leave=False)
            with bar, no_bars():
                self._ask(method, [requests[n] for n in unknown], [places[n] for n in unknown], bar)
            known |= self.memory.recall(places[n] for n in unknown)
        try:
            return [lm_eval_form(method, known[place]) for place in places]
        except ValueError as error:
            self.memory.refuse(str(error))

    def _ask(self, method: str, requests: Sequence[Any], places: Sequence[Place], bar: Any) -> None:
        if self._first is not None:
            self._first()
            self._first = None
        start = 0
        while start < len(requests):
            stop = len(requests) if method in self._reports else start + self.portion
            self._ask_portion(method, list(requests[start:stop]), places[start:stop], bar)
            start = stop

    def _ask_portion(self, method: str, requests: list[Any], places: Sequence[Place], bar: Any) -> None:
        def kept() -> None:
            self.usage.count(asked=1)
            bar.update(1)

        hook = KeepingHook(self.memory, self.identity, method, places, kept)
        began = time.monotonic()
        try:
            with _hooked(self.inner, hook):
                answers = getattr(self.inner, method)(requests)
        finally:
            self.usage.count(seconds=time.monotonic() - began)
        if len(answers) != len(requests):
            raise ScoringError(f"model {self.name!r}: {len(requests)} requests got {len(answers)} answers")
        try:
            hook.keep_the_rest(places, answers)
        except ValueError as error:
            raise ScoringError(f"model {self.name!r}: {error}") from error
        if hook.reported:
            self._reports.add(method)

    # What lm-eval's LM defines itself has to be handed on by name; __getattr__ is asked only for the rest.

    def __getattr__(self, attribute: str) -> Any:
        if attribute == "inner":  # before __init__ has set it, as in copying
            raise AttributeError(attribute)
        return getattr(self.inner, attribute)

    @property
    def rank(self) -> int:
        """Of this process."""
        return int(self.inner.rank)

    @property
    def world_size(self) -> int:
        """Number of processes."""
        return int(self.inner.world_size)

    @property
    def device(self) -> Any:
        """Of the inner model."""
        return self.inner.device

    @property
    def tokenizer_name(self) -> str:
        """Of the inner model."""
        return str(self.inner.tokenizer_name)

    def chat_template(self, chat_template: bool | str = False) -> str | None:
        """Of the inner model."""
        template: str | None = self.inner.chat_template(chat_template)
        return template

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> Any:
        """As the inner model writes it."""
        return self.inner.apply_chat_template(chat_history, add_generation_prompt=add_generation_prompt)

    def all_gather(self, tensor: Any) -> Any:
        """As the inner model does."""
        return self.inner.all_gather(tensor)

    def gather_object(self, obj: Any, dst: int = 0) -> Any:
        """As the inner model does."""
        return self.inner.gather_object(obj, dst=dst)

    def barrier(self) -> None:
        """As the inner model does."""
        self.inner.barrier()


@contextmanager
def _hooked(lm: Any, hook: KeepingHook) -> Iterator[None]:
    before = getattr(lm, "cache_hook", None)
    lm.set_cache_hook(hook)
    try:
        yield
    finally:
        lm.set_cache_hook(before)
