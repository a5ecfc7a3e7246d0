"""Models that sat the anchors: their answers, what these leave unexplained, and who counts as one with whom."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from anchoreval.arrays import BoolArray, Float64Array, FloatArray
from anchoreval.estimators.reach import Reach
from anchoreval.groups import model_groups
from anchoreval.responses import ResponseMatrix
from anchoreval.staleness.pattern import Pattern


@dataclass(frozen=True, eq=False)
class Sitting:
    """Models, read by a pattern and a reach that they had no part in.

    Attributes:
        models: ids.
        groups: (models,) label of each model's group: kin, and models with the same answers on every anchor, unless
            all of these are the same (many a model gets everything right).
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
        if not part.n_models:
            return cls.empty(part.n_items)
        return cls(
            models=part.models.index,
            groups=_groups(part, kin),
            answers=part.scores.astype(np.float64),
            left=pattern.left(part.scores),
            misfit=pattern.misfit(part.scores),
            ability=pattern.abilities(part.scores),
            beyond=reach.exceeded_by(part),
        )

    @classmethod
    def empty(cls, anchors: int) -> Self:
        """Nobody."""
        nobody, table = np.zeros(0), np.zeros((0, anchors))
        return cls(
            pd.Index([], dtype=object), nobody.astype(str), table, table, nobody, nobody, nobody.astype(np.bool_)
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


def constant_rows(scores: FloatArray) -> BoolArray:
    """(models,) True where all answers are the same, as all right is: such models need not be copies."""
    return np.array([len(np.unique(row)) == 1 for row in scores], dtype=np.bool_)


def _groups(part: ResponseMatrix, kin: pd.Series[Any]) -> Any:
    """(models,) labels; a further column keeps apart those whose answers are all the same."""
    own = np.arange(1, part.n_models + 1) / (part.n_models + 1.0)
    told_apart = np.column_stack([part.scores, np.where(constant_rows(part.scores), own, 0.0)])
    models = pd.DataFrame({"base_model": kin}, index=part.models.index)
    return model_groups(ResponseMatrix.from_arrays(told_apart, models=models), near=None).to_numpy(dtype=str)
