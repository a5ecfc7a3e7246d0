"""Scoring pocket's items without lm-eval: the same arithmetic on the same texts, laid out once for all models."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from anchoreval.arrays import Float32Array, Float64Array
from anchoreval.errors import ResponseDataError
from anchoreval.pocket.items import N_OPTIONS, all_items
from anchoreval.pocket.model import LanguageModel
from anchoreval.pocket.ngrams import Lookup, ngram_index
from anchoreval.pocket.requests import Requests
from anchoreval.pocket.tokens import LONGEST

Float16Array: TypeAlias = npt.NDArray[np.float16]


def score_directly(model: LanguageModel, item_ids: Iterable[str] | None = None) -> tuple[Float32Array, Float16Array]:
    """Scores and option probabilities of a model, as lm-eval would give them.

    Args:
        model: a trained model.
        item_ids: ids `task/doc_id`, in the order wanted; None: all, in benchmark order.

    Returns:
        (items,) scores 0 or 1 and (items, 4) probabilities, the softmax of the options' log-likelihoods.

    Raises:
        ResponseDataError: naming an id that pocket does not have.
    """
    places = None if item_ids is None else [_place(item) for item in item_ids]
    values = option_loglikelihoods(model)
    golds = np.array([item.gold for item in all_items()])
    if places is not None:
        values, golds = values[places], golds[places]
    return graded(values, golds)


def graded(values: Float64Array, golds: npt.NDArray[np.int64]) -> tuple[Float32Array, Float16Array]:
    """Scores (items,) and probabilities (items, 4) from option log-likelihoods (items, 4) and right positions."""
    scores = (np.argmax(values, axis=1) == golds).astype(np.float32)
    odds = np.exp(values - values.max(axis=1, keepdims=True))
    return scores, (odds / odds.sum(axis=1, keepdims=True)).astype(np.float16)


def option_loglikelihoods(model: LanguageModel) -> Float64Array:
    """(items, options) natural log-likelihoods of every option of every item."""
    requests, found = _layout(model.spec.unit)
    return model.loglikelihoods(requests, found).reshape(-1, N_OPTIONS)


@lru_cache(maxsize=2)
def _layout(unit: str) -> tuple[Requests, Lookup]:
    pairs = [(item.prompt, f" {option}") for item in all_items() for option in item.options]
    requests = Requests.from_pairs(unit, pairs)
    return requests, ngram_index(unit).look_up(requests.rows, LONGEST[unit])


@lru_cache(maxsize=1)
def _places() -> dict[str, int]:
    return {item.id: place for place, item in enumerate(all_items())}


def _place(item: str) -> int:
    if item not in _places():
        raise ResponseDataError(f"benchmark pocket has no item {item!r}")
    return _places()[item]
