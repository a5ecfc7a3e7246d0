"""The cells of a response matrix that the rows of a long table fill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import FloatArray, IntArray
from anchoreval.importers.columns import identifiers
from anchoreval.importers.table_files import Table


@dataclass(frozen=True, eq=False)
class Grid:
    """Models by items.

    Attributes:
        models: ids, one a row of the matrix.
        items: ids, one a column of the matrix.
        models_from: the file that lists the models.
        items_from: the file that lists the items.
    """

    models: pd.Index[Any]
    items: pd.Index[Any]
    models_from: str
    items_from: str

    def cells(self, table: Table) -> IntArray:
        """(rows,) number of each row's cell, counted along the items.

        Raises:
            ResponseDataError: naming the row: its model or item is not listed, or the two stand twice.
        """
        model = self._positions(table, "model", self.models, self.models_from)
        item = self._positions(table, "item", self.items, self.items_from)
        cells = model * len(self.items) + item
        seen = np.zeros(len(self.models) * len(self.items), dtype=np.bool_)
        seen[cells] = True
        if np.count_nonzero(seen) < len(cells):
            row = int(np.argmax(pd.Series(cells).duplicated()))
            table.refuse(row, f"{self.name(cells[row])} stands twice")
        return cells

    def scatter(self, values: FloatArray, cells: IntArray, dtype: Any = None) -> Any:
        """(models, items, ...) the values of the rows in their cells, NaN where no row is."""
        shape = values.shape[1:]
        filled = np.full((len(self.models) * len(self.items), *shape), np.nan, dtype=dtype or values.dtype)
        filled[cells] = values
        return filled.reshape(len(self.models), len(self.items), *shape)

    def name(self, cell: Any) -> str:
        """The model and the item of a cell, for messages."""
        model, item = divmod(int(cell), len(self.items))
        return f"model {self.models[model]!r}, item {self.items[item]!r}"

    def _positions(self, table: Table, kind: str, known: pd.Index[Any], listed: str) -> IntArray:
        codes, labels = identifiers(table, kind)
        positions = np.asarray(known.get_indexer(pd.Index(labels, dtype=object)), dtype=np.int64)
        found = positions[codes]
        if (positions < 0).any():
            row = int(np.argmax(found < 0))
            table.refuse(row, f"{kind} {labels[codes[row]]!r} is not in {listed}")
        return found
