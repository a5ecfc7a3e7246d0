"""Standings: the models of a leaderboard in order, with intervals, rank sets, and what sets any two of them apart.

All of it follows from the anchor set's folder and the models' answers on the anchors; the benchmark itself is not
needed. The models that size the errors are the anchor set's own calibration models.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.anchors import AnchorSet
from anchoreval.errors import TooFewModelsError
from anchoreval.leaderboard.entries import Entry
from anchoreval.power.law.difference_intervals import difference_half_width
from anchoreval.power.law.difference_law import DifferenceLaw
from anchoreval.power.law.pair_test import PairTest
from anchoreval.power.report.pair_rule import PairRule
from anchoreval.power.report.power_report import target_models
from anchoreval.power.report.target_models import TargetModels
from anchoreval.reconstruction import IntervalWarning, Reconstruction
from anchoreval.responses import ResponseMatrix
from anchoreval.staleness import Staleness, judge_staleness

COLUMNS = ("rank", "rank_lower", "rank_upper", "score", "lower", "upper", "answered", "extrapolating")
"""Of the table, before `family` and `full_score` where known, and the subjects."""


@dataclass(frozen=True, eq=False)
class Standings:
    """A leaderboard's models against each other; scores in [0, 1].

    Attributes:
        table: index model, the best first: `COLUMNS`, then `family` and `full_score` where any is known.
        subjects: the same models, a column a subject; no columns where the benchmark has none.
        answers: of the same models on the anchors.
        level: of the intervals.
        expected_error: mean absolute error of such estimates; None: not known.
        targets: every pair and the rank sets; None with too few calibration models, or no estimate.
        rule: what sets two models apart; None like `targets`.
        smallest: gap between two models that is found with the wanted power; NaN: none that was seen.
        power: the wanted power.
        staleness: whether the anchors still fit these models; None with too few models.
        caveats: what a reader must know.
    """

    table: pd.DataFrame
    subjects: pd.DataFrame
    answers: ResponseMatrix
    level: float
    expected_error: float | None
    targets: TargetModels | None
    rule: PairRule | None
    smallest: float
    power: float
    staleness: Staleness | None
    caveats: Sequence[str] = field(default_factory=tuple)

    @property
    def written(self) -> pd.DataFrame:
        """The table with the subjects beside it; a subject that is called like a column is marked as one."""
        taken = {name: f"{name} (subject)" for name in self.table.columns}
        return pd.concat([self.table, self.subjects.rename(columns=taken)], axis=1).rename_axis("model")


def rank_models(
    anchors: AnchorSet,
    answers: ResponseMatrix,
    entries: Sequence[Entry],
    *,
    level: float = 0.95,
    alpha: float = 0.05,
    power: float = 0.8,
    seed: int = 0,
) -> Standings:
    """Reconstruct, rank, and check that the anchors still fit.

    Args:
        anchors: with source models.
        answers: of the models on the anchors.
        entries: the list, for what is known of each model.
        level: of the intervals of scores, and of single differences in `Standings.rule`.
        alpha: of all pairs together, and of all rank sets together.
        power: with which a gap counts as found.
        seed: of the draws behind rank sets.

    Raises:
        AnchorSetError: the anchors hold no source models.
    """
    made, caveats = _reconstruction(anchors)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IntervalWarning)
        predicted = made.predict(answers, level=level)
    law = _law(made)
    targets, rule, smallest = None, None, float("nan")
    if isinstance(law, str):
        caveats.append(law)
    elif predicted["score"].notna().any() and anchors.sources is not None:
        half_width = difference_half_width(made.residuals, 1.0 - alpha, seed=seed)
        targets = target_models(anchors.sources, made, law, answers, half_width, alpha, seed)
        families, width = answers.models.get("family"), difference_half_width(made.residuals, level, seed=seed)
        rule = PairRule.learn(law, predicted["score"], families, width, alpha)
        smallest = PairTest(law, alpha).smallest(power)
    table = _table(predicted, answers, targets, entries)
    controls = table["full_score"].dropna() if "full_score" in table else None
    return Standings(
        table=table,
        subjects=predicted.drop(columns=[c for c in _OWN if c in predicted]).reindex(table.index),
        answers=answers.subset(models=table.index),
        level=level,
        expected_error=made.expected_error,
        targets=targets,
        rule=rule,
        smallest=smallest,
        power=power,
        staleness=_staleness(anchors, made, answers, controls, alpha, caveats),
        caveats=tuple(caveats),
    )


_OWN = ("score", "lower", "upper", "standard_error", "extrapolating")


def _reconstruction(anchors: AnchorSet) -> tuple[Reconstruction, list[str]]:
    """The anchors' own reconstruction, and why its intervals are lacking where they are."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", IntervalWarning)
        made = anchors.reconstruction()
    return made, [str(told.message) for told in caught if issubclass(told.category, IntervalWarning)]


def _law(made: Reconstruction) -> DifferenceLaw | str:
    try:
        if made.residuals.empty:
            raise TooFewModelsError("no models size the errors")
        return DifferenceLaw.learn(made.residuals)
    except TooFewModelsError as error:
        return f"Models are ranked by their estimates alone: {error}."


def _staleness(
    anchors: AnchorSet,
    made: Reconstruction,
    answers: ResponseMatrix,
    controls: pd.Series[Any] | None,
    alpha: float,
    caveats: list[str],
) -> Staleness | None:
    """The verdict; None with the reason among the caveats where there are too few models for one."""
    try:
        return judge_staleness(anchors, made, answers, controls, alpha)
    except TooFewModelsError as error:
        caveats.append(f"Whether the anchors are still fit was not judged: {error}.")
        return None


def _table(
    predicted: pd.DataFrame, answers: ResponseMatrix, targets: TargetModels | None, entries: Sequence[Entry]
) -> pd.DataFrame:
    scores = predicted["score"]
    table = predicted[["score", "lower", "upper", "extrapolating"]].assign(
        answered=(~np.isnan(answers.scores)).sum(axis=1),
        rank=scores.rank(ascending=False, method="min"),
        rank_lower=1.0,
        rank_upper=float(scores.notna().sum()),
    )
    if targets is not None:
        places = targets.places.reindex(table.index)
        table[["rank", "rank_lower", "rank_upper"]] = places[["rank", "lower", "upper"]].to_numpy()
    table = table[list(COLUMNS)].astype(dict.fromkeys(("rank", "rank_lower", "rank_upper"), "Int64"))
    for column, values in _known(entries).items():
        table[column] = values.reindex(table.index)
    named = table.iloc[np.argsort(table.index.to_numpy(dtype=str), kind="stable")]
    return named.sort_values("score", ascending=False, kind="stable", na_position="last").rename_axis("model")


def _known(entries: Sequence[Entry]) -> dict[str, pd.Series[Any]]:
    """Family and full score by model, where any is known."""
    found: dict[str, pd.Series[Any]] = {}
    for column, kind in (("family", object), ("full_score", np.float64)):
        values = {entry.name: getattr(entry, column) for entry in entries}
        if any(value is not None for value in values.values()):
            found[column] = pd.Series(values, dtype=kind)
    return found
