"""What the leaderboard's page shows: plain results, given whole by whoever estimated them.

The page decides nothing: scores, intervals, places and the rule by which two models are told apart come from outside,
and the page's script applies that rule to the pair a reader chooses. Scores are in [0, 1].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from anchoreval.arrays import Float32Array
from anchoreval.errors import ResponseDataError
from anchoreval.power.report.pair_rule import PairRule
from anchoreval.reporting.page import PageFigure, PageSection

NEEDED = ("score", "lower", "upper", "rank", "rank_lower", "rank_upper", "answered", "extrapolating")
"""Columns that the table of models must have."""


@dataclass(frozen=True, eq=False)
class BoardPage:
    """What the leaderboard's page shows. Scores, interval ends and shares are in [0, 1], NaN unknown.

    Attributes:
        title: what the board is about.
        lead: what is estimated, in one or two sentences.
        updated: time of the last refresh (ISO 8601).
        verdict: `fresh`, `watch` or `re-select`; None where it was not judged.
        reasons: why, a sentence each.
        findings: what the estimates tell apart, a sentence each.
        warnings: caveats that were measured, each a sentence.
        level: of the intervals.
        models: index model; `score`, `lower`, `upper`, `rank`, `rank_lower` and `rank_upper` (best and worst place of
            the simultaneous rank set), `answered` (anchors), `extrapolating`; optional `family`, `truth`, `scored`
            (ISO date), `requests`, `tokens`, `seconds`.
        subjects: index model, a column a subject; None where scores are not split.
        failures: models that could not be scored, and why.
        pairs: how two models are judged against each other, whichever a reader chooses; None where that could not be
            learnt.
        anchors: index item; `weight`; optional `subject`, `task`, `doc_id`, `text`, `options` (a list of texts),
            `difficulty` (share of source models right), `discrimination`.
        answers: (models, anchors) scores in the order of `models`, NaN not answered; None where they are not shown.
        cost: `full_items`, `anchor_items`; optional `full_cost`, `anchor_cost` (per model) and their `cost_unit`.
        sections: further parts, such as the power report.
        figures: pictures.
        facts: how it was made: name and value, in order.
    """

    title: str
    lead: str
    updated: str
    verdict: str | None
    reasons: Sequence[str]
    warnings: Sequence[str]
    level: float
    models: pd.DataFrame
    subjects: pd.DataFrame | None
    failures: Mapping[str, str]
    pairs: PairRule | None
    anchors: pd.DataFrame
    answers: Float32Array | None
    cost: Mapping[str, float | str]
    sections: Sequence[PageSection] = ()
    figures: Sequence[PageFigure] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    findings: Sequence[str] = ()

    def check(self) -> None:
        """Refuse parts that do not belong together.

        Raises:
            ResponseDataError: a model or an item appears twice, a column is missing, or the answers are of another
                shape than models by anchors.
        """
        for name, index in (("model", self.models.index), ("item", self.anchors.index)):
            if not index.is_unique:
                raise ResponseDataError(f"the board's page: {name} {index[index.duplicated()][0]!r} appears twice")
        lacking = [name for name in NEEDED if name not in self.models] + [
            name for name in ("weight",) if name not in self.anchors
        ]
        if lacking:
            raise ResponseDataError(f"the board's page: column {lacking[0]!r} is missing")
        shape = (len(self.models), len(self.anchors))
        if self.answers is not None and np.shape(self.answers) != shape:
            raise ResponseDataError(
                f"the board's page: answers have the shape {np.shape(self.answers)}, not models by anchors {shape}"
            )
