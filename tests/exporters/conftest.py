"""Loaded local tasks, as the tests of live scoring have them."""

from __future__ import annotations

from ..scoring.conftest import tasks

__all__ = ["tasks"]
