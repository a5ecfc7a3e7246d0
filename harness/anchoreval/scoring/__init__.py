"""Answers of target models on the anchors: live through lm-eval, or replayed from a benchmark that holds them."""
