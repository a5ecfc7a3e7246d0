"""Every Eval Ever's instance rows: what one model answered to each anchor, from lm-eval's samples.

A multiple-choice model writes nothing: its answer is the option with the highest log-likelihood, and the row says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.exporters.logged_tasks import Row

VERSION = "instance_level_eval_0.2.1"


def instance_rows(
    samples: Mapping[str, Row], scores: Mapping[str, float], table: pd.DataFrame, identity: Mapping[str, str]
) -> list[dict[str, Any]]:
    """A row an anchor, in the anchor set's order.

    Args:
        samples: of one model by item, as `LoggedAnswers.samples` has them.
        scores: by item, in [0, 1].
        table: `identity_table` of the anchors.
        identity: `evaluation_id`, `model_id` and `evaluation_name`.
    """
    facts: list[Any] = table.to_dict(orient="records")
    return [
        _row(str(item), samples[item], scores[item], known, identity)
        for item, known in zip(table.index, facts, strict=True)
    ]


def _row(item: str, sample: Row, score: float, facts: Mapping[str, Any], identity: Mapping[str, str]) -> dict[str, Any]:
    answer, extracted, method = _answer(sample)
    choices = _choices(sample)
    return {
        "schema_version": VERSION,
        **identity,
        "sample_id": item,
        "sample_hash": str(facts["doc_hash"]),
        "interaction_type": "single_turn",
        "input": {
            "raw": _prompt(sample),
            "reference": _reference(sample, choices),
            **({"choices": choices} if choices else {}),
        },
        "output": {"raw": [answer]},
        "answer_attribution": [
            {
                "turn_idx": 0,
                "source": "output.raw",
                "extracted_value": extracted,
                "extraction_method": method,
                "is_terminal": True,
            }
        ],
        "evaluation": {"score": float(score), "is_correct": bool(score == 1.0)},
        "metadata": {
            "task": str(facts["task"]),
            "doc_id": str(facts["doc_id"]),
            "anchor_weight": repr(float(facts["weight"])),
        },
    }


def _prompt(sample: Row) -> str:
    """What the model was shown; where every option has a prompt of its own, the first one."""
    return str(_arguments(sample)[0][0])


def _arguments(sample: Row) -> list[tuple[Any, Any]]:
    arguments = sample["arguments"].values()
    return [(argument.get("arg_0", ""), argument.get("arg_1", "")) for argument in arguments]


def _choices(sample: Row) -> list[str]:
    """The options, where the answer is one of them: the continuations, or the prompts where those are what differs."""
    if not _by_likelihood(sample):
        return []
    arguments = [(prompt, text) for prompt, text in _arguments(sample) if prompt != ""]
    alike = len({prompt for prompt, _ in arguments}) == 1
    return [str(text if alike else prompt).strip() for prompt, text in arguments]


def _reference(sample: Row, choices: Sequence[str]) -> list[str]:
    """The right answer as text; lm-eval logs an option by its number."""
    document = sample["doc"]
    target = document.get("gold", document["target"]) if "anchors" in document else sample.get("target", "")
    targets = target if isinstance(target, list) else [target]
    return [_option(one, choices) for one in targets]


def _option(target: Any, choices: Sequence[str]) -> str:
    text = str(target)
    return choices[int(text)] if text.isdecimal() and int(text) < len(choices) else text


def _answer(sample: Row) -> tuple[str, str, str]:
    """What the model answered, what was read from that, and how."""
    if _by_likelihood(sample):
        choices = _choices(sample)
        best = choices[int(np.argmax([response[0][0] for response in sample["resps"][: len(choices)]]))]
        return best, best, "option with the highest log-likelihood"
    said = sample["resps"][0][0]
    filtered = sample.get("filtered_resps") or [""]
    return _text(said), _text(filtered[0]), f"lm-eval filter {sample['filter']}"


def _by_likelihood(sample: Row) -> bool:
    return len(sample["resps"]) > 1 and isinstance(sample["resps"][0][0], tuple)


def _text(response: Any) -> str:
    return str(response[0]) if isinstance(response, tuple | list) and response else str(response)
