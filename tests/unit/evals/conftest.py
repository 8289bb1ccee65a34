"""Properties here are cheap, but the first example may load a reference package: no deadline."""

from hypothesis import settings

settings.register_profile("no_deadline", deadline=None)
settings.load_profile("no_deadline")
