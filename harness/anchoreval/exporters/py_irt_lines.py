"""py-irt's JSON lines: `{"subject_id": <model>, "responses": {<item>: 0 or 1}}`, one line a model.

Scores are written as they are; py-irt's own models expect 0 and 1. A missing answer has no entry. The item table,
weights and option probabilities have no place in this format.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from anchoreval.atomic import write_text
from anchoreval.errors import ConfigurationError
from anchoreval.exporters.guard import refuse_foreign_file, starts_with
from anchoreval.responses import ResponseMatrix

BEGINNING = '{"subject_id": '


def write_py_irt(matrix: ResponseMatrix, path: Path | str) -> None:
    """Write a line a model, in the matrix's order of models and items; an earlier export is replaced.

    Args:
        matrix: models and their scores.
        path: of the file.

    Raises:
        ConfigurationError: something else stands there, it cannot be written, or an id is no valid Unicode.
    """
    target = Path(path)
    refuse_foreign_file(target, lambda there: starts_with(there, BEGINNING))
    try:
        write_text(target, "".join(_line(matrix, row) for row in range(matrix.n_models)))
    except UnicodeEncodeError:
        raise ConfigurationError(f"{target}: an id is not valid Unicode") from None
    except OSError as error:
        raise ConfigurationError(f"{target}: cannot be written: {error.strerror}") from error


def _line(matrix: ResponseMatrix, row: int) -> str:
    scores = matrix.scores[row]
    answered = np.flatnonzero(~np.isnan(scores))
    items = matrix.items.index.to_numpy(dtype=object)
    responses = {str(items[n]): _plain(float(scores[n])) for n in answered}
    return json.dumps({"subject_id": str(matrix.models.index[row]), "responses": responses}, ensure_ascii=False) + "\n"


def _plain(score: float) -> int | float:
    return int(score) if score.is_integer() else score
