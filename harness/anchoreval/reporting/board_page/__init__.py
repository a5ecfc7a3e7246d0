"""The leaderboard as one HTML page that sorts, filters and compares, from the file system and with no network."""
