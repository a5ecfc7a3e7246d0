"""What can be said of scored models against each other: every pair, and the places each may hold.

The errors that decide an order are those about the line that estimates follow true scores along: what all estimates
share, shrinkage included, cannot turn two models round. Their size by score comes from the law of differences, how they
go together from a variogram over calibration models (`anchoreval.power.ranks.residual_covariance`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.numerics.conformal import group_weights
from anchoreval.power.law.difference_law import DifferenceLaw
from anchoreval.power.law.order_probability import OrderProbability
from anchoreval.power.ranks.rank_sets import RankSets, rank_sets
from anchoreval.power.ranks.residual_covariance import ResidualVariogram, signature_agreement
from anchoreval.power.report.pair_table import NullSpread, kinship, pair_table

DRAWS = 10_000
MOST_MARGINAL = 400
"""Models above which no rank sets of single models are computed: the simultaneous ones stand in, which hold too."""


@dataclass(frozen=True, eq=False)
class TargetModels:
    """Scored models against each other. Made by `judge`.

    Attributes:
        estimates: by model, the best first.
        pairs: see `anchoreval.power.report.pair_table`.
        ranks: simultaneous rank sets.
        marginal: rank sets of each model by itself; of more than `MOST_MARGINAL` models, the simultaneous ones.
        note: what could not be learnt of how errors go together; empty where all was.
    """

    estimates: pd.Series[Any]
    pairs: pd.DataFrame
    ranks: RankSets
    marginal: RankSets
    note: str

    @property
    def places(self) -> pd.DataFrame:
        """Index model; `estimate`, `rank`, `lower`, `upper`, and the marginal ends."""
        own = self.marginal.table()
        return self.ranks.table().assign(marginal_lower=own["lower"], marginal_upper=own["upper"])

    @classmethod
    def judge(
        cls,
        law: DifferenceLaw,
        residuals: pd.DataFrame,
        answers: Float64Array,
        estimates: pd.Series[Any],
        target_answers: Float64Array,
        families: pd.Series[Any] | None,
        half_width: float,
        alpha: float = 0.05,
        seed: int = 0,
    ) -> Self:
        """Compare target models.

        Args:
            law: of differences, learnt from the same calibration models.
            residuals: of the calibration models: `estimate`, `truth`, `group`, `family`.
            answers: (calibration models, anchors) what they answered.
            estimates: by target, in [0, 1].
            target_answers: (targets, anchors), in the same order.
            families: by target; None where they are not known.
            half_width: of the interval of a difference, in score units.
            alpha: of all pairs, and of all ranks, together.
            seed: of the draws behind the rank sets.
        """
        order = estimates.dropna().sort_values(ascending=False, kind="stable")
        chosen = target_answers[estimates.index.get_indexer(order.index)]
        sizes = NullSpread.of(law)
        variogram = _variogram(law, sizes, residuals, answers)
        scale = sizes.own(law.level_of(order.to_numpy(dtype=np.float64)))
        covariance = variogram.covariance(signature_agreement(chosen), scale, kinship(families, order.index))
        wanted: dict[str, Any] = {
            "level": 1.0 - alpha,
            "draws": DRAWS,
            "seed": seed,
            "degrees_of_freedom": variogram.degrees_of_freedom,
            "models": list(order.index),
        }
        values = order.to_numpy(dtype=np.float64)
        ranks = rank_sets(values, covariance.matrix, **wanted)
        few = len(order) <= MOST_MARGINAL
        return cls(
            estimates=order,
            pairs=pair_table(law, OrderProbability.learn(law), order, families, half_width, alpha, sizes),
            ranks=ranks,
            marginal=rank_sets(values, covariance.matrix, simultaneous=False, **wanted) if few else ranks,
            note=variogram.note or "",
        )


def _variogram(
    law: DifferenceLaw, sizes: NullSpread, residuals: pd.DataFrame, answers: Float64Array
) -> ResidualVariogram:
    """Of the errors about the line of estimates on true scores."""
    truth, estimate = (residuals[name].to_numpy(dtype=np.float64) for name in ("truth", "estimate"))
    groups = residuals["group"].to_numpy(dtype=str)
    about = estimate - law.slope * truth
    about = about - group_weights(groups) @ about
    family = residuals.get("family")
    return ResidualVariogram.fit(
        about,
        signature_agreement(answers),
        scale=sizes.own(truth),
        same_family=kinship(family, residuals.index),
        groups=groups,
    )
