"""Which items serve as exemplars and which are asked when transferability between subjects is measured.

Both are drawn once, from the seed and the subject's name: every source of exemplars is judged on the same items, so
that differences between sources are not those between items.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from anchoreval.contract import generator
from anchoreval.errors import ConfigurationError


@dataclass(frozen=True, eq=False)
class TransferItems:
    """The items of a measurement.

    Attributes:
        exemplars: by subject, (draws, shots) ids; no item stands twice.
        queries: by subject, ids of the items asked; none is an exemplar, nor of a group with one.
    """

    exemplars: Mapping[str, pd.DataFrame]
    queries: Mapping[str, pd.Index[Any]]

    @classmethod
    def draw(
        cls,
        items: pd.DataFrame,
        *,
        shots: int,
        draws: int,
        per_subject: int,
        apart: str | None = None,
        seed: int = 0,
    ) -> Self:
        """Draw them.

        Args:
            items: indexed by item id, with column `subject`.
            shots: exemplars in a prompt.
            draws: sets of exemplars.
            per_subject: items to ask of each subject; fewer where a subject has no more.
            apart: column whose equal values make a group (paraphrases of one fact); None: every item by itself.
            seed: of the draw.

        Raises:
            ConfigurationError: a subject has too few items, or a number is not positive.
        """
        for option, value in (("shots", shots), ("draws", draws), ("items_per_subject", per_subject)):
            if isinstance(value, bool) or value < 1:
                raise ConfigurationError(f"{option} = {value} is not a positive number")
        for column in ("subject", *filter(None, [apart])):
            if column not in items:
                raise ConfigurationError(f"transferability needs items.{column}, and the items have no such column")
        exemplars, queries = {}, {}
        for subject, rows in items.sort_index().groupby("subject", sort=True):
            rng = generator(seed, "transfer", str(subject))
            drawn, left = _exemplars(rows, shots * draws, apart, rng, str(subject))
            exemplars[str(subject)] = pd.DataFrame(drawn.reshape(draws, shots))
            asked = rng.permutation(left)[:per_subject]
            queries[str(subject)] = pd.Index(np.sort(asked), dtype=object)
        return cls(exemplars, queries)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Names of the subjects in alphabetical order."""
        return tuple(self.queries)

    @property
    def asked(self) -> pd.Index[Any]:
        """All items that are asked."""
        every: pd.Index[Any] = pd.Index([item for ids in self.queries.values() for item in ids], dtype=object)
        return every


def _exemplars(
    rows: pd.DataFrame, count: int, apart: str | None, rng: np.random.Generator, subject: str
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """One item of each of `count` groups drawn at random, and the items of all other groups."""
    group = rows.index.to_series() if apart is None else rows[apart].astype(str)
    shuffled = group.iloc[rng.permutation(len(group))].drop_duplicates()
    if len(shuffled) <= count:
        raise ConfigurationError(
            f"subject {subject!r} has {len(shuffled)} {'items' if apart is None else f'groups of items.{apart}'}, "
            f"and {count} (shots x draws) go to exemplars: none is left to ask"
        )
    left = group.index[~group.isin(shuffled.iloc[:count])]
    return shuffled.index[:count].to_numpy(dtype=object), left.to_numpy(dtype=object)
