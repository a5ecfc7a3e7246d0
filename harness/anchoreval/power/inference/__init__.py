"""Tests and intervals for scores of items: one model, two models on the same items or on different ones."""
