"""One repeat of a comparison: targets held out, sources with their roles, and what is measured on them."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Self

import numpy as np
import pandas as pd

from anchoreval.anchors.document import plain_data
from anchoreval.arrays import BoolArray, Float64Array
from anchoreval.contract import choose
from anchoreval.errors import MethodError, NotApplicableError
from anchoreval.groups import model_groups
from anchoreval.methods import Estimator, Selection, Selector
from anchoreval.numerics.ranks import ROUNDING
from anchoreval.protocol.metrics import error_metrics
from anchoreval.protocol.roles import assign_roles, with_full_scores
from anchoreval.protocol.splits import split
from anchoreval.reconstruction import SELECT, IntervalWarning, Reconstruction, reconstruct_from
from anchoreval.registry import method_name
from anchoreval.responses import SCORE, ResponseMatrix


@dataclass(frozen=True, eq=False)
class Conditions:
    """What all repeats of a comparison share: interval level, shares of models, and the rule for missing answers."""

    level: float
    calibration: float
    test_share: float | None
    missing: str


@dataclass(frozen=True, eq=False)
class Reading:
    """What an estimator made of a selection in one trial.

    Attributes:
        reason: a remark that a reader of the figures must know; often empty.
        seconds: of the fit.
        figures: numbers of models and anchors, and those of `anchoreval.protocol.metrics.error_metrics`.
        errors: (targets,) estimate minus truth in score units; NaN where a target answered no anchor.
    """

    reason: str
    seconds: float
    figures: dict[str, float]
    errors: Float64Array


@dataclass(frozen=True, eq=False)
class Trial:
    """Models divided once, for every method that is tried on them.

    Attributes:
        sources: models with a full score that are no targets.
        roles: of the sources.
        groups: of the sources.
        target_groups: of the targets.
        targets: models whose full scores are to be reconstructed.
        truth: (targets,) their full scores.
        seed: of every method.
        level: of the intervals.
    """

    sources: ResponseMatrix
    roles: pd.Series[str]
    groups: pd.Series[str]
    target_groups: pd.Series[str]
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
        groups = model_groups(matrix)
        return cls(
            sources=sources,
            roles=assign_roles(sources, conditions.calibration, seed),
            groups=groups[sides.sources],
            target_groups=groups[sides.targets],
            targets=targets,
            truth=np.asarray(targets.full_scores, dtype=np.float64),
            seed=seed,
            level=conditions.level,
        )

    def select(self, selector: Selector, k: int) -> tuple[Selection, float]:
        """The anchors that a selector picks from the selecting models, and the seconds that it took.

        Raises:
            NotApplicableError, BudgetError: a need of the selector is not met, or k is too large.
            MethodError: the selector broke its contract, or tells something that is not plain data.
        """
        choosing = self.sources.subset(models=self.roles.index[self.roles == SELECT])
        started = perf_counter()
        chosen = choose(selector, choosing, k, self.seed)
        seconds = perf_counter() - started
        details = plain_data(chosen.details, f"selector {method_name(selector)}: details")
        return dataclasses.replace(chosen, details=details), seconds

    def read(self, selection: Selection, estimator: Estimator) -> Reading:
        """What an estimator makes of a selection.

        Raises:
            NotApplicableError: a need of the estimator is not met, or no target answered any anchor.
            MethodError: the estimator gives no score for a target that answered anchors.
        """
        started = perf_counter()
        fitted = reconstruct_from(self.sources, selection, self.roles, estimator, seed=self.seed, groups=self.groups)
        seconds = perf_counter() - started
        answers = answers_only(self.targets, selection.items)
        silent: BoolArray = np.asarray(np.isnan(answers.scores).all(axis=1), dtype=np.bool_)
        if silent.all():
            raise NotApplicableError(f"none of the {len(silent)} targets answered any anchor")
        estimates = self._predicted(fitted, answers, silent)
        errors = np.full(len(silent), np.nan)
        errors[~silent] = estimates[SCORE].to_numpy(dtype=np.float64) - self.truth[~silent]
        return Reading(
            reason="; ".join(self._remarks(fitted, int(silent.sum()))),
            seconds=seconds,
            figures={
                "n_source": self.sources.n_models,
                "n_target": int((~silent).sum()),
                "n_anchors": len(selection.items),
                **error_metrics(estimates[SCORE], self.truth[~silent], estimates["lower"], estimates["upper"]),
            },
            errors=errors,
        )

    def _predicted(self, fitted: Reconstruction, answers: ResponseMatrix, silent: BoolArray) -> pd.DataFrame:
        """Estimates and intervals of the targets that answered at least one anchor."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", IntervalWarning)  # the row says it
            estimates = fitted.predict(answers, level=self.level)[~silent]
        if (without := estimates.index[estimates[SCORE].isna()]).size:
            name = method_name(fitted.estimator)
            raise MethodError(
                f"estimator {name} gives no score for {without.size} of {len(estimates)} targets that answered "
                f"anchors, first {without[0]!r}"
            )
        return estimates

    def _remarks(self, fitted: Reconstruction, silent: int) -> Iterator[str]:
        """What a reader of the figures must know."""
        if silent:
            yield f"{silent} of {self.targets.n_models} targets answered no anchor"
        if len(fitted.residuals) and fitted.attainable_level < self.level - ROUNDING:
            yield (
                f"intervals are 0 to 1: {fitted.residuals['group'].nunique()} groups of calibration models allow "
                f"{fitted.attainable_level:.1%} at most"
            )


def answers_only(targets: ResponseMatrix, anchors: Iterable[str]) -> ResponseMatrix:
    """What may be known of targets: their answers on the anchors, without their full scores."""
    part = targets.part(anchors)
    truths = [column for column in part.models.columns if str(column).split("/")[0] == "full_score"]
    return dataclasses.replace(part, models=part.models.drop(columns=truths))
