"""Runs that lie in a folder, read into tables: what `job=collect` writes."""
