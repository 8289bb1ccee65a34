"""How one answer is marked: one file a scorer, each of the shape `core.interfaces.Scorer`.

A scorer knows nothing of models, files or other scorers; what two of them share is in
`evals.marking`. Scores are in 0..1.
"""
