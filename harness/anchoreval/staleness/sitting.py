"""Models that sat the anchors: their answers, what these leave unexplained, and who counts as one with whom."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from anchoreval.arrays import BoolArray, Float64Array
from anchoreval.estimators.reach import Reach
from anchoreval.groups import model_groups
from anchoreval.responses import ResponseMatrix
from anchoreval.staleness.pattern import Pattern


@dataclass(frozen=True, eq=False)
class Sitting:
    """Models, read by a pattern and a reach that they had no part in.

    Attributes:
        models: ids.
        groups: (models,) label of each model's group: kin, and models with the same answers on every anchor.
        answers: (models, anchors) scores, NaN where not answered.
        left: (models, anchors) what the pattern does not explain; NaN where not answered.
        misfit: (models,) see `Pattern.misfit`.
        ability: (models,) of each.
        beyond: (models,) whether a model is out of reach of the sources.
    """

    models: pd.Index[Any]
    groups: Any
    answers: Float64Array
    left: Float64Array
    misfit: Float64Array
    ability: Float64Array
    beyond: BoolArray

    @classmethod
    def of(cls, part: ResponseMatrix, kin: pd.Series[Any], pattern: Pattern, reach: Reach) -> Self:
        """Read models that answered some anchor; `kin` names their groups, equal answers join groups."""
        joined = dataclasses.replace(part, models=pd.DataFrame({"base_model": kin}, index=part.models.index))
        left = pattern.left(part.scores)
        return cls(
            models=part.models.index,
            groups=model_groups(joined, near=None).to_numpy(dtype=str) if part.n_models else np.zeros(0, dtype=str),
            answers=part.scores.astype(np.float64),
            left=left,
            misfit=pattern.misfit(left),
            ability=pattern.abilities(part.scores),
            beyond=reach.exceeded_by(part) if part.n_models else np.zeros(0, dtype=np.bool_),
        )

    @classmethod
    def joined(cls, sittings: Sequence[Self]) -> Self:
        """All of them as one."""
        return cls(
            models=pd.Index([model for one in sittings for model in one.models], dtype=object),
            **{
                field.name: np.concatenate([getattr(one, field.name) for one in sittings])
                for field in dataclasses.fields(cls)
                if field.name != "models"
            },
        )

    @property
    def labels(self) -> Any:
        """(groups,) labels in order."""
        return np.unique(self.groups)

    def by_group(self, values: Any) -> Float64Array:
        """Means over each group's models of (models,) or (models, anchors) values, NaN left out; groups in order."""
        table = pd.DataFrame(np.asarray(values, dtype=np.float64)).groupby(self.groups).mean()
        found = table.to_numpy(dtype=np.float64)
        return found[:, 0] if np.ndim(values) == 1 else found

    def first_of_groups(self) -> Any:
        """(groups,) row of the first model of each group, by id."""
        order = np.lexsort((self.models.to_numpy(dtype=str), self.groups))
        return order[np.unique(self.groups[order], return_index=True)[1]]
