"""Entries of OpenCompass's details and predictions: prompts, and the perplexities of options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from anchoreval.importers.entries import prose
from anchoreval.importers.json_arrays import members
from anchoreval.importers.option_shares import finite_numbers

_MOST_PARTS = 10_000


def prompt_of_entry(entry: Mapping[str, Any]) -> str | None:
    """What was asked, where an entry of details says so: a text, or a chat's turns."""
    return _said(entry.get("prompt")) or _said(entry.get("origin_prompt"))


def likelihoods_of_entry(entry: Mapping[str, Any]) -> list[float] | None:
    """Mean log-likelihoods of the options' tokens, in the order of the labels; None without any."""
    options = entry.get("origin_prediction")
    if not isinstance(options, dict):
        return None
    found = [one["PPL"] for _, one in sorted(options.items()) if isinstance(one, dict) and "PPL" in one]
    values = finite_numbers(found)
    return None if values is None else finite_numbers([-value for value in values])


def prompts(folder: Path, dataset: str) -> dict[str, str]:
    """By item number what was asked, from the predictions of a data set; empty where there are none.

    Raises:
        ResponseDataError: a file of predictions is damaged; names the byte.
    """
    found: dict[str, str] = {}
    before = 0
    for path in _parts(folder, dataset):
        count = 0
        for member in members(path):
            count += 1
            text = _said(member.value.get("origin_prompt")) if isinstance(member.value, dict) else None
            if text is not None and member.key.isdecimal() and len(member.key) < 19:
                found[str(before + int(member.key))] = text
        before += count
    return found


def _parts(folder: Path, dataset: str) -> Iterator[Path]:
    """The file, or its parts as far as they go."""
    if (whole := folder / f"{dataset}.json").is_file():
        yield whole
        return
    for number in range(_MOST_PARTS):
        if not (part := folder / f"{dataset}_{number}.json").is_file():
            return
        yield part


def _said(value: Any) -> str | None:
    if isinstance(value, list):
        turns = [turn.get("prompt") for turn in value if isinstance(turn, dict)]
        return "\n".join(turn for turn in turns if isinstance(turn, str)) or None
    return prose(value)
