"""Targets whose answers are already recorded: taken out of the benchmark before anything else looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from anchoreval.adaptive import AdaptiveTest
from anchoreval.anchors import AnchorSet
from anchoreval.errors import ResponseDataError, TooFewModelsError
from anchoreval.groups import model_groups
from anchoreval.jobs.scorers import Scored, Setting, with_relatives
from anchoreval.jobs.sitters import SatTests
from anchoreval.protocol.roles import full_scores
from anchoreval.protocol.splits import split
from anchoreval.scoring.replay import replay


@dataclass(frozen=True)
class ReplayScorer:
    """Named models of the benchmark, or those that the split holds out.

    With a saved anchor set, the targets are models that had no part in it.
    """

    setting: Setting
    models: list[str] | None = None

    @property
    def scoring(self) -> str:
        """Recorded answers; says which models these are."""
        chosen = "models without a part in the saved anchors" if self.setting.roles is not None else self._split
        return f"recorded in the benchmark, {'named models' if self.models is not None else chosen}"

    @property
    def drawn_alike(self) -> bool | None:
        """Only a split at random draws targets as calibration models are drawn."""
        if self.models is not None or self.setting.roles is not None:
            return None
        return self.setting.split.kind == "iid"

    @property
    def _split(self) -> str:
        return f"models held out by split {self.setting.split.kind}"

    @cached_property
    def targets(self) -> pd.Index[Any]:
        """Ids of the targets, in the benchmark's order.

        Raises:
            ResponseDataError: a named one is not there, or had a part in the saved anchor set.
            TooFewModelsError: none is left.
        """
        if self.models is not None:
            return self._named(self.models)
        if self.setting.roles is not None:
            return self._unused()
        kind, share = self.setting.split.kind, self.setting.split.test_share
        return split(self.setting.matrix, kind, self.setting.seed, share, self.setting.missing).targets

    def held_out(self) -> pd.Index[Any]:
        """The targets, their variants and copies."""
        return with_relatives(self.setting.matrix, self.targets)

    def score(self, anchors: AnchorSet) -> Scored:
        """The recorded answers on the anchors; the truth is the full score where it is known."""
        matrix = self.setting.matrix
        truth = full_scores(matrix, self.setting.missing)[self.targets]
        return Scored(replay(matrix, anchors, self.targets), truth)

    def sit(self, test: AdaptiveTest) -> SatTests:
        """Tests answered from the record; the truth is the full score where it is known."""
        matrix = self.setting.matrix
        truth = full_scores(matrix, self.setting.missing)[self.targets]
        return SatTests(test.sit_recorded(matrix.subset(models=self.targets)), truth)

    def identity(self) -> dict[str, Any]:
        """The targets' ids: everything else is in the benchmark."""
        return {"scorer": "replay", "models": sorted(map(str, self.targets))}

    def _named(self, models: list[str]) -> pd.Index[Any]:
        matrix = self.setting.matrix
        if not models:
            raise TooFewModelsError("scorer.models names no model")
        for model in models:
            if model not in matrix.models.index:
                raise ResponseDataError(f"benchmark {matrix.name} has no model {model!r} (scorer.models)")
        used = self._relatives_of_sources()
        if part := [model for model in models if model in used]:
            raise ResponseDataError(f"model {part[0]!r} or a variant of it had a part in the saved anchor set")
        return matrix.models.index[matrix.models.index.isin(models)]

    def _unused(self) -> pd.Index[Any]:
        known = full_scores(self.setting.matrix, self.setting.missing).dropna().index
        if (left := known.difference(sorted(self._relatives_of_sources()), sort=False)).empty:
            raise TooFewModelsError(
                f"every model of benchmark {self.setting.matrix.name} had a part in the saved anchor set or is a "
                "variant of one that had; add new models to the benchmark"
            )
        return left

    def _relatives_of_sources(self) -> set[str]:
        """Models with a part in the saved anchor set, or related to one that has."""
        if self.setting.roles is None:
            return set()
        groups = model_groups(self.setting.matrix)
        taken = self.setting.roles.index[self.setting.roles.isin(["select", "calibrate"])]
        return set(groups.index[groups.isin(groups[groups.index.isin(taken)])])
