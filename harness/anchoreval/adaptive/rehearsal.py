"""Rehearsals: models that had no part in fitting sit the whole test, so that their errors are those of new targets.

They are the calibration models; or, where models are too few to set any aside, all of them in turn, each tested by a
policy that was fitted without its fold (as `anchoreval.reconstruction.cross` does it for anchors; its level is then
approximate, usually a little conservative, for a fold learns from fewer models than all).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from tqdm import tqdm

from anchoreval.adaptive.course import Course, recorded
from anchoreval.adaptive.examiner import Examiner
from anchoreval.adaptive.stopping import calibrated_factor
from anchoreval.arrays import Float64Array
from anchoreval.contract import generator
from anchoreval.errors import TooFewModelsError
from anchoreval.methods import Policy
from anchoreval.numerics.conformal import attainable_level
from anchoreval.numerics.folds import group_folds
from anchoreval.reconstruction.cross import FOLDS
from anchoreval.responses import ResponseMatrix


@dataclass(frozen=True, eq=False)
class Rehearsals:
    """Whole tests of models whose full scores are known.

    Attributes:
        models: their ids.
        courses: each to the budget.
        truths: (models,) full scores.
        groups: (models,) labels of what is exchangeable: variants of one base model share one.
    """

    models: pd.Index[Any]
    courses: Sequence[Course]
    truths: Float64Array
    groups: np.ndarray[Any, Any]

    @classmethod
    def held(cls, examiner: Examiner, known: ResponseMatrix, groups: pd.Series[str]) -> Self:
        """Models that had no part in fitting the examiner; those that answer nothing say nothing."""
        names = [str(name) for name in known.models.index]
        sat = {name: examiner.course(recorded(known, name), name) for name in tqdm(names, unit="model", disable=None)}
        kept = [name for name, course in sat.items() if len(course.answered) and course.answered[-1]]
        truths = np.asarray(known.full_scores.reindex(kept), dtype=np.float64)
        labels = groups.reindex(kept).to_numpy(dtype=str)
        return cls(pd.Index(kept, dtype=object), [sat[name] for name in kept], truths, labels)

    @classmethod
    def across(cls, policy: Policy, known: ResponseMatrix, budget: int, seed: int, groups: pd.Series[str]) -> Self:
        """All models, each tested by a policy that was fitted without its fold.

        Raises:
            TooFewModelsError: fewer than 2 groups.
        """
        kin = groups.reindex(known.models.index).sort_index()
        if kin.nunique() < 2:
            raise TooFewModelsError(
                f"benchmark {known.name}: {kin.nunique()} groups of models cannot be divided into folds, at least 2 "
                "are needed"
            )
        codes = np.unique(kin.to_numpy(dtype=str), return_inverse=True)[1].astype(np.int64)
        parts = []
        for held_out in group_folds(codes, FOLDS, generator(seed, "cross")):
            examiner = Examiner.fit(policy, known.subset(models=kin.index[~held_out]), budget, seed)
            parts.append(cls.held(examiner, known.subset(models=kin.index[held_out]), groups))
        return cls(
            parts[0].models.append([part.models for part in parts[1:]]),
            [course for part in parts for course in part.courses],
            np.concatenate([part.truths for part in parts]),
            np.concatenate([part.groups for part in parts]),
        )

    @classmethod
    def none(cls) -> Self:
        """Nobody: errors are not known."""
        return cls(pd.Index([], dtype=object), [], np.zeros(0), np.zeros(0, dtype=str))

    @property
    def attainable_level(self) -> float:
        """The highest level that intervals can have: G / (G + 1) with G groups."""
        return attainable_level(self.groups)

    def factor(self, half_width: float | None, level: float, *, guarded: bool = True) -> float:
        """See `anchoreval.adaptive.stopping`; NaN without any model."""
        if not len(self.courses):
            return float("nan")
        return calibrated_factor(self.courses, self.truths, self.groups, half_width, level, guarded=guarded)

    def narrowest(self, level: float) -> float:
        """Median half-width where all are asked to the budget, in score units; NaN without any model."""
        if not len(self.courses):
            return float("nan")
        return self.factor(None, level) * float(np.median([course.belief[-1] for course in self.courses]))


def in_groups(known: ResponseMatrix, groups: pd.Series[str]) -> ResponseMatrix:
    """The same models; what a policy leaves out together is then what intervals count once."""
    return dataclasses.replace(known, models=known.models.assign(base_model=groups.reindex(known.models.index)))
