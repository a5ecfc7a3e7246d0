"""One repeat of a comparison: targets held out, sources with their roles, and what is measured on them."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Self

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.contract import choose
from anchoreval.groups import model_groups
from anchoreval.methods import Estimator, Selection, Selector
from anchoreval.numerics.ranks import ROUNDING
from anchoreval.protocol.metrics import error_metrics
from anchoreval.protocol.roles import assign_roles, with_full_scores
from anchoreval.protocol.splits import split
from anchoreval.reconstruction import SELECT, IntervalWarning, Reconstruction, reconstruct_from
from anchoreval.responses import SCORE, ResponseMatrix


@dataclass(frozen=True, eq=False)
class Conditions:
    """What all repeats of a comparison share: interval level, shares of models, and the rule for missing answers."""

    level: float
    calibration: float
    test_share: float | None
    missing: str


@dataclass(frozen=True, eq=False)
class Trial:
    """Models divided once, for every method that is tried on them.

    Attributes:
        sources: models with a full score that are no targets.
        roles: of the sources.
        groups: of the sources.
        targets: models whose full scores are to be reconstructed.
        truth: (targets,) their full scores.
        seed: of every method.
        level: of the intervals.
    """

    sources: ResponseMatrix
    roles: pd.Series[str]
    groups: pd.Series[str]
    targets: ResponseMatrix
    truth: Float64Array
    seed: int
    level: float

    @classmethod
    def divide(cls, matrix: ResponseMatrix, kind: str, seed: int, conditions: Conditions) -> Self:
        """Split the models and give the sources their roles.

        Raises:
            NotApplicableError, TooFewModelsError: this kind of split cannot be made of these models.
        """
        sides = split(matrix, kind, seed, conditions.test_share, conditions.missing)
        known = matrix if conditions.missing == "refuse" else with_full_scores(matrix)
        sources, targets = known.subset(models=sides.sources), known.subset(models=sides.targets)
        return cls(
            sources=sources,
            roles=assign_roles(sources, conditions.calibration, seed),
            groups=model_groups(matrix)[sides.sources],
            targets=targets,
            truth=np.asarray(targets.full_scores, dtype=np.float64),
            seed=seed,
            level=conditions.level,
        )

    def select(self, selector: Selector, k: int) -> tuple[Selection, float]:
        """The anchors that a selector picks from the selecting models, and the seconds that it took."""
        choosing = self.sources.subset(models=self.roles.index[self.roles == SELECT])
        started = perf_counter()
        return choose(selector, choosing, k, self.seed), perf_counter() - started

    def figures(self, selection: Selection, estimator: Estimator) -> dict[str, Any]:
        """Every figure of a row: errors on the targets, numbers of models and anchors, seconds of the fit."""
        started = perf_counter()
        fitted = reconstruct_from(self.sources, selection, self.roles, estimator, seed=self.seed, groups=self.groups)
        seconds = perf_counter() - started
        estimates = self._predicted(fitted)
        silent = int(estimates[SCORE].isna().sum())
        return {
            "reason": "; ".join(self._remarks(fitted, silent)),
            "n_source": self.sources.n_models,
            "n_target": self.targets.n_models - silent,
            "n_anchors": len(selection.items),
            **error_metrics(estimates[SCORE], self.truth, estimates["lower"], estimates["upper"]),
            "fit_seconds": seconds,
        }

    def _remarks(self, fitted: Reconstruction, silent: int) -> Iterator[str]:
        """What a reader of the figures must know."""
        if silent:
            yield f"{silent} of {self.targets.n_models} targets answered no anchor"
        if len(fitted.residuals) and fitted.attainable_level < self.level - ROUNDING:
            yield (
                f"intervals are 0 to 1: {fitted.residuals['group'].nunique()} groups of calibration models allow "
                f"{fitted.attainable_level:.1%} at most"
            )

    def _predicted(self, fitted: Reconstruction) -> pd.DataFrame:
        """Estimates and intervals from the targets' answers on the anchors, and nothing else of them."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", IntervalWarning)  # the row says it
            return fitted.predict(answers_only(self.targets, fitted.anchors), level=self.level)


def answers_only(targets: ResponseMatrix, anchors: Iterable[str]) -> ResponseMatrix:
    """What may be known of targets: their answers on the anchors, without their full scores."""
    part = targets.part(anchors)
    truths = [column for column in part.models.columns if str(column).split("/")[0] == "full_score"]
    return dataclasses.replace(part, models=part.models.drop(columns=truths))
