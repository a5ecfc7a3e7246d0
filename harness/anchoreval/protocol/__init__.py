"""The honest protocol: roles, splits, metrics, selection with models set aside, and comparison of methods."""
