"""How much may be asked of servers, and how fast."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, fields

from anchoreval.errors import ConfigurationError, ScoringError
from anchoreval.scoring.usage import Usage

MILLION = 1_000_000
MINUTE = 60.0


@dataclass(frozen=True)
class Limits:
    """Limits on what is sent to servers; None: no limit.

    They hold for the `Usage` that is counted in, whatever it holds already (and for what that is a part of). Tokens
    and cost are known only when a server has answered, so requests in flight can go beyond them by their own.

    Attributes:
        requests_per_minute: attempts, spread evenly; a run's own pace, not that of other processes.
        max_requests: attempts, failed ones included.
        max_tokens: of prompts and completions, as the server reports them.
        max_cost: in the currency of the prices.
        prompt_price: for a million tokens.
        completion_price: for a million tokens.

    Raises:
        ConfigurationError: a number that is no limit, or a cost without prices.
    """

    requests_per_minute: float | None = None
    max_requests: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    prompt_price: float | None = None
    completion_price: float | None = None

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            least = 0 if entry.name.endswith("price") else None
            if value is not None and not _is_limit(value, least):
                wanted = "positive number" if least is None else "price"
                raise ConfigurationError(f"limit {entry.name} = {value!r} is not a {wanted}")
        if self.max_cost is not None and self.prompt_price is None and self.completion_price is None:
            raise ConfigurationError("limit max_cost needs prompt_price and completion_price (per million tokens)")

    def cost(self, usage: Usage) -> float:
        """What the tokens cost at the prices given; 0 without any."""
        spent = usage.prompt_tokens * (self.prompt_price or 0.0)
        return (spent + usage.completion_tokens * (self.completion_price or 0.0)) / MILLION

    def check(self, usage: Usage) -> None:
        """Whether one more request may be sent.

        Raises:
            ScoringError: a limit is reached; says which, and what was spent.
        """
        usage = usage.outermost
        spent = {"max_requests": usage.attempts, "max_tokens": usage.tokens, "max_cost": self.cost(usage)}
        for name, amount in spent.items():
            limit = getattr(self, name)
            if limit is not None and amount >= limit:
                cost = f", cost {self.cost(usage):.4g}" if self.cost(usage) else ""
                raise ScoringError(f"limit {name} = {limit:g} is reached ({usage.summary()}{cost})")


class Pace:
    """Turns for requests at no more than so many a minute; a server may put all of them off."""

    def __init__(self, requests_per_minute: float | None) -> None:
        self.interval = MINUTE / requests_per_minute if requests_per_minute else 0.0
        self._next = -math.inf

    def wait(self) -> float:
        """Take the next turn; seconds until it comes."""
        now = time.monotonic()
        turn = max(now, self._next)
        self._next = turn + self.interval
        return turn - now

    def put_off(self, seconds: float) -> None:
        """No turn before so many seconds from now."""
        self._next = max(self._next, time.monotonic() + seconds)


def _is_limit(value: float, least: int | None) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    return value > 0 if least is None else value >= least
