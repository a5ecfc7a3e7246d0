"""What `job=sources` measures: errors on the same targets with fewer and with more source models.

In every repeat some groups of models are targets, and the others are put in random order: the first n of them choose
the anchors and fit the reconstruction, so that a larger n holds the smaller ones. No model sizes intervals, because
none are made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.contract import choose, fit, generator
from anchoreval.errors import AnchorEvalError
from anchoreval.methods import Estimator, Selector
from anchoreval.protocol.method_specs import Labelled
from anchoreval.protocol.roles import with_full_scores
from anchoreval.protocol.splits import split
from anchoreval.protocol.trial import answers_only
from anchoreval.protocol.workers import one_thread
from anchoreval.responses import SCORE, ResponseMatrix

COLUMNS = ("benchmark", "selector", "estimator", "split", "k", "repeat", "n", "n_target", "mae", "reason")


@dataclass(frozen=True, eq=False)
class SourceWork:
    """What is to be measured.

    Attributes:
        matrix: the benchmark.
        selectors: with labels.
        estimator: that reads all anchors.
        k: number of anchors.
        split: how targets are held out.
        test_share: share of the models that become targets; None: the usual one.
        sizes: numbers of source models.
        repeats: number of repeats.
        seed: everything random follows from it.
        missing: `allow` takes in models that miss more than 5 % of the weight.
    """

    matrix: ResponseMatrix
    selectors: Sequence[Labelled[Selector]]
    estimator: Labelled[Estimator]
    k: int
    split: str
    test_share: float | None
    sizes: Sequence[int]
    repeats: int
    seed: int
    missing: str

    def measure(self) -> pd.DataFrame:
        """A row per selector, repeat and number of sources that there are: `mae` in percentage points.

        Where a method cannot be used, `mae` is NaN and `reason` says why.

        Raises:
            NotApplicableError, TooFewModelsError: the models cannot be divided in this way.
        """
        with one_thread():
            rows = [row for repeat in range(self.repeats) for row in self._repeat(repeat)]
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def _repeat(self, repeat: int) -> Iterator[dict[str, Any]]:
        seed = int(generator(self.seed, "sources", repeat).integers(2**62))
        sides = split(self.matrix, self.split, seed, self.test_share, self.missing)
        known = self.matrix if self.missing == "refuse" else with_full_scores(self.matrix)
        targets = known.subset(models=sides.targets)
        others = generator(seed, "sources", "order").permutation(np.sort(sides.sources.to_numpy(dtype=str)))
        same = {"benchmark": self.matrix.name, "estimator": self.estimator.label, "split": self.split, "k": self.k}
        for size in (size for size in self.sizes if size <= len(others)):
            sources = known.subset(models=others[:size])
            for selector in self.selectors:
                found = self._error(selector.method, sources, targets, seed)
                yield {**same, "selector": selector.label, "repeat": repeat, "n": size, **found}

    def _error(self, selector: Selector, sources: ResponseMatrix, targets: ResponseMatrix, seed: int) -> dict[str, Any]:
        counted = {"n_target": targets.n_models}
        try:
            selection = choose(selector, sources, self.k, seed)
            fitted = fit(self.estimator.method, sources.part(selection.items), selection, seed)
            estimates = fitted.predict(answers_only(targets, selection.items))[SCORE].to_numpy(dtype=np.float64)
        except AnchorEvalError as error:
            return {**counted, "mae": float("nan"), "reason": str(error)}
        errors = np.abs(estimates - np.asarray(targets.full_scores, dtype=np.float64))
        return {**counted, "mae": float(errors.mean() * 100.0), "reason": ""}
