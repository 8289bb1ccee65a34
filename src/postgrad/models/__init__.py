"""Base models: find, fetch, check and load.

`catalog`, `cache`, `check` and `templates` are light; `gguf`, `load` and `fetch` need torch.
"""
