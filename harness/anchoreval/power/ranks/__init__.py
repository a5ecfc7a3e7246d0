"""Places on a leaderboard, how errors of scores go together, and whether significance is preserved."""
