"""`TransferMatrix`: how well exemplars of each subject help on each other subject, draw by draw."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.atomic import write_json, write_text
from anchoreval.errors import ResponseDataError
from anchoreval.transfer_table import read_transfer_table

SCHEMA = 1


@dataclass(frozen=True, eq=False)
class TransferMatrix:
    """Mean scores on every subject with exemplars of every subject before the question.

    Attributes:
        subjects: names, in the order of both axes.
        draws: (draws, sources, targets) in [0, 1]; a draw is a set of exemplars.
        counts: (targets,) items asked of each subject, the same under every source and draw.
        described: what was measured and how (model, shots, seed ...), as plain data.
    """

    subjects: tuple[str, ...]
    draws: Float64Array
    counts: IntArray
    described: dict[str, Any]

    @property
    def mean(self) -> pd.DataFrame:
        """(sources, targets) mean over draws, with the subjects' names."""
        source = pd.Index(self.subjects, dtype=object, name="source")
        return pd.DataFrame(self.draws.mean(axis=0), index=source, columns=source.rename("target"))

    def save(self, path: str | Path) -> None:
        """Write the mean as CSV at `path`, and draws, counts and description as JSON beside it (`<stem>.json`).

        Raises:
            OSError: a file cannot be written.
        """
        place = Path(path)
        beside = {
            "schema": SCHEMA,
            "subjects": list(self.subjects),
            "draws": self.draws.tolist(),
            "counts": self.counts.tolist(),
            "described": self.described,
        }
        write_json(place.with_suffix(".json"), beside)
        write_text(place, self.mean.to_csv(lineterminator="\n", index_label="source"))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            ResponseDataError: a file is not there or damaged, or the two do not belong together; names the file.
        """
        place = Path(path)
        mean = read_transfer_table(place)
        loaded = cls._beside(place.with_suffix(".json"))
        names = list(loaded.subjects)
        if sorted(names) != sorted(mean.index) or not np.allclose(mean.loc[names, names], loaded.mean, atol=1e-9):
            raise ResponseDataError(f"{place}: is not the mean of the draws in {place.with_suffix('.json')}")
        return loaded

    @classmethod
    def _beside(cls, path: Path) -> Self:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            if document["schema"] != SCHEMA:
                raise ResponseDataError(f"{path}: schema version {document['schema']!r} is unknown")
            draws = np.array(document["draws"], dtype=np.float64)
            made = cls(
                tuple(map(str, document["subjects"])),
                draws,
                np.array(document["counts"], dtype=np.int64),
                dict(document["described"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            if isinstance(error, ResponseDataError):
                raise
            raise ResponseDataError(f"{path}: cannot be read: {' '.join(str(error).split())}") from error
        expected = (len(draws), len(made.subjects), len(made.subjects))
        if draws.shape != expected or not len(draws) or made.counts.shape != expected[1:2]:
            raise ResponseDataError(f"{path}: the draws have shape {draws.shape}, not (draws, subjects, subjects)")
        return made
