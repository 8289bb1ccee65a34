"""Which tests run by themselves."""

from __future__ import annotations

import os
import signal

import pytest

# Tiny models are quicker on one thread, and two test runs side by side don't fight for cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell starts what runs in its background deaf to Ctrl-C, and its children inherit that: then no
# command could be stopped as a user stops it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long sweeps (`full`) and tests of a GPU run only where `-m` asks for them, and a test that is
    named on the command line runs in any case."""
    named = any("::" in argument for argument in config.args)
    if config.getoption("markexpr") or named:
        return
    # markers, not keywords: a parameter may be called full too
    left_out = [
        item for item in items if any(item.get_closest_marker(name) for name in ("full", "gpu"))
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
