"""Anchor sets: the items that were picked, and all that is needed to reconstruct full scores from answers to them."""

from __future__ import annotations

from anchoreval.anchors.anchor_set import AnchorSet, load_anchors

__all__ = ["AnchorSet", "load_anchors"]
