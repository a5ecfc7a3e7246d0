"""A sign of staleness: what was seen, what fresh targets would show, how surely they differ, and what it amounts to.

The rule (ours). p-values are adjusted for the number of signals that could be tested (Holm), so that fresh targets set
off any of them with a probability of at most alpha. A signal says `re-select` where its adjusted p-value is at most
alpha and the effect is beyond its threshold; `watch` where the adjusted p-value is at most 2 alpha, be the effect large
or not; `unknown` where nothing was found and an effect of twice the threshold might have been missed; else `fresh`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

FRESH, WATCH, RESELECT, UNKNOWN = "fresh", "watch", "re-select", "unknown"
WEAKER = 2.0
"""A signal is worth watching up to this many times alpha."""
OVERLOOKED = 2.0
"""Nothing found counts as fresh where an effect this many times the threshold would have been seen."""


@dataclass(frozen=True)
class Signal:
    """One sign of staleness.

    Attributes:
        name: of the sign.
        value: what the targets show.
        expected: what fresh targets would show.
        threshold: value from which on a finding calls for new anchors; on the same side of `expected` as a bad value,
            or on both sides where `two_sided`.
        p_value: of the hypothesis that the targets are fresh; NaN where it could not be tested.
        visible: the value that would have been found with probability 80 % by a test at alpha; infinite if none.
        sentence: the finding in words, with figures.
        two_sided: whether a value as far on the other side is as bad.
        remarkable: whether the value itself is worth watching, however likely it is.
        adjusted: p-value adjusted for the number of signals.
        state: `fresh`, `watch`, `re-select` or `unknown`.
    """

    name: str
    value: float
    expected: float
    threshold: float
    p_value: float
    visible: float
    sentence: str
    two_sided: bool = False
    remarkable: bool = False
    adjusted: float = float("nan")
    state: str = UNKNOWN

    @property
    def strong(self) -> bool:
        """Whether the effect is beyond the threshold."""
        return self._effect(self.value) >= 1.0

    @property
    def seeing(self) -> bool:
        """Whether an effect of twice the threshold would have been seen."""
        return self._effect(self.visible) <= OVERLOOKED

    def _effect(self, value: float) -> float:
        """A value's distance from the expected one, the threshold's being 1."""
        allowed = self.threshold - self.expected
        if not np.isfinite(allowed) or allowed == 0.0:
            return float("nan")
        effect = (value - self.expected) / allowed
        return abs(effect) if self.two_sided else effect


def unknown(name: str, sentence: str) -> Signal:
    """A signal that could not be looked at; the sentence says why."""
    nothing = float("nan")
    return Signal(name, nothing, nothing, nothing, nothing, float("inf"), sentence)


def with_states(signals: Sequence[Signal], alpha: float) -> list[Signal]:
    """The signals with adjusted p-values and states, by the rule of the module."""
    adjusted = _holm([signal.p_value for signal in signals])
    judged = [replace(signal, adjusted=p) for signal, p in zip(signals, adjusted, strict=True)]
    return [replace(signal, state=_state(signal, alpha)) for signal in judged]


def verdict_of(signals: Sequence[Signal]) -> str:
    """The worst state of any signal; `watch` where none of them knows anything."""
    states = {signal.state for signal in signals}
    return next((state for state in (RESELECT, WATCH, FRESH) if state in states), WATCH)


def _state(signal: Signal, alpha: float) -> str:
    if signal.adjusted <= alpha and signal.strong:
        return RESELECT
    if signal.adjusted <= WEAKER * alpha or signal.remarkable:
        return WATCH
    return FRESH if np.isfinite(signal.p_value) and signal.seeing else UNKNOWN


def _holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values (1979); NaN stays and does not count."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")[: int(np.isfinite(p).sum())]  # NaN sorts last
    factors = np.arange(len(order), 0, -1)
    found = np.full(len(p), np.nan)
    found[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return [float(value) for value in found]
