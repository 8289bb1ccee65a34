"""Steps: the story of each long verb, one file each, to be read from top to bottom.

A step runs in a worker process; it gets a context and a request (JSON) and returns JSON.
"""
