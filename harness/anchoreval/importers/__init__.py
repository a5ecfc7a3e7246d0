"""Readers of results made elsewhere, one file a format; each returns a `ResponseMatrix`."""
