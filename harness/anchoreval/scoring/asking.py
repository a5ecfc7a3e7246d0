"""How models are asked: with a memory of their answers, a count of what it costs, and limits on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from anchoreval.errors import AnchorEvalError, ConfigurationError
from anchoreval.scoring.limits import Limits
from anchoreval.scoring.masking import masked, secrets_in
from anchoreval.scoring.memory.model_identity import Identity, identity_digest, model_identity
from anchoreval.scoring.memory.request_memory import RequestMemory
from anchoreval.scoring.model_source import ModelSource, RegisteredModel, opened
from anchoreval.scoring.plan import Plan
from anchoreval.scoring.records import Answer
from anchoreval.scoring.servers.api_calls import ApiCalls
from anchoreval.scoring.servers.endpoints import check_kind, check_model, is_api_model, probe, uses_common_client
from anchoreval.scoring.surroundings import quiet
from anchoreval.scoring.usage import Usage


@dataclass(frozen=True)
class Asking:
    """The same for every model of a run.

    Attributes:
        memory: open; answers are looked up there first and kept there as they come. None: nothing is kept.
        usage: what is asked is added to it.
        limits: on what is sent to servers; models that run here have none.
    """

    memory: RequestMemory | None = None
    usage: Usage | None = None
    limits: Limits | None = None

    def answers(
        self, source: ModelSource, plan: Plan, name: str, identity: Identity | None = None
    ) -> dict[str, Answer]:
        """One model's answers by item id (arguments and errors as for `model`, and those of `Plan.answers`)."""
        with self.model(source, plan, name, identity) as lm:
            return plan.answers(lm, name)

    @contextmanager
    def model(self, source: ModelSource, plan: Plan, name: str, identity: Identity | None = None) -> Iterator[Any]:
        """The lm-eval model to give to `Plan.answers`, as often as wanted within the `with` block.

        Args:
            source: of the model.
            plan: what will be asked of it, checked against what it can do.
            name: of the model, for messages.
            identity: the caller's own words for the model; needed for a memory where the source is no registered kind.

        Raises:
            ConfigurationError: the model cannot be asked this, or nothing tells its answers from another's.
            MissingExtraError: a package that the model needs is not installed.
            ScoringError: the model does not load, or the server lacks what the tasks need.
        """
        usage = Usage() if self.usage is None else self.usage
        limited = self.limits not in (None, Limits())
        check_kind(source, plan, name, limited)
        digest = self._digest(source, plan, name, identity)
        with quiet(plan.verbose):
            lm = opened(source, plan.settings, name)
        check_model(lm, plan, name, limited)
        api = is_api_model(lm)
        hidden = _hidden(source, lm if api else None)
        with ExitStack() as stack:
            stack.enter_context(_masking(hidden))
            if uses_common_client(lm):
                stack.enter_context(ApiCalls(lm, name, usage, self.limits, hidden))
            if api or self.memory is not None or self.usage is not None:
                memory = stack.enter_context(RequestMemory(None)) if self.memory is None else self.memory
                yield _remembering(lm, memory, digest, name, usage, plan if api else None)
            else:
                yield lm

    def _digest(self, source: ModelSource, plan: Plan, name: str, identity: Identity | None) -> str:
        if self.memory is None:
            return ""
        return identity_digest(model_identity(source, plan.settings, name, identity))


def identity_of(identities: Any, name: str) -> Identity | None:
    """The identity given for one of several models.

    Raises:
        ConfigurationError: they are not given by model.
    """
    if identities is None:
        return None
    if not isinstance(identities, Mapping):
        raise ConfigurationError("identity of several models is a mapping from their names")
    return identities.get(name)


def _remembering(lm: Any, memory: RequestMemory, digest: str, name: str, usage: Usage, probed: Plan | None) -> Any:
    from anchoreval.scoring.memory.remembering_lm import RememberingLM

    first = None if probed is None else lambda: probe(lm, probed, name)
    return RememberingLM(lm, memory, digest, name=name, usage=usage, first=first)


def _hidden(source: ModelSource, api: Any) -> frozenset[str]:
    """Every text that no message may show: of the model's arguments, and of an API model itself."""
    known = source.hidden if isinstance(source, RegisteredModel) else frozenset()
    if api is None:
        return known
    own = {"auth_token": api.auth_token, "header": vars(api).get("_header"), "base_url": api.base_url}
    with suppress(Exception):  # a key that is missing is told when it is wanted
        own["api_key"] = api.api_key
    return known | secrets_in(own)


@contextmanager
def _masking(hidden: frozenset[str]) -> Iterator[None]:
    try:
        yield
    except AnchorEvalError as error:
        if (shown := masked(str(error), hidden)) == str(error):
            raise
        raise type(error)(shown) from None
