"""5. Test: what is asked of a model, how it is marked, and what may be concluded.

The order of the life: `choose` says before training which metric will decide; `scorers/` mark the
stored answers, one file a scorer; `compare` pairs base and tuned on the same rows; `statistics`
tells a change from chance; `verdict` says it in one word, one sentence, and ship or not.
Nothing here loads torch: stored answers can be marked again anywhere.
"""
