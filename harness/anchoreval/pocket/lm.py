"""`PocketLM`: a small language model behind lm-eval's interface. The one module of pocket that imports lm-eval."""

from __future__ import annotations

from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from anchoreval.pocket.model import LanguageModel, train
from anchoreval.pocket.spec import ModelSpec


class PocketLM(LM):
    """An lm-eval model that answers by n-gram counts.

    Attributes:
        language_model: the model that answers.
    """

    def __init__(self, model: LanguageModel | ModelSpec) -> None:
        super().__init__()
        self.language_model = train(model) if isinstance(model, ModelSpec) else model

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        """Natural log of each continuation's probability, and whether it is the greedy one."""
        return self.language_model.answer([request.args for request in requests])

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:
        """Natural log of the probability of whole texts."""
        return [value for value, _ in self.language_model.answer([("", request.args[0]) for request in requests])]

    def generate_until(self, requests: list[Instance]) -> list[str]:
        """Greedy continuations up to the stop strings or the end of the line."""
        return [self._generate(context, options) for context, options in (request.args for request in requests)]

    def _generate(self, context: str, options: dict[str, Any]) -> str:
        until = options.get("until") or []
        stops = [until] if isinstance(until, str) else list(until)
        return self.language_model.generate(context, stops, int(options.get("max_gen_toks", 32)))
