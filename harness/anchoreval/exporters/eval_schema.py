"""The part of the Every Eval Ever format that is written and read here, as a JSON schema (`every_eval_ever.json`)."""

from __future__ import annotations

from functools import cache
from typing import Any

from anchoreval.schema import LONGEST, load_schema


def complaint(document: Any, part: str) -> str | None:
    """What is wrong with a document by the schema, and where in it; None: nothing.

    Args:
        document: as read from JSON.
        part: `aggregate` (one file a model) or `instance` (one line a model and item).
    """
    from jsonschema.exceptions import best_match

    worst = best_match(_validator(part).iter_errors(document))
    if worst is None:
        return None
    message = " ".join(worst.message.split())
    return f"{worst.json_path}: {message if len(message) <= LONGEST else '... ' + message[-LONGEST:]}"


@cache
def _validator(part: str) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator({"$ref": f"#/$defs/{part}", "$defs": load_schema("every_eval_ever")["$defs"]})
