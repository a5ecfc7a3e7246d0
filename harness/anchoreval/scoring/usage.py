"""What scoring has cost so far: requests, attempts, tokens, seconds."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from anchoreval.counts import counted


@dataclass
class Usage:
    """A counter that scoring adds to; give one to several runs for their sum.

    Attributes:
        asked: requests that a model has answered.
        recalled: requests that were answered from memory.
        attempts: requests sent to a server, failed ones included.
        retries: attempts that repeat a failed one.
        rate_limited: attempts that a server refused because there were too many (HTTP 429).
        prompt_tokens: as the server reports them.
        completion_tokens: as the server reports them.
        seconds: spent waiting for models.
        total: what this is a part of: whatever is counted here is counted there too, and limits hold there.
    """

    asked: int = 0
    recalled: int = 0
    attempts: int = 0
    retries: int = 0
    rate_limited: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    total: Usage | None = field(default=None, repr=False, compare=False)

    def part(self) -> Usage:
        """A counter that starts at zero and counts here too: one model of several, say."""
        return Usage(total=self)

    def count(self, **amounts: float) -> None:
        """Add amounts by name, here and to whatever this is a part of."""
        for name, amount in amounts.items():
            setattr(self, name, getattr(self, name) + amount)
        if self.total is not None:
            self.total.count(**amounts)

    @property
    def outermost(self) -> Usage:
        """The counter that all of this is a part of; itself where it is no part."""
        return self if self.total is None else self.total.outermost

    @property
    def tokens(self) -> int:
        """Of prompts and completions together."""
        return self.prompt_tokens + self.completion_tokens

    def to_dict(self) -> dict[str, float]:
        """The counts by name, as plain data."""
        return {entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name != "total"}

    def summary(self) -> str:
        """One line for people; what never happened is left out."""
        parts = [f"{counted(self.asked, 'request')} asked", f"{self.recalled:,} recalled"]
        if self.attempts:
            refused = f", {self.rate_limited:,} refused by the rate limit" if self.rate_limited else ""
            parts.append(f"{counted(self.attempts, 'attempt')} ({self.retries:,} repeated{refused})")
        if self.tokens:
            parts.append(f"{self.prompt_tokens:,} prompt and {self.completion_tokens:,} completion tokens")
        return ", ".join([*parts, f"{self.seconds:.1f} s"])
