"""Texts as vectors: one file for each model."""
