"""`LanguageModel`: an interpolated n-gram model; `train` makes one from a recipe."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array, IntArray
from anchoreval.pocket.corpus import read_lines
from anchoreval.pocket.ngrams import Counts, Level, Lookup, ngram_index
from anchoreval.pocket.requests import Requests, recalled
from anchoreval.pocket.smoothing import SMOOTHING, interpolate
from anchoreval.pocket.spec import ModelSpec
from anchoreval.pocket.stream import Stream
from anchoreval.pocket.tokens import END, LONGEST, START, UNKNOWN, vocabulary, windows

DIGITS = 9
"""Log-likelihoods are rounded to this many digits: a processor's logarithm may differ in the last bits."""

_CHUNK = 256


class LanguageModel:
    """An n-gram model over words or characters; every text has a probability.

    Attributes:
        spec: the recipe.
    """

    def __init__(self, spec: ModelSpec, lines: IntArray) -> None:
        self.spec = spec
        self._vocabulary = vocabulary(spec.unit)
        self._index = ngram_index(spec.unit)
        self._counts = self._index.counts(lines, spec.order)
        self._rule = SMOOTHING[spec.smoothing]
        self._untrained = _untrained(spec, len(self._vocabulary))

    def loglikelihood(self, context: str, continuation: str) -> tuple[float, bool]:
        """Natural log of the probability of the continuation, and whether greedy decoding would produce it."""
        return self.answer([(context, continuation)])[0]

    def answer(self, pairs: Iterable[tuple[str, str]]) -> list[tuple[float, bool]]:
        """`loglikelihood` of many (context, continuation) pairs."""
        requests = Requests.from_pairs(self.spec.unit, pairs)
        values = self.loglikelihoods(requests)
        return list(zip(values.tolist(), self._greedy(requests).tolist(), strict=True))

    def loglikelihoods(self, requests: Requests, found: Lookup | None = None) -> Float64Array:
        """(requests,) natural log-likelihoods, rounded to nine digits.

        Args:
            requests: texts in this model's unit.
            found: where their windows stand in the index, if it is known already.
        """
        found = self._index.look_up(requests.rows, self.spec.order) if found is None else found
        chances = self._chances(requests, found)
        total = np.zeros(requests.count)
        np.add.at(total, requests.owner, np.log(chances))
        return np.round(total, DIGITS)

    def next_token(self, texts: list[list[int]]) -> Float64Array:
        """(texts, vocabulary) distribution of the token after each text; START has probability 0."""
        return np.concatenate([self._spread(texts[i : i + _CHUNK]) for i in range(0, len(texts), _CHUNK)])

    def generate(self, context: str, until: Iterable[str] = (), limit: int = 32) -> str:
        """Greedy continuation up to the first stop string, the end of the line or `limit` tokens."""
        stops = [stop for stop in until if stop]
        text, made = self._vocabulary.encode(context), ""
        for _ in range(limit):
            token = int(np.argmax(self.next_token([text])[0]))
            if token == END:
                break
            text, made = [*text, token], made + self._vocabulary.decode(token)
            if any(stop in made for stop in stops):
                break
        return made[: min([made.find(stop) for stop in stops if stop in made], default=len(made))]

    # --- inside --------------------------------------------------------------------------------------------------

    def _chances(self, requests: Requests, found: Lookup) -> Float64Array:
        """(predicted tokens,) conditional probability of each token of each continuation."""
        chances = self._untrained[requests.rows[:, -1]]
        for counts, ngram, context in zip(self._counts, found.ngram, found.context, strict=False):
            c, n, t = _at(counts.ngram, ngram), _at(counts.context, context), _at(counts.types, context)
            chances = interpolate(self._rule, self.spec.strength, chances, c, n, t)
        if self.spec.cache:
            for c, n in list(zip(*requests.recalls, strict=True))[: self.spec.cache]:
                chances = (c + self.spec.patience * chances) / (n + self.spec.patience)
        return chances

    def _spread(self, texts: list[list[int]]) -> Float64Array:
        """`_chances` of every token of the vocabulary after each text."""
        width = LONGEST[self.spec.unit]
        rows = np.concatenate([windows([*text, UNKNOWN], len(text), width) for text in texts])
        found = self._index.look_up(rows, self.spec.order)
        chances = np.tile(self._untrained, (len(rows), 1))
        for level, counts, context in zip(self._index.levels, self._counts, found.context, strict=False):
            n, t = _at(counts.context, context), _at(counts.types, context)
            seen = np.flatnonzero(n > 0)
            c = _followers(level, counts, context[seen], chances.shape[1])
            chances[seen] = interpolate(self._rule, self.spec.strength, chances[seen], c, n[seen, None], t[seen, None])
        if self.spec.cache:
            for row, text in zip(chances, texts, strict=True):
                for followers in recalled(text, self.spec.cache):
                    c = np.bincount(followers, minlength=len(row)).astype(np.float64)
                    row[:] = (c + self.spec.patience * row) / (len(followers) + self.spec.patience)
        return chances

    def _greedy(self, requests: Requests) -> BoolArray:
        """(requests,) whether every token is the likeliest one where it stands."""
        greedy = np.ones(requests.count, dtype=np.bool_)
        for step in range(int(requests.steps.max(initial=-1)) + 1):
            asked = np.flatnonzero((requests.steps == step) & greedy[requests.owner])
            texts = [requests.texts[requests.owner[row]][: requests.position[row]] for row in asked]
            greedy[requests.owner[asked]] = self._likeliest(texts) == requests.rows[asked, -1]
        return greedy

    def _likeliest(self, texts: list[list[int]]) -> IntArray:
        """(texts,) likeliest next token; texts that the model cannot tell apart are looked up once."""
        reach = max(self.spec.order - 1, 1)
        keys = [tuple(text if self.spec.cache else text[-reach:]) for text in texts]
        distinct = dict(zip(keys, texts, strict=True))
        if not distinct:
            return np.zeros(0, dtype=np.int64)
        best = dict(zip(distinct, np.argmax(self.next_token(list(distinct.values())), axis=1).tolist(), strict=True))
        return np.array([best[key] for key in keys], dtype=np.int64)


def train(spec: ModelSpec) -> LanguageModel:
    """Draw the lines of the recipe and count; the same on every machine."""
    return LanguageModel(spec, read_lines(spec))


def _untrained(spec: ModelSpec, size: int) -> Float64Array:
    """(vocabulary,) what the model believes before it has read anything: nearly uniform, different for each seed.

    The differences break ties between options that the model knows nothing about.
    """
    weights = (Stream("untrained", spec.base_model, spec.seed).integers(size) % np.uint64(1024)).astype(np.int64) + 1024
    weights[START] = 0
    return weights / int(weights.sum())


def _at(values: Float64Array, places: IntArray) -> Float64Array:
    """`values[places]`, 0 at place -1."""
    return np.where(places >= 0, values[places], 0.0)


def _followers(level: Level, counts: Counts, contexts: IntArray, size: int) -> Float64Array:
    """(contexts, vocabulary) how often each token followed each context."""
    order, starts = level.by_context
    lengths = starts[contexts + 1] - starts[contexts]
    row = np.repeat(np.arange(len(contexts)), lengths)
    within = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    ngrams = order[starts[contexts][row] + within]
    table = np.zeros((len(contexts), size))
    table[row, level.token[ngrams]] = counts.ngram[ngrams]
    return table
