"""Kinds of sources: one file or folder each, with a row in the table `collectors`."""
