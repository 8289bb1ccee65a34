"""Methods: which weights move. One file or folder each; the table is in `plugins.py`."""
