"""Adaptive tests with honest intervals: a target is asked until its interval is as narrow as wanted.

A policy asks each target items of its own and reads the answers; what it believes of its error is too good. Here the
belief is only the yardstick: calibration models that had no part in fitting the policy sit the whole test, and from
their errors, in units of the belief, follows by how much it must be multiplied (`anchoreval.adaptive.stopping`).
"""

from __future__ import annotations

from anchoreval.adaptive.adaptive_test import AdaptiveTest
from anchoreval.adaptive.course import Ask, Course, recorded
from anchoreval.adaptive.fixed_form import FixedForm, fixed_form
from anchoreval.adaptive.sitting import Sitting, estimates_of, questions_of

__all__ = [
    "AdaptiveTest",
    "Ask",
    "Course",
    "FixedForm",
    "Sitting",
    "estimates_of",
    "fixed_form",
    "questions_of",
    "recorded",
]
