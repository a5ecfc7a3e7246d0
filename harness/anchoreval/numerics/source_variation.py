"""Whether scores depend on which subject the exemplars come from, beyond what another draw of exemplars changes.

One-way analysis of variance with the sources as groups and the draws as replicates, pooled over the targets, which
takes every target's own level out. A set of exemplars stands before the questions of all targets, so its scores on
them go up and down together and the F distribution does not hold: the p-value comes from permuting whole rows (one set
of exemplars, all targets) among the sources. The items asked are the same throughout, so it speaks of these items.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import Float64Array

PERMUTATIONS = 2000


@dataclass(frozen=True)
class SourceVariation:
    """What was found.

    Attributes:
        f: mean square between sources over mean square between draws of one source; 1 is expected by chance.
        p_value: share of permutations (the data as they are among them) with an F at least as large.
        between: variance component of the source, (points of score)^2 in [0, 1]; 0 where it would be negative.
        draw: variance component of the draw.
    """

    f: float
    p_value: float
    between: float
    draw: float


def source_variation(
    draws: Float64Array, rng: np.random.Generator, permutations: int = PERMUTATIONS
) -> SourceVariation:
    """Compare sources.

    Args:
        draws: (draws, sources, targets) scores, at least two draws and two sources.
        rng: of the permutations.
        permutations: how many.
    """
    n_draws, _, n_targets = draws.shape
    between, within = mean_squares(draws)
    rows = draws.reshape(-1, n_targets)
    ratios = [_ratio(*mean_squares(rng.permutation(rows).reshape(draws.shape))) for _ in range(permutations)]
    own = _ratio(between, within)
    as_large = np.count_nonzero(np.array(ratios) >= own * (1 - 1e-9))
    return SourceVariation(
        f=own,
        p_value=float((1 + as_large) / (1 + permutations)),
        between=max(0.0, (between - within) / n_draws),
        draw=within,
    )


def without_own(draws: Float64Array) -> Float64Array:
    """The same scores with each target's own exemplars made average, so that only other sources can differ.

    Args:
        draws: (draws, subjects, subjects), at least two subjects.
    """
    own = np.eye(draws.shape[1], dtype=np.bool_)
    others = np.where(own, 0.0, draws).sum(axis=(0, 1)) / (len(draws) * (draws.shape[1] - 1))  # (targets,)
    return np.asarray(np.where(own, others, draws), dtype=np.float64)


def mean_squares(draws: Float64Array) -> tuple[float, float]:
    """Mean square between sources and within them, pooled over targets.

    Args:
        draws: (draws, sources, targets).
    """
    n_draws, n_sources, n_targets = draws.shape
    means = draws.mean(axis=0)
    between = n_draws * ((means - means.mean(axis=0)) ** 2).sum() / (n_targets * (n_sources - 1))
    within = ((draws - means) ** 2).sum() / (n_targets * n_sources * (n_draws - 1))
    return float(between), float(within)


def _ratio(between: float, within: float) -> float:
    return between / within if within > 0 else float(np.inf if between > 0 else 1.0)
