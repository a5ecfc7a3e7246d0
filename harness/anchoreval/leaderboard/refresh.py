"""Refreshing a leaderboard: score what is missing, keep what is there, and let no failing model stop the others.

Safe to run twice at once and to kill at any moment. Each model is scored under a lock of its own and kept as a whole;
a model that another process is scoring is left for the end and then found done, or done here if that process was
killed. What single requests were answered outlives a kill in the request memory.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tqdm import tqdm

from anchoreval.errors import AnchorEvalError, StoreError
from anchoreval.leaderboard.board import Board
from anchoreval.leaderboard.entries import Entry
from anchoreval.leaderboard.scoring import Scoring
from anchoreval.scoring.usage import Usage

KEPT, SCORED, FAILED = "kept", "scored", "failed"


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did.

    Attributes:
        scored: names of the models that were scored now.
        kept: of those whose answers were there.
        failures: why each of the others has none, by name.
        total: what scoring took altogether.
    """

    scored: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    failures: Mapping[str, str] = field(default_factory=dict)
    total: Usage = field(default_factory=Usage)


def refresh(
    board: Board, entries: Sequence[Entry], scoring: Scoring, tell: Callable[[str], None] = lambda line: None
) -> Refreshed:
    """Bring the answers of all models up to date.

    Args:
        board: where they are kept.
        entries: the models, in the order in which they are scored.
        scoring: how.
        tell: is given a line when a model fails.

    Raises:
        StoreError: the folder cannot be written: no model could be kept.
    """
    done: dict[str, str] = {}
    failures: dict[str, str] = {}
    total = Usage()
    with tqdm(total=len(entries), unit="model", disable=None) as bar:
        for entry, wait in _turns(entries, done):
            bar.set_description(entry.name[:40], refresh=False)
            with board.locked(entry.name, wait=wait) as ours:
                if not ours:
                    continue
                try:
                    done[entry.name] = _one(board, entry, scoring, total)
                except StoreError as error:
                    if "cannot be written" in str(error):
                        raise
                    failures[entry.name], done[entry.name] = str(error), FAILED
                except AnchorEvalError as error:
                    failures[entry.name], done[entry.name] = " ".join(str(error).split()), FAILED
            if entry.name in failures:
                tell(f"model {entry.name} failed: {failures[entry.name]}")
            bar.update()
    names = {what: tuple(e.name for e in entries if done[e.name] == what) for what in (SCORED, KEPT)}
    return Refreshed(names[SCORED], names[KEPT], failures, total)


def _turns(entries: Sequence[Entry], done: Mapping[str, str]) -> Iterator[tuple[Entry, bool]]:
    """Each model once; then those that others were at, one after another, waiting for its lock."""
    for wait in (False, True):
        for entry in entries:
            if entry.name not in done:
                yield entry, wait


def _one(board: Board, entry: Entry, scoring: Scoring, total: Usage) -> str:
    identity = scoring.identity(entry)
    if board.has(entry.name, identity):
        return KEPT
    answers = scoring.answers(entry, total.part())
    board.keep(answers, identity, entry.facts)
    gc.collect()  # a model's memory is wanted for the next
    return SCORED
