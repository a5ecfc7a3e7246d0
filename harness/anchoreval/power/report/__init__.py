"""The statistical power report of an anchor set."""
