"""A format of the tests' own: `<model>.fake`, a line an item, `task key score`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from anchoreval.errors import ResponseDataError
from anchoreval.importers.file_heads import FoundFile
from anchoreval.importers.imported import Imported, ImportedRun, ReadOptions, Skipped


class Fake:
    """Reads `.fake` files; `- reason` skips something."""

    name = "fake"

    def unit(self, file: FoundFile) -> Path | None:
        return file.path if file.ends(".fake") else None

    def read(self, unit: Path, options: ReadOptions) -> Iterator[Imported]:
        rows = [line.split(maxsplit=2) for line in unit.read_text(encoding="utf-8").splitlines()]
        for row in rows:
            if row[0] == "-":
                yield Skipped(str(unit), " ".join(row[1:]))
            elif len(row) != 3:
                raise ResponseDataError(f"{unit}: a line has {len(row)} parts")
        kept = [row for row in rows if row[0] != "-"]
        for task in dict.fromkeys(row[0] for row in kept):
            own = [row for row in kept if row[0] == task]
            items = pd.DataFrame({"key": [row[1] for row in own], "doc_id": range(len(own))})
            scores = np.array([float(row[2]) for row in own], dtype=np.float32)
            yield ImportedRun(model=unit.stem, task=task, items=items, scores=scores, metric="acc", source=unit)


IMPORTER = Fake()
