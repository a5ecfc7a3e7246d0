"""What a row of lm-eval says of its item: text, options, subject and the hash of its document.

A document's keys are those of its dataset, so the item's text is the first of `TEXT_KEYS` that holds one; a document
without any gives the last paragraph of the prompt. Options come from the document (a list under one of `OPTION_KEYS`,
or keys that count up, such as `option1` and `option2`), else from the continuations whose likelihood was asked for.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

TEXT_KEYS = (
    *("narrative", "premise", "question", "query", "sentence", "input", "prompt", "problem", "question_stem"),
    *("instruction", "goal", "ctx", "context", "passage", "text"),
)
"""Keys of a document that hold what is asked, in this order: of MuSR and COPA, `question` is the same for all items."""
OPTION_KEYS = ("choices", "options", "endings")
COUNTED_KEYS = ("option", "alternative_", "sol", "choice", "answer")
"""What comes before the number in keys that count up."""
SUBJECT_KEYS = ("subject", "category")
LONGEST_TEXT = 1 << 15
"""Characters of an item's text, or of an option, that are kept."""
LONGEST_SUBJECT = 200
MOST_OPTIONS = 512
"""Options of an item that are kept, by name or by probability."""


def document_hash(doc: Any) -> str:
    """SHA-256 of a document as lm-eval computes it."""
    text = json.dumps(doc, indent=2, default=_as_lm_eval_writes, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def text_of(doc: Any, arguments: Any) -> str:
    """What is asked; empty where neither the document nor the prompt says."""
    if isinstance(doc, dict):
        for key in TEXT_KEYS:
            found = doc.get(key)
            if isinstance(found, str) and found and not found.isspace():
                return _whole(found)
    elif isinstance(doc, str):
        return _whole(doc)
    pairs = requests_of(arguments)
    prompt = pairs[0][0] if pairs else ""
    return _whole(prompt.strip().rsplit("\n\n", 1)[-1])


def subject_of(doc: Any) -> str | None:
    """The subject that a document gives itself (MMLU and MMLU-Pro do)."""
    if isinstance(doc, dict):
        for key in SUBJECT_KEYS:
            found = doc.get(key)
            if isinstance(found, str) and found and not found.isspace():
                return _whole(found)[:LONGEST_SUBJECT]
    return None


def options_of(doc: Any, arguments: Any, count: int | None) -> list[str] | None:
    """An item's options.

    Args:
        doc: the document.
        arguments: of the requests.
        count: how many options the model's likelihoods are of; None where it was not asked for any.

    Returns:
        As many texts as there are likelihoods; None where there are no such texts.
    """
    named = _named_options(doc) if isinstance(doc, dict) else None
    if named is not None and count in (None, len(named)):
        return named
    if count is None:
        return None
    texts = continuations(arguments, count)
    return texts if texts is not None and len(set(texts)) == count else None


def continuations(arguments: Any, count: int) -> list[str] | None:
    """The first `count` texts whose likelihood was asked for, without the blank before them; None where some lack."""
    pairs = requests_of(arguments, count)
    texts = [second.removeprefix(" ")[:LONGEST_TEXT] for _, second in pairs if isinstance(second, str)]
    return [_whole(text) for text in texts] if len(texts) == count else None


def requests_of(arguments: Any, most: int = 1) -> list[tuple[str, Any]]:
    """Context and what follows it, of the first requests: files number them (`gen_args_0`), memory lists them."""
    if isinstance(arguments, dict):
        requests = [arguments.get(f"gen_args_{n}") for n in range(min(most, len(arguments)))]
        pairs = [(one.get("arg_0"), one.get("arg_1")) if isinstance(one, dict) else None for one in requests]
    elif isinstance(arguments, list | tuple):
        pairs = [
            (one[0], one[1]) if isinstance(one, list | tuple) and len(one) > 1 else None for one in arguments[:most]
        ]
    else:
        return []
    return [(_context(pair[0]), pair[1]) for pair in pairs if pair is not None]


def _context(given: Any) -> str:
    """A prompt; that of a chat is a list whose only entry is the messages as JSON."""
    found = given[0] if isinstance(given, list | tuple) and given else given
    return found if isinstance(found, str) else ""


def _named_options(doc: dict[str, Any]) -> list[str] | None:
    for key in OPTION_KEYS:
        found = doc.get(key)
        if isinstance(found, dict):  # of ARC: {"text": [...], "label": [...]}; of MedQA: {"A": ..., "B": ...}
            found = found.get("text", list(found.values()))
        if (texts := _texts(found)) is not None:
            return texts
    for prefix in COUNTED_KEYS:
        if f"{prefix}2" in doc and f"{prefix}1" in doc:
            numbers = range(1, MOST_OPTIONS + 1)
            end = next((n for n in numbers if f"{prefix}{n}" not in doc), MOST_OPTIONS)
            return _texts([doc[f"{prefix}{n}"] for n in range(1, end)])
    return None


def _texts(found: Any) -> list[str] | None:
    if not isinstance(found, list | tuple) or not 2 <= len(found) <= MOST_OPTIONS or set(map(type, found)) != {str}:
        return None
    together = "".join(found)
    if together.isascii() and len(together) <= LONGEST_TEXT:
        return list(found)
    return [_whole(one) for one in found]


def _whole(text: str) -> str:
    """The text as it can be stored: not endless, and without halves of surrogate pairs."""
    kept = text[:LONGEST_TEXT]
    return kept if kept.isascii() else kept.encode("utf-8", "replace").decode("utf-8")


def _as_lm_eval_writes(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    return list(value) if isinstance(value, set) else str(value)
