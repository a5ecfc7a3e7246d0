"""Who stands for freshness: models of the anchors' own day that had no part in what they are compared with.

Calibration models, where some were set aside; they had no part in selecting anchors or learning the pattern. Else the
source models, each read by a pattern and a reach that were learnt without its fold. The anchors were selected on those,
so comparisons are then nearly, not exactly, fair; learning without a fold errs the other way.

A target that is a source, a variant of one, or answers every anchor exactly like a model that the pattern was learnt
from brings no news. Such targets are set apart, and such witnesses too, so that both sides lose alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from anchoreval.anchors import AnchorSet
from anchoreval.arrays import BoolArray, FloatArray
from anchoreval.contract import generator
from anchoreval.errors import AnchorSetError, TooFewModelsError
from anchoreval.estimators.answered import anchor_positions
from anchoreval.estimators.reach import Reach
from anchoreval.numerics.folds import group_folds
from anchoreval.protocol.trial import answers_only
from anchoreval.reconstruction import CALIBRATE
from anchoreval.responses import ResponseMatrix
from anchoreval.staleness.pattern import Pattern
from anchoreval.staleness.sitting import Sitting, constant_rows
from anchoreval.tables import base_models

FOLDS = 5
FEWEST_LEARNERS = 5
"""Models that a pattern needs; fewer leave nothing to compare with."""


@dataclass(frozen=True, eq=False)
class Witnesses:
    """Both sides, read the same way.

    Attributes:
        pattern: of the models that selected the anchors.
        learners: those models on the anchors.
        calm: the models that stand for freshness.
        targets: the new ones.
        known: ids of targets that bring no news.
        silent: ids of targets that answered no anchor.
        crossed: whether the witnesses were read in folds.
    """

    pattern: Pattern
    learners: ResponseMatrix
    calm: Sitting
    targets: Sitting
    known: tuple[str, ...]
    silent: tuple[str, ...]
    crossed: bool

    @classmethod
    def called(cls, anchors: AnchorSet, targets: ResponseMatrix) -> Self:
        """Read the anchors' own models and the targets.

        Raises:
            AnchorSetError: the anchors hold no source models, or the targets lack an anchor.
            TooFewModelsError: fewer than 5 models selected the anchors.
        """
        if anchors.sources is None:
            raise AnchorSetError(f"the anchors of {anchors.benchmark!r} hold no source models to compare targets with")
        sources = _talking(anchors.sources)
        kin = _kin_of(anchors, sources)
        aside = _set_aside(anchors, sources)
        learners = sources.subset(models=sources.models.index[~aside])
        if learners.n_models < FEWEST_LEARNERS:
            raise TooFewModelsError(
                f"the anchors of {anchors.benchmark!r} were selected on {learners.n_models} models, at least "
                f"{FEWEST_LEARNERS} are needed to know a pattern of answers"
            )
        pattern = Pattern.learn(learners.scores)
        reach = Reach.of(learners, anchors.selection, kin[learners.models.index])
        anchor_positions(anchors.items, targets)
        asked = answers_only(targets, anchors.items)
        talking = _talking(asked)
        fresh = ~(_related(talking, sources, kin) | _copied(talking.scores, learners.scores))
        new = talking.subset(models=talking.models.index[fresh])
        if aside.any():
            other = sources.subset(models=sources.models.index[aside])
            other = other.subset(models=other.models.index[~_copied(other.scores, learners.scores)])
            calm = Sitting.of(other, kin[other.models.index], pattern, reach)
        else:
            calm = _in_folds(anchors, learners, kin)
        return cls(
            pattern=pattern,
            learners=learners,
            calm=calm,
            targets=Sitting.of(new, pd.Series(base_models(new.models), new.models.index), pattern, reach),
            known=tuple(talking.models.index[~fresh]),
            silent=tuple(asked.models.index.difference(talking.models.index, sort=False)),
            crossed=not aside.any(),
        )


def _in_folds(anchors: AnchorSet, sources: ResponseMatrix, kin: pd.Series[Any]) -> Sitting:
    """The sources, each read without its fold; folds depend on ids and groups alone."""
    ordered = kin[sources.models.index].sort_index()
    codes = np.unique(ordered.to_numpy(dtype=str), return_inverse=True)[1].astype(np.int64)
    sittings = []
    for held_out in group_folds(codes, FOLDS, generator(anchors.seed, "staleness")):
        held = sources.subset(models=ordered.index[held_out])
        others = sources.subset(models=ordered.index[~held_out])
        if not others.n_models:
            continue
        pattern = Pattern.learn(others.scores)
        reach = Reach.of(others, anchors.selection, kin[others.models.index])
        held = held.subset(models=held.models.index[~_copied(held.scores, others.scores)])
        sittings.append(Sitting.of(held, kin[held.models.index], pattern, reach))
    return Sitting.joined([Sitting.empty(sources.n_items), *sittings])


def _talking(part: ResponseMatrix) -> ResponseMatrix:
    """The models that answered some anchor."""
    answered: BoolArray = np.asarray(~np.isnan(part.scores).all(axis=1), dtype=np.bool_)
    return part.subset(models=part.models.index[answered])


def _kin_of(anchors: AnchorSet, sources: ResponseMatrix) -> pd.Series[Any]:
    own = pd.Series(base_models(sources.models), sources.models.index, dtype=object)
    return own if anchors.groups is None else anchors.groups.reindex(sources.models.index)


def _set_aside(anchors: AnchorSet, sources: ResponseMatrix) -> BoolArray:
    """(sources,) True for calibration models."""
    if anchors.roles is None:
        return np.zeros(sources.n_models, dtype=np.bool_)
    return np.asarray(anchors.roles.reindex(sources.models.index) == CALIBRATE, dtype=np.bool_)


def _related(targets: ResponseMatrix, sources: ResponseMatrix, kin: pd.Series[Any]) -> BoolArray:
    """(targets,) True for a source, or a variant of one."""
    family = set(sources.models.index.astype(str)) | set(base_models(sources.models)) | set(kin.astype(str))
    named = zip(targets.models.index.astype(str), base_models(targets.models), strict=True)
    return np.array([bool({own, base} & family) for own, base in named], dtype=np.bool_)


def _copied(scores: FloatArray, learnt_from: FloatArray) -> BoolArray:
    """(models,) True where a learner gave exactly these answers; all right and all wrong are no copies."""
    taken = {row.tobytes() for row in _canonical(learnt_from)}
    same = np.array([row.tobytes() in taken for row in _canonical(scores)], dtype=np.bool_)
    return same & ~constant_rows(scores)


def _canonical(scores: FloatArray) -> FloatArray:
    """Rows whose bytes are equal where the answers are."""
    return np.ascontiguousarray(np.where(np.isnan(scores), np.float32(-1.0), scores + np.float32(0.0)))
