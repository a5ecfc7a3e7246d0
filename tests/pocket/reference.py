"""An n-gram language model written the slow and obvious way, to check the fast one against."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from anchoreval.arrays import IntArray
from anchoreval.pocket.items import N_OPTIONS, all_items
from anchoreval.pocket.spec import ModelSpec

START, END = "<start>", "\n"


def pieces(unit: str, text: str) -> list[str]:
    return text.split() if unit == "word" else list(text)


class SlowModel:
    """Dictionaries of counts, read line by line; probabilities by recursion from the lowest order."""

    def __init__(self, spec: ModelSpec, lines: IntArray, untrained: dict[str, float]) -> None:
        self.spec, self.untrained = spec, untrained
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.contexts: Counter[tuple[str, ...]] = Counter()
        self.types: Counter[tuple[str, ...]] = Counter()
        for number, item in enumerate(all_items()):
            for place in range(N_OPTIONS):
                if times := int(lines[number, place]):
                    self._read(f"{item.prompt} {item.options[place]}", times)
        for ngram in self.counts:
            self.types[ngram[:-1]] += 1
        for ngram, count in self.counts.items():
            self.contexts[ngram[:-1]] += count

    def _read(self, text: str, times: int) -> None:
        for history, token in positions(pieces(self.spec.unit, text), [END]):
            for order in range(self.spec.order):
                self.counts[*tail(history, order), token] += times

    def chance(self, history: list[str], token: str) -> float:
        """P(token | history), history being the whole text so far."""
        p = self.untrained.get(token, self.untrained["<unknown>"])
        line = history[len(history) - history[::-1].index(END) :] if END in history else history
        for order in range(self.spec.order):
            context = tail(line, order)
            if n := self.contexts[context]:
                p = self._rule(self.counts[*context, token], n, self.types[context], p)
        for length in range(1, self.spec.cache + 1):
            followers = [
                history[end]
                for end in range(length, len(history))
                if history[end - length : end] == history[len(history) - length :]
            ]
            p = (followers.count(token) + self.spec.patience * p) / (len(followers) + self.spec.patience)
        return p

    def _rule(self, c: int, n: int, t: int, p: float) -> float:
        s = self.spec.strength
        share = s / (1 + n)
        return {
            "witten_bell": n / (n + s * t) * (c / n) + s * t / (n + s * t) * p,
            "jelinek_mercer": (1 - s) * c / n + s * p,
            "absolute": max(c - s, 0) / n + s * t / n * p,
            "dirichlet": (c + s * p) / (n + s),
            "longest": (c + share * p) / (n + share),
        }[self.spec.smoothing]

    def loglikelihood(self, context: str, continuation: str) -> float:
        before = tokens(self.spec.unit, context)
        asked = positions(tokens(self.spec.unit, continuation), [], before)
        return sum(math.log(self.chance(history, token)) for history, token in asked)


def tokens(unit: str, text: str) -> list[str]:
    """Tokens of a text with single line breaks."""
    lines = [pieces(unit, line) for line in text.split("\n")]
    return [token for number, line in enumerate(lines) for token in ([END] if number else []) + line]


def tail(history: list[str], length: int) -> tuple[str, ...]:
    padded = [START] * length + history
    return tuple(padded[len(padded) - length :])


def positions(line: list[str], end: list[str], before: list[str] | None = None) -> Iterator[tuple[list[str], str]]:
    history = list(before or [])
    for token in [*line, *end]:
        yield list(history), token
        history.append(token)
