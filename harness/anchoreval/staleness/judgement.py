"""`judge_staleness`: whether anchors are still fit for the models that they are asked of, and why (ours).

Up to six signs, each compared with what models of the anchors' own day show that had no part in selecting or fitting:

* *person-fit*: are signatures odder than theirs?
* *anchor drift*: are single anchors answered better or worse than models of such ability used to (leaked or corrected
  items, another prompt)?
* *reach*: do more targets lie beyond the source models?
* *room at the top*: do the best targets still differ on the anchors?
* *residual drift* and *coverage*, where controls are known in full: are estimates off, do intervals hold?

The rule from signs to verdict is that of `anchoreval.staleness.signal`: fresh targets, drawn like the calibration
models, lead to `re-select` with a probability of at most alpha, and to `watch` or worse of at most 2 alpha unless the
best solve all the anchors or too little is known to judge anything.

What it cannot see: a drift of answers to the anchors that looks like ability (an ability gained on the anchors alone,
spread over them as real ability is) shows in controls alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.anchors import AnchorSet
from anchoreval.errors import AnchorSetError, MethodOptionError, ResponseDataError
from anchoreval.protocol.trial import answers_only
from anchoreval.reconstruction import IntervalWarning, Reconstruction
from anchoreval.responses import SCORE, ResponseMatrix
from anchoreval.staleness.answer_signals import moved_anchors, odd_signatures, out_of_reach
from anchoreval.staleness.control_signals import COVERAGE, DRIFT, LEVEL, Controls, coverage, residual_drift
from anchoreval.staleness.exchange import Exchange, conformal_p_values
from anchoreval.staleness.signal import FRESH, UNKNOWN, Signal, unknown, verdict_of, with_states
from anchoreval.staleness.top_signal import NAME as ROOM
from anchoreval.staleness.top_signal import DetectableGap, room_at_top
from anchoreval.staleness.witnesses import Witnesses

ANSWERS = ("person-fit", "anchor drift", "reach", ROOM)


@dataclass(frozen=True, eq=False)
class Staleness:
    """Whether anchors are fit for some targets. Made by `judge_staleness`.

    Attributes:
        verdict: `fresh`, `watch` or `re-select`.
        reasons: sentences with figures that led to it.
        signals: every sign that was looked at.
        models: a row a target: `score` as estimated; `person_fit` (misfit of its answers, about 1 for a source) and its
            conformal `p_value` among the models that stand for freshness; `extrapolating`; `residual` (estimate minus
            truth) of controls, else NaN; `new`, whether it counted, which sources, their kin and copies do not.
        anchors: a row an anchor: how far its score has `moved` at equal ability, and `z`, over its standard error.
        unknown: sentences about what could not be judged.
        alpha: probability with which fresh targets lead to `re-select`, at most.
        witnesses: number of independent models that stand for freshness.
        crossed: whether these are the selecting models, read in folds, for want of calibration models.
    """

    verdict: str
    reasons: Sequence[str]
    signals: Sequence[Signal]
    models: pd.DataFrame
    anchors: pd.DataFrame
    unknown: Sequence[str]
    alpha: float
    witnesses: int
    crossed: bool

    def signal(self, name: str) -> Signal:
        """The signal of that name.

        Raises:
            KeyError: there is none.
        """
        return {signal.name: signal for signal in self.signals}[name]


def judge_staleness(
    anchors: AnchorSet,
    reconstruction: Reconstruction,
    targets: ResponseMatrix,
    controls: pd.Series[Any] | None = None,
    alpha: float = 0.05,
) -> Staleness:
    """Judge whether anchors are still fit for the models that they are asked of.

    Args:
        anchors: as `anchoreval.select` makes them, with their source models.
        reconstruction: made from these anchors.
        targets: models with answers on the anchors. Sources among them, their variants and copies bring no news; other
            copies and variants (`base_model`) count once.
        controls: by model, the full score in [0, 1] of targets that were evaluated in full; NaN is none.
        alpha: probability with which fresh targets may lead to `re-select`, in (0, 0.5).

    Raises:
        AnchorSetError: the anchors hold no sources, the reconstruction is not theirs, or the targets lack an anchor.
        MethodOptionError: alpha is out of range.
        ResponseDataError: a control is no target, stands twice, or has no score in [0, 1].
        TooFewModelsError: fewer than 5 models selected the anchors.
    """
    if not 0.0 < alpha < 0.5:
        raise MethodOptionError(f"alpha = {alpha!r} is not between 0 and 0.5")
    if reconstruction.items_digest != anchors.items_digest or set(reconstruction.anchors) != set(anchors.items):
        raise AnchorSetError(f"the reconstruction is not one from these anchors of {anchors.benchmark!r}")
    truth = _checked(controls, targets)
    sides = Witnesses.called(anchors, targets)
    estimates = _estimates(reconstruction, answers_only(targets, anchors.items))
    from_answers, moved = _answer_signals(sides, anchors, alpha)
    raw = [*from_answers, *_control_signals(sides, reconstruction, estimates, truth, alpha)]
    signals = with_states(raw, alpha)
    return Staleness(
        verdict=verdict_of(signals),
        reasons=tuple(_reasons(signals)),
        signals=tuple(signals),
        models=_models(sides, estimates, truth),
        anchors=moved,
        unknown=tuple(_unknown(signals, sides)),
        alpha=alpha,
        witnesses=len(sides.calm.labels),
        crossed=sides.crossed,
    )


def _checked(controls: pd.Series[Any] | None, targets: ResponseMatrix) -> pd.Series[Any]:
    if controls is None:
        return pd.Series(dtype=np.float64)
    if (strangers := controls.index.difference(targets.models.index)).size:
        raise ResponseDataError(f"control {strangers[0]!r} is not among the targets")
    if controls.index.has_duplicates:
        raise ResponseDataError(f"control {controls.index[controls.index.duplicated()][0]!r} is named twice")
    known = controls.astype(np.float64).dropna()
    if (odd := known.index[~known.between(0.0, 1.0)]).size:
        raise ResponseDataError(f"control {odd[0]!r} has full score {known[odd[0]]:g}, not one in [0, 1]")
    return known


def _estimates(made: Reconstruction, answers: ResponseMatrix) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IntervalWarning)  # the signal about intervals says it
        return made.predict(answers, level=LEVEL)


def _answer_signals(sides: Witnesses, anchors: AnchorSet, alpha: float) -> tuple[list[Signal], pd.DataFrame]:
    calm, targets = sides.calm, sides.targets
    nothing = pd.DataFrame({"moved": np.nan, "z": np.nan}, index=anchors.items)
    if not len(targets.labels) or not len(calm.labels):
        lacking = "no target is new" if len(calm.labels) else "no model stands for freshness"
        return [unknown(name, f"{name.capitalize()} cannot be judged: {lacking}.") for name in ANSWERS], nothing
    exchange = Exchange.of(len(calm.labels), len(targets.labels), anchors.seed)
    drift, moved = moved_anchors(calm, targets, exchange, alpha)
    gaps = DetectableGap.learn(sides.pattern, sides.learners)
    signals = [
        odd_signatures(calm, targets, exchange, alpha),
        drift,
        out_of_reach(calm, targets, alpha),
        room_at_top(calm, targets, exchange, anchors.weights, gaps, alpha),
    ]
    return signals, moved.set_axis(anchors.items)


def _control_signals(
    sides: Witnesses, made: Reconstruction, estimates: pd.DataFrame, truth: pd.Series[Any], alpha: float
) -> list[Signal]:
    groups = pd.Series(sides.targets.groups, sides.targets.models)
    known = truth[truth.index.isin(groups.index)].sort_index()
    known = known[estimates.loc[known.index, SCORE].notna()]
    lacking = ""
    if known.empty:
        lacking = "no new target was evaluated in full"
    elif made.residuals.empty:
        lacking = "errors on calibration models are not known"
    if lacking:
        return [unknown(name, f"{name.capitalize()} cannot be judged: {lacking}.") for name in (DRIFT, COVERAGE)]
    controls = Controls.of(made, estimates.loc[known.index], known, groups[known.index].to_numpy())
    return [residual_drift(controls, alpha), coverage(controls, alpha)]


def _models(sides: Witnesses, estimates: pd.DataFrame, truth: pd.Series[Any]) -> pd.DataFrame:
    targets = sides.targets
    p_values = conformal_p_values(targets.misfit, sides.calm.misfit, sides.calm.groups)
    table = estimates[[SCORE]].assign(
        person_fit=pd.Series(targets.misfit, targets.models),
        p_value=pd.Series(p_values, targets.models),
        extrapolating=estimates["extrapolating"],
    )
    table["residual"] = table[SCORE] - truth.reindex(table.index)
    return table.assign(new=table.index.isin(targets.models))


def _reasons(signals: Sequence[Signal]) -> Iterator[str]:
    alarming = [signal.sentence for signal in signals if signal.state not in (FRESH, UNKNOWN)]
    if alarming:
        yield from alarming
        return
    calm = [signal.name for signal in signals if signal.state == FRESH]
    if calm:
        listed = ", ".join(calm)
        yield f"Targets are like models of the anchors' own day in all that could be judged ({listed})."
    else:
        yield "Too little is known to call the anchors fresh."


def _unknown(signals: Sequence[Signal], sides: Witnesses) -> Iterator[str]:
    yield from (signal.sentence for signal in signals if signal.state == UNKNOWN)
    if sides.known:
        yield f"{len(sides.known)} targets are sources, variants or copies of them, and bring no news."
    if sides.silent:
        yield f"{len(sides.silent)} targets answered no anchor."
    if sides.crossed:
        yield (
            "No calibration models were set aside: the models that selected the anchors stand for freshness, each read "
            "without its fold, and probabilities are approximate."
        )
