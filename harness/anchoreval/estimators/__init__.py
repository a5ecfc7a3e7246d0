"""Estimators: how a full score is reconstructed from answers on the anchors. One file a method."""
