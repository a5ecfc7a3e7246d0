"""Policies for adaptive testing: one file each."""
