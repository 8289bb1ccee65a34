"""A code base, as instructions: what a function does and the function, and the other way round."""

from postgrad.data.collect.sources.code.collector import Code

__all__ = ["Code"]
