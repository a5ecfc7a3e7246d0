"""Samples of an Inspect log: what was asked, and what each scorer said of the answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from anchoreval.arrays import Float32Array
from anchoreval.errors import ResponseDataError
from anchoreval.importers.entries import label, mapping, prose, score, shown, texts

LETTERS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0, "yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
"""Correct, incorrect, partly correct and no answer, with what Inspect counts for them."""
_ATTACHMENT = "attachment://"


@dataclass(frozen=True)
class Sample:
    """One sample in one epoch.

    Attributes:
        where: its place in the log.
        key: its id.
        epoch: from 1.
        scores: by scorer the value, as it was read.
        failed: it ended in an error, or was declared invalid.
        text: what was asked.
        options: of multiple choice.
        subject: that the data set says.
    """

    where: str
    key: str
    epoch: int
    scores: Mapping[str, Any]
    failed: bool
    text: str | None
    options: list[str] | None
    subject: str | None


def read_sample(value: Any, where: str) -> Sample:
    """A sample from the JSON of a log.

    Raises:
        ResponseDataError: it is none.
    """
    sample = mapping(value, where)
    key, epoch = label(sample.get("id"), f"{where}: id"), sample.get("epoch", 1)
    if isinstance(epoch, bool) or not isinstance(epoch, int) or not 0 <= epoch < 1 << 31:
        raise ResponseDataError(f"{where}: epoch {shown(epoch)} is not a number of an epoch")
    invalid = bool(sample.get("invalidation"))
    metadata = sample.get("metadata")
    return Sample(
        where=f"{where} (sample {key!r})",
        key=key,
        epoch=epoch,
        scores={} if invalid else _scores(sample, where),
        failed=invalid or bool(sample.get("error")),
        text=_text(sample),
        options=texts(sample.get("choices")),
        subject=prose(metadata.get("subject")) if isinstance(metadata, dict) else None,
    )


def chosen_scorer(samples: Sequence[Sample], wanted: str | None, log: str) -> tuple[str, str]:
    """Scorer and part of its value (empty: the value itself) that the score is.

    Args:
        samples: of the log.
        wanted: `scorer` or `scorer/part`; None where there is but one.
        log: what to call it.

    Raises:
        ResponseDataError: there is none of that name, or several to choose from; lists them.
    """
    there = list(dict.fromkeys(name for sample in samples for pair in sample.scores.items() for name in _names(*pair)))
    if wanted is None:
        fitting = there
    else:
        fitting = [name for name in there if name == wanted] or [n for n in there if n.startswith(f"{wanted}/")]
    if len(fitting) != 1:
        problem = "has several scores; name one" if fitting else f"has no score {wanted or 'that is a number'!r}"
        raise ResponseDataError(f"{log}: {problem} (there are: {', '.join(there[:40])})")
    scorers = sorted({name for sample in samples for name in sample.scores}, key=len, reverse=True)
    scorer = next(name for name in scorers if fitting[0] == name or fitting[0].startswith(f"{name}/"))
    return scorer, fitting[0][len(scorer) + 1 :]


def values(samples: Sequence[Sample], scorer: str, part: str) -> Float32Array:
    """(samples,) scores in [0, 1], NaN where a sample has none.

    Raises:
        ResponseDataError: a value is none that counts; names the sample.
    """
    return np.array([_value(sample, scorer, part) for sample in samples], dtype=np.float32)


def _scores(sample: Mapping[str, Any], where: str) -> dict[str, Any]:
    """By scorer the value; versions before 0.3.20 have one `score` without a name."""
    found = sample.get("scores")
    if found is None and isinstance(sample.get("score"), dict):
        found = {"score": sample["score"]}
    scores = mapping(found, f"{where}: scores") if found is not None else {}
    return {
        name: mapping(entry, f"{where}: scores.{name}").get("value")
        for name, entry in scores.items()
        if entry is not None
    }


def _names(scorer: str, value: Any) -> list[str]:
    """What may be chosen of a scorer's value: itself, or each of its parts."""
    return [f"{scorer}/{part}" for part in value] if isinstance(value, dict) else [scorer]


def _value(sample: Sample, scorer: str, part: str) -> float:
    value = sample.scores.get(scorer)
    if part and value is not None:
        value = value.get(part) if isinstance(value, dict) else math.nan
    where = f"{sample.where}: {scorer}"
    if isinstance(value, str):
        return _of_text(value, where)
    return score(value, where)


def _of_text(value: str, where: str) -> float:
    known = LETTERS.get(value, LETTERS.get(value.lower()) if len(value) > 1 else None)
    if known is not None:
        return known
    try:
        found = float(value)
    except ValueError:
        raise ResponseDataError(
            f"{where}: {shown(value)} is neither a number nor one of {', '.join(LETTERS)}"
        ) from None
    return score(found, where)


def _text(sample: Mapping[str, Any]) -> str | None:
    """What was asked: the text, or what the user's messages say."""
    asked = sample.get("input")
    parts = asked if isinstance(asked, list) else [{"role": "user", "content": asked}]
    said = [_content(one.get("content")) for one in parts if isinstance(one, dict) and one.get("role") == "user"]
    attached = sample.get("attachments")
    whole = [_attached(text, attached if isinstance(attached, dict) else {}) for text in said if text]
    return "\n".join(whole) or None


def _content(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(one["text"] for one in content if isinstance(one, dict) and isinstance(one.get("text"), str))
    return content if isinstance(content, str) else ""


def _attached(text: str, attachments: Mapping[str, Any]) -> str:
    """Long texts are kept apart, under their hash."""
    if not text.startswith(_ATTACHMENT):
        return text
    return prose(attachments.get(text.removeprefix(_ATTACHMENT))) or text
