from __future__ import annotations

import numpy as np
import pytest

from anchoreval.power.inference.multiplicity import holm
from anchoreval.staleness.signal import FRESH, RESELECT, UNKNOWN, WATCH, Signal, unknown, verdict_of, with_states

NAN = float("nan")


def signal(p: float, value: float = 0.9, visible: float = 0.6, **more: bool) -> Signal:
    """Expected one half, a lot from 0.7 on."""
    return Signal("s", value, 0.5, 0.7, p, visible, "", **more)


def test_p_values_are_adjusted_as_holm_does() -> None:
    p = [0.02, NAN, 0.004, 0.3, 0.3, 0.9]
    found = [s.adjusted for s in with_states([signal(one) for one in p], 0.05)]
    np.testing.assert_allclose(found, holm(p))


@pytest.mark.parametrize(
    ("made", "state"),
    [
        (signal(0.04), RESELECT),
        (signal(0.04, value=0.6), WATCH),  # sure and small
        (signal(0.08), WATCH),  # large and less sure
        (signal(0.2), FRESH),
        (signal(0.2, visible=0.95), UNKNOWN),  # 0.9 is twice the threshold's distance
        (signal(0.2, visible=float("inf")), UNKNOWN),
        (signal(0.01, value=0.1), WATCH),  # on the good side, however sure
        (signal(0.01, value=0.1, two_sided=True), RESELECT),
        (signal(0.9, remarkable=True), WATCH),
        (unknown("s", ""), UNKNOWN),
    ],
)
def test_states_follow_the_rule(made: Signal, state: str) -> None:
    assert with_states([made], 0.05)[0].state == state


def test_a_small_value_can_be_the_bad_one() -> None:
    assert Signal("s", 0.2, 1.0, 0.5, 0.01, 0.4, "").strong
    assert not Signal("s", 1.8, 1.0, 0.5, 0.01, 0.4, "").strong


def test_the_verdict_is_the_worst_state_and_never_fresh_out_of_ignorance() -> None:
    states = [unknown("u", ""), *with_states([signal(0.9)], 0.05)]
    assert verdict_of(states) == FRESH
    assert verdict_of([*states, *with_states([signal(0.001)], 0.05)]) == RESELECT
    assert verdict_of([unknown("u", ""), unknown("v", "")]) == WATCH
