"""The error of a selector with an estimator inside the models that choose anchors, for tuning.

Options that are tuned on the models that size the errors make those errors too small, as anchors do that were chosen on
them. So tuning looks only at models that may choose anchors: they are divided, anchors are chosen and the estimator is
fitted on one part, and the error is measured on the other. Calibration models and targets have no part in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from anchoreval.contract import choose, fit
from anchoreval.errors import MethodOptionError
from anchoreval.groups import model_groups
from anchoreval.methods import Estimator, Selector
from anchoreval.protocol.splits import Split, split
from anchoreval.responses import SCORE, ResponseMatrix


@dataclass(frozen=True, eq=False)
class SourceError:
    """What the divisions of the source models showed.

    Attributes:
        errors: (held-out models,) mean absolute error of each in [0, 1], by model.
        groups: (held-out models,) label of each one's group of variants.
        divisions: how often the models were divided.
    """

    errors: pd.Series[float]
    groups: pd.Series[str]
    divisions: int

    @property
    def mean(self) -> float:
        """Mean over the groups, so that a model with many variants counts once."""
        return float(self._by_group.mean())

    @property
    def standard_error(self) -> float:
        """Of the mean; NaN with a single group."""
        return float(self._by_group.std() / np.sqrt(len(self._by_group)))

    @property
    def _by_group(self) -> pd.Series[float]:
        return self.errors.groupby(self.groups).mean()


def source_error(
    sources: ResponseMatrix,
    selector: Selector,
    estimator: Estimator,
    k: int,
    *,
    seed: int = 0,
    divisions: int = 4,
    resemble: str = "iid",
) -> SourceError:
    """Choose, fit and measure in every division of the sources.

    Args:
        sources: the models that choose anchors, with full scores, and nobody else.
        selector: the method.
        estimator: reads the anchors.
        k: number of anchors (of subjects, where the selector's unit is the subject).
        seed: of the divisions and of both methods.
        divisions: number of divisions; each holds out a share of its own drawing.
        resemble: how the held-out models differ from the others (`anchoreval.protocol.splits`).

    Raises:
        MethodOptionError: there is no division, or no such kind.
        TooFewModelsError: the sources cannot be divided.
        NotApplicableError: a need of a method is not met, or the sources lack dates or families.
    """
    if divisions < 1:
        raise MethodOptionError(f"tune.divisions = {divisions} is less than 1")
    found = [
        _errors(sources, split(sources, resemble, seed + number), selector, estimator, k, seed)
        for number in range(divisions)
    ]
    errors = pd.concat(found).groupby(level=0).mean().rename("error")
    return SourceError(errors, model_groups(sources)[errors.index].astype(str), divisions)


def _errors(
    sources: ResponseMatrix, sides: Split, selector: Selector, estimator: Estimator, k: int, seed: int
) -> pd.Series[float]:
    """(held-out models,) absolute errors; a model without an estimate counts with 1, the worst there is."""
    teachers, held = sources.subset(models=sides.sources), sources.subset(models=sides.targets)
    selection = choose(selector, teachers, k, seed)
    known = teachers if estimator.whole_matrix else teachers.part(selection.items)
    estimates = fit(estimator, known, selection, seed).predict(held.part(selection.items))[SCORE]
    return (estimates - held.full_scores).abs().fillna(1.0)
