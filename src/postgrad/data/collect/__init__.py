"""From whatever a small company has to a file of rows that postgrad trains on.

`sources/` has one kind of source a file; the other modules are what these share, and what is done
with the rows: chosen by weight (`mix.py`) and written whole (`output.py`).
"""
