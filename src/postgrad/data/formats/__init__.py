"""What a row of a file means: one format a file, found through `plugins.py`."""
