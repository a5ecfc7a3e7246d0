"""How the error of selectors depends on the number of independent source models: benchmarks thinned to a few groups.

Groups of models (`anchoreval.groups.model_groups`) are drawn at random: some as sources, all or some others as targets.
Every source chooses anchors and fits the estimator; there are no calibration models, for no interval is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.contract import choose, fit, generator
from anchoreval.groups import model_groups
from anchoreval.protocol.trial import answers_only
from anchoreval.registry import make_estimator, make_selector
from anchoreval.responses import SCORE, ResponseMatrix

MOST_TARGETS = 100
"""Groups of targets at most: more cost time and hardly steady an error."""


@dataclass(frozen=True)
class Thinning:
    """What is tried at every number of source groups.

    Attributes:
        selectors: label, and name with options.
        estimators: likewise.
        k: number of anchors.
        repeats: random draws of the groups.
    """

    selectors: Mapping[str, Mapping[str, Any]]
    estimators: Mapping[str, Mapping[str, Any]]
    k: int
    repeats: int

    def errors(self, matrix: ResponseMatrix, n_groups: Sequence[int]) -> pd.DataFrame:
        """A row per number of source groups, repeat, selector and estimator: mean absolute error in points (`mae`).

        Numbers that leave no 20 groups as targets are left out.
        """
        known = matrix.subset(models=matrix.models.index[matrix.full_scores.notna()])
        groups = model_groups(known)
        possible = [count for count in n_groups if count + 20 <= groups.nunique()]
        return pd.DataFrame(
            [
                {"benchmark": matrix.name, "groups": count, "repeat": repeat, "k": self.k, **row}
                for count in possible
                for repeat in range(self.repeats)
                for row in self._rows(*thinned(known, groups, count, repeat), repeat)
            ]
        )

    def _rows(self, sources: ResponseMatrix, targets: ResponseMatrix, seed: int) -> list[dict[str, Any]]:
        rows = []
        for label, spec in self.selectors.items():
            selection = choose(make_selector(**_arguments(spec)), sources, self.k, seed)
            answers, truth = answers_only(targets, selection.items), targets.full_scores
            for reading, estimator in self.estimators.items():
                fitted = fit(make_estimator(**_arguments(estimator)), sources, selection, seed)
                error = 100 * float((fitted.predict(answers)[SCORE] - truth).abs().mean())
                rows.append({"selector": label, "estimator": reading, "mae": error})
        return rows


def thinned(
    matrix: ResponseMatrix, groups: pd.Series[str], count: int, repeat: int
) -> tuple[ResponseMatrix, ResponseMatrix]:
    """Sources of so many groups and targets of up to `MOST_TARGETS` others, drawn at random."""
    labels = generator(repeat, "thinned", count).permutation(np.unique(groups.to_numpy(dtype=str)))
    drawn = (labels[:count], labels[count : count + MOST_TARGETS])
    sources, targets = (matrix.subset(models=groups.index[groups.isin(side)]) for side in drawn)
    return sources, targets


def _arguments(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"method" if key == "name" else key: value for key, value in spec.items()}
