"""An adaptive test sat by many targets: which items each was asked, how often each item was, and how tests overlap."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from anchoreval.arrays import BoolArray, Float64Array, IntArray
from anchoreval.errors import MethodError
from anchoreval.methods import Answers, Policy
from anchoreval.registry import method_name
from anchoreval.responses import ResponseMatrix

NOTHING = -1
"""Stands in `Sittings.asked` where a target was asked no more."""


@dataclass(frozen=True, eq=False)
class Sittings:
    """Items that were answered, in order.

    Attributes:
        targets: the models and their answers.
        asked: (targets, most) positions of items in the order asked, then -1; items that a target has no answer to are
            left out.
    """

    targets: ResponseMatrix
    asked: IntArray

    @property
    def counts(self) -> IntArray:
        """(targets,) number of items that each answered."""
        return np.asarray((self.asked != NOTHING).sum(axis=1), dtype=np.int64)

    @property
    def given(self) -> BoolArray:
        """(targets, items) whether the target was asked the item."""
        given = np.zeros((len(self.asked), self.targets.n_items + 1), dtype=np.bool_)
        np.put_along_axis(given, self.asked, True, axis=1)  # -1 falls into the last column, which is cut off
        return given[:, :-1]

    @property
    def exposure(self) -> pd.Series[float]:
        """Share of the targets that were asked each item."""
        return pd.Series(self.given.mean(axis=0), index=self.targets.items.index, name="exposure")

    @property
    def overlap(self) -> float:
        """Items that two targets share, over the mean length of their tests, over all pairs; NaN for one target."""
        times = self.given.sum(axis=0)
        shared = float(times @ (times - 1)) / 2  # over pairs of targets
        lengths = float(self.counts.sum()) * (len(self.asked) - 1) / 2
        return shared / lengths if lengths else float("nan")

    def items(self, target: str) -> list[str]:
        """Ids of the items that one target was asked, in order."""
        row = self.asked[self.targets.models.index.get_loc(target)]
        return [str(item) for item in self.targets.items.index[row[row != NOTHING]]]

    def first(self, k: int) -> Sittings:
        """The same tests broken off after k items."""
        return Sittings(self.targets, self.asked[:, :k])

    def answers(self) -> ResponseMatrix:
        """What the targets answered when asked, all else missing; nothing of their full scores."""
        scores = np.where(self.given, self.targets.scores, np.float32(np.nan))
        truths = [column for column in self.targets.models if str(column).split("/")[0] == "full_score"]
        return dataclasses.replace(
            self.targets, scores=scores, models=self.targets.models.drop(columns=truths), probabilities=None
        )


def administer(policy: Policy, targets: ResponseMatrix, k: int) -> Sittings:
    """Let a fitted policy test every target, answering from the matrix.

    Args:
        policy: fitted (`anchoreval.contract.fit_policy`).
        targets: answers to all items that may be asked; an item that a target did not answer costs it nothing.
        k: number of answers that must not be exceeded.

    Raises:
        MethodError: the policy asks an item twice, one that is not there, or more than k.
    """
    name = method_name(policy)
    tests = [
        _one_test(policy.next_items, targets.items.index, scores, str(target), k, name)
        for target, scores in zip(targets.models.index, targets.scores.astype(np.float64), strict=True)
    ]
    asked = np.full((len(tests), max(map(len, tests), default=0)), NOTHING, dtype=np.int64)
    for row, test in enumerate(tests):
        asked[row, : len(test)] = test
    return Sittings(targets, asked)


def at_random(like: Sittings, rng: np.random.Generator) -> Sittings:
    """Tests of the same lengths of items drawn at random, for each target anew, among those it has answers to."""
    order = rng.random(like.targets.scores.shape)
    order[np.isnan(like.targets.scores)] = np.inf
    asked = np.argsort(order, axis=1)[:, : like.asked.shape[1]].astype(np.int64)
    return Sittings(like.targets, np.where(np.arange(asked.shape[1]) < like.counts[:, None], asked, NOTHING))


def of_anchors(anchors: pd.Index, targets: ResponseMatrix) -> Sittings:
    """The test in which every target is asked the same anchors; those that it has no answer to are left out."""
    position = targets.items.index.get_indexer(anchors)
    answered = ~np.isnan(targets.scores[:, position])
    order = np.argsort(~answered, axis=1, kind="stable")
    asked = np.where(np.take_along_axis(answered, order, axis=1), position[order], NOTHING)
    return Sittings(targets, asked.astype(np.int64))


def _one_test(
    ask: Callable[[Answers], pd.Index], items: pd.Index, scores: Float64Array, target: str, k: int, name: str
) -> list[int]:
    """Positions of the items that one target answered."""
    seen = np.zeros(0, dtype=np.int64)
    while True:
        answered = int((~np.isnan(scores[seen])).sum())
        following = ask(Answers(items[seen], scores[seen], target))
        if not len(following):
            return [int(item) for item in seen if not np.isnan(scores[item])]
        position = np.asarray(items.get_indexer(following), dtype=np.int64)
        _check(position, following, seen, name)
        if answered + int((~np.isnan(scores[position])).sum()) > k:
            raise MethodError(f"policy {name} asks target {target!r} more than k = {k} items")
        seen = np.concatenate([seen, position])


def _check(position: IntArray, following: pd.Index, seen: IntArray, name: str) -> None:
    if (position < 0).any():
        raise MethodError(f"policy {name} asks unknown item {following[position < 0][0]!r}")
    known = set(seen.tolist())
    for item, label in zip(position.tolist(), following, strict=True):
        if item in known:
            raise MethodError(f"policy {name} asks item {label!r} twice")
        known.add(item)
