"""`kernel`: the only user of numba.

A kernel releases the GIL and is cached on disk. Where no folder is writable (a read-only
installation under a read-only home) it is compiled in memory instead, with one log line. numba's
workqueue layer aborts the process when two threads enter it at once, so on that layer parallel
kernels take turns behind one lock.
"""

from __future__ import annotations

import functools
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

import numba
from numba import prange

__all__ = ["ahead", "aside", "in_slabs", "kernel", "prange", "set_threads", "threads"]

_Item = TypeVar("_Item")
_Found = TypeVar("_Found")
_log = logging.getLogger(__name__)
_turn = threading.Lock()
_here = threading.local()
_said_no_cache = threading.Event()


def kernel(
    function: Callable[..., Any] | None = None, *, parallel: bool = False, **options: Any
) -> Any:
    """Compile ``function`` with numba: nogil, cached; ``parallel=True`` enables `prange`.

    Parallel kernels are called from Python only; plain ones may also be called from kernels, and
    become part of each: were they left as functions, which of several compilations of one is
    called would depend on what the process loaded before, and with it the last bit of an answer.
    """
    if function is None:
        return functools.partial(kernel, parallel=parallel, **options)
    options = {"nogil": True, "parallel": parallel, "forceinline": not parallel, **options}
    try:
        compiled = numba.njit(cache=True, **options)(function)
    except RuntimeError as error:  # numba's "no locator available": nowhere to write
        if not _said_no_cache.is_set():
            _said_no_cache.set()
            _log.info("kernels are compiled in memory: no folder for a cache (%s)", error)
        compiled = numba.njit(**options)(function)
    return _in_turns(compiled) if parallel and not numba.config.DISABLE_JIT else compiled


def _in_turns(compiled: Any) -> Any:
    @functools.wraps(compiled)
    def call(*arguments: Any) -> Any:
        if _layer_takes_one_caller():
            with _turn:
                return compiled(*arguments)
        return compiled(*arguments)

    return call


def _layer_takes_one_caller() -> bool:
    try:
        layer: str = numba.threading_layer()
    except ValueError:  # not known before the first parallel call: take turns until it is
        return True
    return layer == "workqueue"


def set_threads(count: int) -> None:
    """Use at most ``count`` threads in parallel kernels, for this thread of Python."""
    numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))


def threads() -> int:
    """How many threads this thread of Python may use."""
    return int(numba.get_num_threads())


_WORTH_US = 2500.0  # work under this is done sooner than threads are woken for it


def in_slabs(
    work: Callable[[int, int], None], count: int, *, slab: int, row_us: float | None = None
) -> None:
    """Call ``work(start, stop)`` over ``count`` rows in slabs, on as many threads as allowed.

    For kernels without `prange` (cheaper to compile) and numpy code that releases the GIL. The
    slabs do not depend on the number of threads, so neither does the answer. With ``row_us``, about
    how long a row takes in microseconds, little work is done in one piece by the thread that asks.
    """
    if row_us is not None and count * row_us < _WORTH_US:
        slab = max(count, 1)
    spans = [(start, min(start + slab, count)) for start in range(0, count, slab)]
    inside = getattr(_here, "in_a_slab", False)  # a slab that waited for slabs would wait for ever
    if len(spans) < 2 or inside or threads() == 1:
        for start, stop in spans:
            work(start, stop)
        return
    left = deque(spans)

    def drain() -> None:
        while left:
            try:
                start, stop = left.popleft()
            except IndexError:  # another thread took the last one
                return
            work(start, stop)

    others = [_pool(threads()).submit(drain) for _ in range(min(threads(), len(spans)) - 1)]
    _here.in_a_slab = True
    try:
        drain()
    finally:
        _here.in_a_slab = False
        left.clear()
        begun = [one for one in others if not one.cancel()]  # what still waits is not needed
        wait(begun)
    for done in begun:
        done.result()


def ahead(work: Callable[[_Item], _Found], items: Iterable[_Item]) -> Iterator[_Found]:
    """``work(item)`` of each item in order; other threads work on the next ones meanwhile."""
    if getattr(_here, "in_a_slab", False) or threads() == 1:
        yield from map(work, items)
        return
    pool, begun = _pool(threads()), deque[Future[_Found]]()
    for item in items:
        begun.append(pool.submit(work, item))
        if len(begun) > 2 * threads():
            yield begun.popleft().result()
    while begun:
        yield begun.popleft().result()


def aside(work: Callable[[], _Found]) -> Callable[[], _Found]:
    """Begin some work on another thread; calling what comes back waits for its result."""
    if getattr(_here, "in_a_slab", False) or threads() == 1:
        return functools.cache(work)
    return _pool(threads()).submit(work).result


@functools.cache
def _pool(count: int) -> ThreadPoolExecutor:
    """Threads that are kept: to start them for each picture costs more than small pictures do."""
    return ThreadPoolExecutor(count, initializer=setattr, initargs=(_here, "in_a_slab", True))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)


def cpu_features() -> list[str]:
    """The processor's instruction sets that kernels are compiled for, sorted."""
    from llvmlite import binding

    return sorted(name for name, present in binding.get_host_cpu_features().items() if present)
