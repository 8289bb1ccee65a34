"""Spread: the same work on many things, over the cores of this machine.

A rule that looks at each text alone gives its work to `Rows.spread`, which hands out the things in
portions and gives the results in order, wherever they were made. The work is a function of a
module, because another process has to find it by name; things and results are what `pickle` knows.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from types import TracebackType
from typing import Any, Protocol, TypeVar

Thing = TypeVar("Thing")
Result = TypeVar("Result")

PORTION = 256
"""Things that are sent at once: enough that sending costs little, few enough to stop soon."""

LEAST_THINGS = 4000
"""Starting a process takes about half a second, in which one core looks at so many texts."""


class Spread(Protocol):
    """How work is done on many things: one result for each portion of them, in order."""

    def __call__(
        self, work: Callable[[list[Thing]], Result], things: Iterable[Thing], /
    ) -> Iterator[Result]: ...


def in_turn(work: Callable[[list[Thing]], Result], things: Iterable[Thing], /) -> Iterator[Result]:
    """All of it in this process, one portion after the other."""
    return map(work, _portions(things))


def one_by_one(
    spread: Spread, work: Callable[[Thing], Result], things: Iterable[Thing]
) -> Iterator[Result]:
    """The result of each thing, where the work is on one alone."""
    return itertools.chain.from_iterable(spread(partial(_each, work), things))


class Cores:
    """Processes that share the work; use as a context manager, and give `spread` to `rows_of`.

    They start when there is enough to do, and end with this process however it ends.
    """

    def __init__(self, num_cores: int) -> None:
        self._num_cores = num_cores
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Cores:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
        self._num_cores = 1

    def spread(
        self, work: Callable[[list[Thing]], Result], things: Iterable[Thing], /
    ) -> Iterator[Result]:
        """See `Spread`.

        Raises:
            BrokenProcessPool: the system killed a process.
        """
        waiting = iter(things)
        first = list(itertools.islice(waiting, LEAST_THINGS))
        portions = _portions(itertools.chain(first, waiting))
        if self._num_cores < 2 or len(first) < LEAST_THINGS:
            yield from map(work, portions)
            return
        pool, most_sent = self._started(), 2 * self._num_cores + 1
        sent: deque[Future[Result]] = deque()
        for portion in portions:
            sent.append(pool.submit(work, portion))
            if len(sent) > most_sent:
                yield sent.popleft().result()
        while sent:
            yield sent.popleft().result()

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # spawn: this process may have threads, and with models they may hold locks
            self._pool = ProcessPoolExecutor(
                self._num_cores,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_begin,
            )
        return self._pool


def _portions(things: Iterable[Thing]) -> Iterator[list[Thing]]:
    waiting = iter(things)
    while portion := list(itertools.islice(waiting, PORTION)):
        yield portion


def _each(work: Callable[[Any], Result], portion: Sequence[Any]) -> list[Result]:
    return list(map(work, portion))


def _begin() -> None:
    """The start of a process: Ctrl-C is for the one that started it, with which it also ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)
