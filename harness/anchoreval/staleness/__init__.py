"""Staleness: whether anchors are still fit for the models that they are asked of.

Anchors were selected, and their reconstruction was fitted and sized, on the models of one day. `judge_staleness`
compares new targets with models of that day that had no part in selecting or fitting, and says with reasons whether the
anchors are `fresh`, to `watch`, or to `re-select`.
"""

from __future__ import annotations

from anchoreval.staleness.judgement import Staleness, judge_staleness
from anchoreval.staleness.signal import FRESH, RESELECT, UNKNOWN, WATCH, Signal

__all__ = ["FRESH", "RESELECT", "UNKNOWN", "WATCH", "Signal", "Staleness", "judge_staleness"]
