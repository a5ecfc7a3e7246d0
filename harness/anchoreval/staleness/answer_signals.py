"""What the answers of new targets say by themselves: odd signatures, anchors that moved, and models out of reach."""

from __future__ import annotations

import numpy as np
import pandas as pd

from anchoreval.arrays import BoolArray, Float64Array
from anchoreval.staleness.exchange import (
    Exchange,
    conformal_p_values,
    exponential_scores,
    mean_among,
    superiority,
)
from anchoreval.staleness.rates import fisher_exact, visible_rate
from anchoreval.staleness.signal import Signal
from anchoreval.staleness.sitting import Sitting

ODDER = 0.65
"""Probability that a target's misfit is above a calibration model's, 0.5 when fresh, from which on it is a lot."""
MOVED = 0.05
"""Typical move of an anchor's score, given ability, that is a lot: five points on every anchor."""
MORE_BEYOND = 0.2
"""Rise of the share of targets out of reach that is a lot: one in five."""
LEAST_VARIANCE = 0.01


def odd_signatures(calm: Sitting, targets: Sitting, exchange: Exchange, alpha: float) -> Signal:
    """Person-fit: whether the targets' patterns of right and wrong are odder than those of the calibration models.

    Ranks of the misfit enter a test with exponential scores, which notices a shift of all and a few that are far out.
    """
    misfit = _both(calm.by_group(calm.misfit), targets.by_group(targets.misfit))
    p_value = exchange.tested(mean_among(exponential_scores(misfit)), alpha).p_value
    tested = exchange.tested(superiority(misfit), alpha)
    odd = conformal_p_values(targets.by_group(targets.misfit), calm.misfit, calm.groups) <= alpha
    count = len(calm.labels)
    expected = np.floor(alpha * (count + 1) + 1e-9) / (count + 1)
    sentence = (
        f"{_share(odd)} of {len(odd)} independent targets answer in a pattern odder than {1 - alpha:.0%} of the models "
        f"that stand for freshness ({expected:.1%} expected); a target is odder than one of those with probability "
        f"{tested.value:.2f} (0.50 expected; p = {p_value:.2g})."
    )
    return Signal("person-fit", tested.value, 0.5, ODDER, p_value, tested.visible, sentence)


def moved_anchors(calm: Sitting, targets: Sitting, exchange: Exchange, alpha: float) -> tuple[Signal, pd.DataFrame]:
    """Whether single anchors are answered better or worse than models of such ability used to answer them.

    The statistic is the squared difference of the two sides' mean residuals over the residual's variance, summed over
    the anchors. The table has a row an anchor: `moved`, the difference in score units, and `z`, over its standard
    error under exchange.
    """
    left = _both(calm.by_group(calm.left), targets.by_group(targets.left))
    there = (~np.isnan(left)).astype(np.float64)
    filled = np.nan_to_num(left)
    variance = np.maximum((filled**2).sum(axis=0) / np.maximum(there.sum(axis=0), 1.0), LEAST_VARIANCE)

    def moves(division: BoolArray) -> Float64Array:
        """(divisions, anchors) mean residual of the targets less that of the others; 0 where a side has no answer."""
        sides = [(side.astype(np.float64) @ filled, side.astype(np.float64) @ there) for side in (division, ~division)]
        (ours, we), (theirs, they) = sides
        difference = ours / np.maximum(we, 1.0) - theirs / np.maximum(they, 1.0)
        return np.where((we > 0) & (they > 0), difference, 0.0)

    tested = exchange.tested(lambda division: np.asarray((moves(division) ** 2 / variance).mean(axis=1)), alpha)
    size = float(np.sqrt(variance.mean()))
    typical, visible = (size * np.sqrt(max(v - tested.expected, 0.0)) for v in (tested.value, tested.visible))
    seen = moves(exchange.observed[None])[0]
    spread = np.maximum(np.sqrt((moves(exchange.drawn) ** 2).mean(axis=0)), 1e-9)
    table = pd.DataFrame({"moved": seen, "z": seen / spread})
    sentence = (
        f"Given ability, the score on an anchor has moved by {100 * typical:.1f} points beyond chance (root mean "
        f"square; p = {tested.p_value:.2g}); {int((seen > 2 * spread).sum())} of {len(seen)} anchors became easier and "
        f"{int((seen < -2 * spread).sum())} harder by more than two standard errors ({0.0228 * len(seen):.1f} expected "
        "each)."
    )
    return Signal("anchor drift", typical, 0.0, MOVED, tested.p_value, visible, sentence), table


def out_of_reach(calm: Sitting, targets: Sitting, alpha: float) -> Signal:
    """Whether more targets extrapolate than calibration models did under the same rule; Fisher's exact test."""
    usual, beyond = (one.by_group(one.beyond) >= 0.5 for one in (calm, targets))
    before, count = int(usual.sum()), int(beyond.sum())

    def p_value(flagged: int) -> float:
        return fisher_exact(flagged, len(beyond), before, len(usual))

    sentence = (
        f"{count} of {len(beyond)} independent targets lie beyond the reach of the source models, against {before} of "
        f"{len(usual)} models that stand for freshness (p = {p_value(count):.2g})."
    )
    expected = float(usual.mean())
    visible = visible_rate(len(beyond), p_value, alpha)
    return Signal("reach", float(beyond.mean()), expected, expected + MORE_BEYOND, p_value(count), visible, sentence)


def _both(calm: Float64Array, targets: Float64Array) -> Float64Array:
    return np.concatenate([calm, targets])


def _share(flags: BoolArray) -> str:
    return f"{flags.mean():.0%}"
