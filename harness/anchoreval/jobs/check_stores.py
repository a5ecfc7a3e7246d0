"""Every file of a stored benchmark that is at fault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from anchoreval.errors import AnchorEvalError
from anchoreval.schema import one_line
from anchoreval.store.answers import file_name, read_answers
from anchoreval.store.items import SharedPart, read_shared
from anchoreval.store.reading import response_paths
from anchoreval.store.rows import table_of


def store_faults(folder: Path) -> Iterator[tuple[Path, str]]:
    """Files and what is wrong with them; every answer of every model is read."""
    shared = None
    try:
        shared = read_shared(folder)
    except AnchorEvalError as error:
        place, _, problem = str(error).partition(": ")
        yield Path(place), problem
    for path in response_paths(folder):
        try:
            problem = _problem(path, shared)
        except AnchorEvalError as error:
            problem = str(error).removeprefix(f"{path}: ")
        except (ValueError, TypeError, LookupError, OverflowError) as error:
            problem = f"its model's row makes no table: {one_line(error)}"
        if problem:
            yield path, problem


def _problem(path: Path, shared: SharedPart | None) -> str:
    """What is wrong with one model's answers; nothing where nothing is.

    Raises:
        AnchorEvalError: the file is damaged, or its answers are none.
    """
    answers = read_answers(path)
    model = answers.row["model"]
    if path.name != file_name(model):
        return f"holds model {model!r}, which belongs in another file; was it copied?"
    if shared is None:
        return ""
    if answers.items != shared.digest or len(answers.scores) != len(shared.items):
        return "answers other items than those of the benchmark"
    if (answers.probabilities is not None) != shared.document["option_probabilities"]:
        return "has option probabilities or not, unlike the benchmark"
    probabilities = None if answers.probabilities is None else answers.probabilities[np.newaxis]
    shared.matrix(answers.scores[np.newaxis], table_of([answers.row]), probabilities)
    return ""
