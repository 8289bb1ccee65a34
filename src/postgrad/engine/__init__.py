"""The fast path that every model runs on: padding-free rows, attention by segment, loss at the
taught tokens only, and batched answers from a preallocated cache.

Shape letters: T tokens in a packed row, N taught tokens, H hidden size, V vocabulary, Q query
heads, K key-value heads, D head size, S slots of the cache, L its length.
"""
