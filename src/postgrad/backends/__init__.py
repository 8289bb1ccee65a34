"""Backends: where a step runs. One file each; the table is in `plugins.py`."""
