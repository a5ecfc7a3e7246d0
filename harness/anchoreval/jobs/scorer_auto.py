"""The scorer that fits the benchmark."""

from __future__ import annotations

from anchoreval.jobs.scorer_pocket import PocketScorer
from anchoreval.jobs.scorer_replay import ReplayScorer
from anchoreval.jobs.scorers import Scorer, Setting


def auto(setting: Setting) -> Scorer:
    """`pocket` for the embedded benchmark, else `replay`."""
    return PocketScorer(setting) if setting.matrix.name == "pocket" else ReplayScorer(setting)
