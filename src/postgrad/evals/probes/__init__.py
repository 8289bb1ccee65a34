"""Probes: what is asked of base and tuned beside the user's own test, one file each.

A probe asks one model (`ask`), and its readings are stored; `judge` compares the readings of both.
Like everything in `evals/` it needs no torch, so that stored readings can be judged anywhere.
"""
