"""BenTo: whole subjects that stand for all others, chosen by facility location (arXiv 2410.13804).

k counts subjects; all items of a chosen subject are anchors. Subjects are alike where exemplars of them help a model
alike on every other subject (`transfer`, a table that `job=transfer` measures), or, at no cost, where source models
score on them alike (default; ours). Subjects are taken one by one, each the one that adds most to the sum over subjects
of the similarity to the nearest chosen one, so the list for a smaller k begins that for a larger one. It assumes that
the nearest chosen subject answers for each. It fails where subjects differ in difficulty more than in anything
else, where exemplars change few answers, and wherever few items of every subject would do: k subjects hold many items
that tell the same, and as many items drawn at random are hard to beat. Form `le` depends strongly on `eigenvectors`.

The paper reports the best k, judged on the models that it is reported for. Here k is given, and `details` say how many
random sets of k subjects have at most the same NRMSE on the source models. With the score-matrix variant these models
have chosen the subjects, so the share is flattered: above a few per cent it says that the choice is no better than
chance, below it says little about new models.

In our trials (pocket, mmlu_pro_cot, livebench and pythia_tasks, held-out models) no list read by size weights could be
told from random orders of the tasks, or only as worse, and as many items drawn at random had the smaller error at
every k. Form `sim` takes odd subjects early, and size weights count them like any other: on pythia_tasks its error is
three times that of random orders; weights="cluster" or the estimator `subject_ridge` bring it below a tenth of that.

Costs less than a second. Measuring transferability takes subjects x subjects x draws x items questions of one model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from anchor_selectors.subject_table import SubjectTable
from anchoreval.arrays import Float64Array, IntArray
from anchoreval.errors import BudgetError, MethodOptionError, NotApplicableError
from anchoreval.methods import Selection
from anchoreval.numerics.facility_location import GreedyChoice, cluster_weights, lazy_greedy
from anchoreval.numerics.task_similarity import FORMS, METRICS, NORMALISATIONS, TaskSimilarity, task_kernel
from anchoreval.numerics.task_subsets import against_random
from anchoreval.responses import ResponseMatrix
from anchoreval.transfer_table import read_transfer_table

WEIGHTS = ("size", "cluster", "none")


@dataclass
class Bento:
    """Greedy facility location over subjects; ties go to the name that comes first.

    Attributes:
        transfer: path of a table of in-context transferability (see `anchoreval.transfer_table`); it may hold more
            subjects than the benchmark. None: signatures are the source models' scores on the subjects.
        form: `sim`, similarities c max(D) - D of the signatures' distances D; or `le`, cosines of Laplacian eigenmaps
            of these.
        eigenvectors: of form `le`, fewer than subjects; None: a quarter of the subjects, at most 10.
        c: at least 1; without effect on form `sim`.
        metric: `euclidean`, `cosine` or `chebyshev`.
        normalise: of the signatures' columns: `mean` is taken off, or `standard`, divided by the deviation as well.
        residual: take each model's and each subject's mean off the scores, so that subjects are alike where the same
            models do better on them than elsewhere; only without `transfer`.
        weights: `size`: items weigh as in the benchmark (the paper's estimate); `cluster`: a subject weighs as much
            as the subjects nearest to it; `none`.
    """

    transfer: str | None = None
    form: str = "sim"
    eigenvectors: int | None = None
    c: float = 1.5
    metric: str = "euclidean"
    normalise: str = "mean"
    residual: bool = False
    weights: str = "size"
    unit: ClassVar[str] = "subject"
    needs: ClassVar[frozenset[str]] = frozenset({"subjects", "complete"})
    reconstruction: ClassVar[dict[str, Any]] = {"name": "weighted"}

    def __post_init__(self) -> None:
        for option, choices in _CHOICES.items():
            if (value := getattr(self, option)) not in choices:
                raise MethodOptionError(f"selector bento: {option} = {value!r} is not one of {', '.join(choices)}")
        if isinstance(self.c, bool) or not 1 <= self.c < np.inf:
            raise MethodOptionError(f"selector bento: c = {self.c} is not a number of at least 1")
        whole = isinstance(self.eigenvectors, int) and not isinstance(self.eigenvectors, bool)
        if self.eigenvectors is not None and not (whole and self.eigenvectors >= 1):
            raise MethodOptionError(f"selector bento: eigenvectors = {self.eigenvectors!r} is not a number of them")
        if self.transfer is not None and self.residual:
            raise MethodOptionError("selector bento: residual = True is for source scores; transfer = has none")

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        """Take k subjects one by one; `details` hold them in the order of choice, and how random ones do.

        Raises:
            BudgetError: fewer than k subjects have items.
            MethodOptionError: as many eigenvectors as subjects.
            NotApplicableError: `transfer` lacks a subject of the benchmark.
            ResponseDataError: `transfer` is not a square table of numbers.
        """
        table = SubjectTable.of(sources)
        if k > len(table.names):
            raise BudgetError(f"selector bento: k = {k}, benchmark {sources.name} has {len(table.names)} subjects")
        similarity = self._similarity(table, sources.name)
        choice = lazy_greedy(similarity, np.ones(len(table.names)), k)
        items = np.flatnonzero(np.isin(table.of_item, choice.items))
        return Selection(
            items=sources.items.index[items],
            weights=self._weights(table, similarity, choice.items, items),
            details=self._details(table, choice, sources, rng),
        )

    def _similarity(self, table: SubjectTable, benchmark: str) -> TaskSimilarity:
        signatures = self._signatures(table, benchmark)
        try:
            kernel = task_kernel(
                signatures,
                form=self.form,
                metric=self.metric,
                normalise=self.normalise,
                c=self.c,
                eigenvectors=self.eigenvectors,
            )
        except MethodOptionError as error:
            raise MethodOptionError(f"selector bento: {error}; benchmark {benchmark}") from error
        return TaskSimilarity.of_kernel(kernel)

    def _signatures(self, table: SubjectTable, benchmark: str) -> Float64Array:
        """(subjects, columns) one row a subject."""
        if self.transfer is None:
            return table.interactions() if self.residual else table.scores.T
        transfer = read_transfer_table(self.transfer)
        return _of_subjects(transfer, table.names, f"{self.transfer}", benchmark)

    def _weights(
        self, table: SubjectTable, similarity: TaskSimilarity, chosen: IntArray, items: IntArray
    ) -> Float64Array | None:
        """(items,) weight of each anchor."""
        if self.weights == "none":
            return None
        mass = table.sizes[chosen] if self.weights == "size" else cluster_weights(similarity, chosen, table.sizes)
        by_subject = np.zeros(len(table.names))
        by_subject[chosen] = mass if mass.sum() > 0 else 1.0
        return np.asarray(by_subject[table.of_item[items]] * table.within[items], dtype=np.float64)

    def _details(
        self, table: SubjectTable, choice: GreedyChoice, sources: ResponseMatrix, rng: np.random.Generator
    ) -> dict[str, Any]:
        truth = np.asarray(sources.full_scores, dtype=np.float64)
        known = ~np.isnan(truth)
        details: dict[str, Any] = {
            "order": [table.names[place] for place in choice.items],
            "gains": choice.gains.tolist(),
            "nrmse": None,
            "random_as_good": None,
        }
        if not truth[known].any():  # nobody scores anything: there is no relative error
            return details
        judged = against_random(table.scores[known], table.sizes, truth[known], choice.items, rng)
        return details | {
            "nrmse": judged.nrmse,
            "random_as_good": judged.share,
            "random_subsets": judged.subsets,
            "random_subsets_are_all": judged.exact,
        }


_CHOICES = {"form": FORMS, "metric": METRICS, "normalise": NORMALISATIONS, "weights": WEIGHTS}


def _of_subjects(transfer: pd.DataFrame, names: tuple[str, ...], path: str, benchmark: str) -> Float64Array:
    """(subjects, subjects) the table for the benchmark's subjects, in their order."""
    if lacking := [name for name in names if name not in transfer.index]:
        raise NotApplicableError(f"selector bento: {path} has no subject {lacking[0]!r} of benchmark {benchmark}")
    return transfer.loc[list(names), list(names)].to_numpy(dtype=np.float64)
