"""metabench: items filtered, subsampled and thinned by information, one concept a module."""

from __future__ import annotations

from anchor_selectors.metabench.selector import Metabench

__all__ = ["Metabench"]
