"""The greedy design for the scores of all subjects at once, such as the benchmarks of a stacked suite (ours).

The selector `optimal` picks the items after which one score is least uncertain, on a stacked suite the mean over its
benchmarks. Where every benchmark's score is wanted this is the wrong aim, for errors that cancel in the mean count for
nothing. This one takes next what reduces the summed posterior variance of all subjects' scores most
(`anchoreval.numerics.several_sums`). Nobody says how many anchors a benchmark gets: the more uncertain its score, the
less its items repeat each other and the more they tell of other benchmarks, the more of the budget it draws.

Everything else is as in `optimal`: covariance shrunk by cross-validation over whole groups of models and pooled over
equally hard items, here of the same subject; the score of a subject of which only a part is there is what that part
predicts of it. Costs about as much as `optimal` on the stacked matrix.

Measured in `results/published/joint_suites.md`, at equal total budget and as ratio to the errors of `optimal` in each
benchmark by itself with half of it: the design moves budget, and with it error, to where models differ most. ifeval
(standard deviation of scores 20 points) takes three to six times as many anchors as musr (4 points), 0.75 to 0.80
against 1.22 to 1.36; truthfulqa against winogrande 0.90 to 0.93 and 1.07 to 1.14. The mean of both errors is 0.89 on
the first pair with 40 anchors, which is resolved, and 0.94 to 1.01 elsewhere, which is not; the grand mean's error 0.87
there and 0.93 to 1.00. With `relative` it is the other way round: musr 0.87 to 0.96, ifeval up to 1.27.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from anchoreval.arrays import Float64Array, FloatArray, IntArray
from anchoreval.errors import MethodOptionError
from anchoreval.methods import Selection, Selector
from anchoreval.numerics.design_tuning import Setting
from anchoreval.numerics.score_weights import score_weights
from anchoreval.numerics.several_sums import greedy_design_of_sums
from anchoreval.numerics.several_sums_tuning import (
    left_out_errors_of_sums,
    moments_by_part_and_difficulty,
    sums_of_parts,
)
from anchoreval.registry import method_options
from anchoreval.responses import ResponseMatrix
from anchoreval.tables import base_model_codes

SHRINKAGES = (0.9, 0.6, 0.3, 0.1, 0.03)
"""Tried by cross-validation, as by `optimal`; of equal errors the strongest is taken."""
FEWEST_GROUPS, FIXED = 10, 0.3
"""With fewer groups of source models cross-validation is guesswork, and shrinkage is `FIXED`, as for `optimal`."""
DRAWS_A_STRATUM, MOST_STRATA = 5, 50
"""As many bands of difficulty in a subject as would give five anchors to each, but no more than this."""

NO_SPREAD = 1e-9
"""Models whose scores differ by less are equal but for rounding."""


@dataclass
class SubjectDesign:
    """Greedy choice of the k items that leave the least summed posterior variance of all subjects' scores.

    Attributes:
        prior_groups: how many groups of source models the belief is worth that equally hard items are alike.
        pooling: the share of that belief itself, from 0 to 1; None: from `prior_groups`.
        noise: variance of an answer that no other item shares, in units of the mean item variance.
        shrinkage: of the empirical covariance to its diagonal, from 0 to 1; None: by cross-validation.
        swaps: passes over the anchors afterwards, in which each is replaced where another item does better instead.
        relative: count each subject's variance in units of what it is over the source models, so that a subject in
            which models hardly differ is to be known as well, for its spread, as one in which they differ much.
    """

    prior_groups: float = 10.0
    pooling: float | None = None
    noise: float = 0.03
    shrinkage: float | None = None
    swaps: int = 0
    relative: bool = False
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset({"complete", "subjects"})

    @classmethod
    def like(cls, optimal: Selector, *, relative: bool = False) -> SubjectDesign:
        """With the options of a selector `optimal`.

        Raises:
            MethodOptionError: it is aware of costs, which this design is not.
        """
        options = method_options(optimal)
        if options.pop("cost_aware", False):
            raise MethodOptionError("cost_aware is an option of one benchmark's design, not of a joint one's scores")
        return cls(**options, relative=relative)

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        """Take k items one by one."""
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        order = rng.permutation(sources.n_items)  # of equal items the first is taken: not always the lower id
        names, subjects = np.unique(sources.items["subject"].to_numpy(dtype=str), return_inverse=True)
        groups = base_model_codes(sources.models)
        scores, parts, sums = (
            sources.scores[:, order],
            subjects[order],
            _aims(sources, names, subjects, groups)[:, order],
        )
        if self.relative:
            spread = (scores.astype(np.float64) @ sums.T).std(axis=0)
            sums = sums / np.where(spread > NO_SPREAD, spread, 1.0)[:, None]
        with threadpool_limits(1):  # thousands of thin products: threads that wait for each other cost more
            setting, errors = self._setting(scores, sums, parts, groups, k, rng)
            moments = moments_by_part_and_difficulty(scores, parts, _n_strata(k, len(names)))
            design = greedy_design_of_sums(setting.of(moments), sums, k, swaps=self.swaps)
        details = {
            **vars(setting),
            "groups": len(np.unique(groups)),
            "held_out_rmse": errors,
            "summed_posterior_variance": design.variances.tolist(),
            "swapped": design.swapped,
        }
        return Selection(items=sources.items.index[order[design.items]], details=details)

    def _setting(
        self,
        scores: FloatArray,
        sums: Float64Array,
        parts: IntArray,
        groups: IntArray,
        k: int,
        rng: np.random.Generator,
    ) -> tuple[Setting, dict[str, Any]]:
        """What the options say, or cross-validation prefers; and the held-out error of each shrinkage tried."""
        count = len(np.unique(groups))
        pooling = self.prior_groups / (self.prior_groups + count) if self.pooling is None else self.pooling
        tried = SHRINKAGES if self.shrinkage is None else (self.shrinkage,)
        if self.shrinkage is None and (count < FEWEST_GROUPS or k == len(parts) or pooling == 1):
            tried = (FIXED,)
        settings = [Setting(float(shrinkage), float(self.noise), float(pooling)) for shrinkage in tried]
        if len(settings) == 1:
            return settings[0], {}
        n_strata = _n_strata(k, len(sums))
        errors = left_out_errors_of_sums(scores, sums, parts, groups, k, settings, rng, n_strata)
        by_shrinkage = dict(zip(map(str, tried), np.sqrt(errors).tolist(), strict=True))
        return settings[int(np.argmin(errors))], by_shrinkage


def _aims(sources: ResponseMatrix, names: npt.NDArray[np.str_], subjects: IntArray, groups: IntArray) -> Float64Array:
    """(subjects, items) sums to be known: a subject's score, or of a part of it what its items predict of the score."""
    sums = sums_of_parts(sources.weights, subjects)
    totals = sources.totals()
    for row, name in enumerate(names):
        if sources.coverage.get(name, 1.0) < 1.0:
            inside, truth = subjects == row, np.asarray(totals[name], dtype=np.float64)
            sums[row, inside] = score_weights(sources.scores[:, inside], truth, groups)[0]
    return sums


def _n_strata(k: int, n_parts: int) -> int:
    return max(1, min(k // (DRAWS_A_STRATUM * n_parts), MOST_STRATA))
