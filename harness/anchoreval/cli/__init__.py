"""The command `anchoreval`."""

from __future__ import annotations

from anchoreval.cli.app import main

__all__ = ["main"]
