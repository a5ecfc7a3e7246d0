"""Leaderboards: models scored on anchors only, kept one by one, and ranked with what is known of the errors."""
