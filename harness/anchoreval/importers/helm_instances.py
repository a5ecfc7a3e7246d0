"""HELM's `scenario_state.json`: what was asked, and the options' log-likelihoods where the run has them.

Asked with each option in a request of its own (`multiple_choice_separate_*`), the log-likelihood of an option is that
of the tokens at the end of the completion that spell it; where a calibrating request was made too, its is taken off.
Asked with all options and for a letter (`multiple_choice_joint`), it is the letter's among the first token's
alternatives, which older versions list. Where a single one is missing the instance has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from anchoreval.importers.entries import label, mapping, prose
from anchoreval.importers.json_arrays import members
from anchoreval.importers.option_shares import finite_numbers

_STATES = "request_states"
_SEPARATE, _JOINT = "multiple_choice_separate", "multiple_choice_joint"
_CALIBRATION = "calibration"
_LONGEST_OPTION = 10_000
_Parts: TypeAlias = dict[int, dict[bool, float]]
"""By option, and whether it is the calibrating request's: its log-likelihood."""


@dataclass(frozen=True)
class Instances:
    """What is known of instances, by their id.

    Attributes:
        texts: what was asked.
        options: texts of the options; multiple choice only.
        likelihoods: of the options, by instance and training trial.
    """

    texts: dict[str, str] = field(default_factory=dict)
    options: dict[str, list[str]] = field(default_factory=dict)
    likelihoods: dict[tuple[str, int], list[float]] = field(default_factory=dict)


def read_instances(path: Path, method: str, normalised: bool) -> Instances:
    """Read the requests of a run.

    Args:
        path: of `scenario_state.json`.
        method: how it was asked.
        normalised: divide log-likelihoods by the options' number of tokens.

    Raises:
        ResponseDataError: the file is damaged; names the byte.
    """
    found = Instances()
    separate: dict[tuple[str, int], _Parts] = {}
    for member in members(path, only={_STATES}, unfold={_STATES}):
        where = f"{path}: byte {member.byte}"
        state = mapping(member.value, where)
        instance = mapping(state.get("instance"), f"{where}: instance")
        trial = state.get("train_trial_index", 0)
        if instance.get("perturbation") is not None or not isinstance(trial, int):
            continue
        key = label(instance.get("id"), f"{where}: instance: id")
        _describe(found, key, instance, method)
        if method.startswith(_SEPARATE):
            _note_separate(separate.setdefault((key, trial), {}), state, instance, normalised)
        elif method == _JOINT and (values := _joint(state)):
            found.likelihoods[key, trial] = values
    for (key, trial), parts in separate.items():
        if values := _whole(parts, len(found.options.get(key, ()))):
            found.likelihoods[key, trial] = values
    return found


def _describe(found: Instances, key: str, instance: Mapping[str, Any], method: str) -> None:
    if (text := _text(instance.get("input"))) is not None:
        found.texts.setdefault(key, text)
    references = instance.get("references")
    if method.startswith("multiple_choice") and isinstance(references, list):
        options = [_text(one.get("output")) for one in references if isinstance(one, dict)]
        if options and len(options) == len(references):
            found.options.setdefault(key, [option or "" for option in options])


def _text(value: Any) -> str | None:
    """A text, which versions before 0.3 write as it is and later ones as `{"text": ...}`."""
    return prose(value.get("text") if isinstance(value, dict) else value)


def _note_separate(parts: _Parts, state: Mapping[str, Any], instance: Mapping[str, Any], normalised: bool) -> None:
    """Add the log-likelihood of one request."""
    index, references = state.get("reference_index"), instance.get("references")
    if not isinstance(index, int) or not isinstance(references, list) or not 0 <= index < len(references):
        return
    reference = references[index]
    text = _text(reference.get("output")) if isinstance(reference, dict) else None
    value = _of_ending(_tokens(state), text or "", normalised)
    if value is not None:
        parts.setdefault(index, {})[state.get("request_mode") == _CALIBRATION] = value


def _whole(parts: _Parts, options: int) -> list[float] | None:
    """The options' log-likelihoods, where every option has them alike."""
    if (
        set(parts) != set(range(options))
        or len({frozenset(one) for one in parts.values()}) != 1
        or False not in parts[0]
    ):
        return None
    return finite_numbers([parts[n][False] - parts[n].get(True, 0.0) for n in range(options)])


def _tokens(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tokens of the only completion."""
    result = state.get("result")
    completions = result.get("completions") if isinstance(result, dict) else None
    if not isinstance(completions, list) or len(completions) != 1 or not isinstance(completions[0], dict):
        return []
    tokens = completions[0].get("tokens")
    return [one for one in tokens if isinstance(one, dict)] if isinstance(tokens, list) else []


def _of_ending(tokens: Sequence[Mapping[str, Any]], text: str, normalised: bool) -> float | None:
    """Log-likelihood of the last tokens, as far as they spell the text; None where they do not."""
    wanted, spelt, total = text.strip(), "", 0.0
    if not 0 < len(wanted) <= _LONGEST_OPTION:
        return None
    for count, token in enumerate(reversed(tokens), start=1):
        piece, value = token.get("text"), token.get("logprob")
        if not isinstance(piece, str) or not _is_number(value):
            return None
        spelt, total = piece + spelt, total + float(value)
        if spelt.strip() == wanted:
            return total / count if normalised else total
        if len(spelt.strip()) > len(wanted):
            return None
    return None


def _joint(state: Mapping[str, Any]) -> list[float] | None:
    letters, tokens = state.get("output_mapping"), _tokens(state)
    alternatives = tokens[0].get("top_logprobs") if tokens else None
    if not isinstance(letters, dict) or not isinstance(alternatives, dict):
        return None
    by_letter: dict[str, float] = {}
    for text, value in alternatives.items():
        if _is_number(value):  # of a letter with and without a space before it, the likelier
            by_letter[text.strip()] = max(value, by_letter.get(text.strip(), value))
    return finite_numbers([by_letter.get(letter) for letter in letters])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9
