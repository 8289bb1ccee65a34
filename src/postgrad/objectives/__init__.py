"""Objectives: what the loss is. One file each; the table is in `plugins.py`."""
