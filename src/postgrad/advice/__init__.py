"""Advice before anything is spent: defaults with their sources, and what a run will take."""
