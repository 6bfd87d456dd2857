"""`Crew`: who works on the chunks: threads, or any executor; what to do when one of them dies."""

from __future__ import annotations

import multiprocessing
import os
import weakref
from collections.abc import Collection
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from needle_sim.errors import InputError, NeedleSimError
from needle_sim.studies.chunk import Chunk, carried_out

_MOST_DEATHS = 20
_DEADLY = ("KilledWorker",)  # of dask: several workers died with this chunk
_MOST_THREADS = 1024


class Crew:
    """Submits chunks and names the futures that are done.

    Parameters
    ----------
    executor : anything with ``submit``, or None
        A pool of ``concurrent.futures`` or a ``dask.distributed.Client``; None: threads of its own.
    threads : int, optional
        Of its own; the processors by default.
    """

    def __init__(self, executor: Any = None, threads: int | None = None) -> None:
        if executor is not None and threads is not None:
            raise InputError("an executor has its own workers: give executor or threads, not both")
        if executor is not None and not callable(getattr(executor, "submit", None)):
            raise InputError(f"an executor has a submit(), got a {type(executor).__name__}")
        whole = isinstance(threads, int) and not isinstance(threads, bool)
        if threads is not None and not (whole and 1 <= threads <= _MOST_THREADS):
            raise InputError(
                f"threads must be a whole number from 1 to {_MOST_THREADS}, got {threads!r}"
            )
        self.workers = threads or _workers(executor)
        self._pools, self._deaths, self._finished = 0, 0, False
        self._pool_of: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._own: Executor | None = None
        self._heals = hasattr(executor, "get_executor")  # dask starts new workers itself
        if executor is None:
            self._own = executor = ThreadPoolExecutor(self.workers, "study")
        elif self._heals:
            executor = executor.get_executor(pure=False)  # a chunk is never taken from a cache
        self._executor: Any = executor

    def submit(self, chunk: Chunk) -> Any:
        """A future of the chunk; a pool that broke in the meantime is replaced first."""
        try:
            future = self._executor.submit(carried_out, chunk)
        except BrokenProcessPool:
            self._renew()
            future = self._executor.submit(carried_out, chunk)
        self._pool_of[future] = self._pools
        return future

    def first(self, pending: Collection[Any]) -> list[Any]:
        """Those of some futures that are done, or the one to wait for."""
        if all(isinstance(one, Future) for one in pending):
            return list(wait(pending, return_when=FIRST_COMPLETED).done)
        return [next(iter(pending))]

    def died(self, future: Any, error: BaseException) -> bool:
        """Whether a worker went down with the chunk; what is raised otherwise is not that.

        A pool that went down with it is replaced, once, by processes of our own.

        Raises
        ------
        NeedleSimError
            Workers die and nothing was ever finished.
        """
        if not (isinstance(error, BrokenProcessPool) or type(error).__name__ in _DEADLY):
            return False
        if self._pool_of.pop(future, -1) == self._pools:
            self._deaths += 1
            if not self._finished and self._deaths > _MOST_DEATHS:
                raise NeedleSimError(
                    f"workers died {self._deaths} times and finished nothing: look at their "
                    "memory, and whether they can import needle_sim"
                ) from error
            if not self._heals:
                self._renew()
        return True

    def alive(self) -> None:
        """Something was finished."""
        self._finished = True

    def _renew(self) -> None:
        if self._own is not None:
            self._own.shutdown(wait=False, cancel_futures=True)
        context = multiprocessing.get_context("spawn")
        self._own = self._executor = ProcessPoolExecutor(self.workers, mp_context=context)
        self._pools += 1

    def close(self, pending: Collection[Any] = ()) -> None:
        """Let go of what is not begun, and of workers of our own."""
        for one in pending:
            one.cancel()
        if self._own is not None:
            self._own.shutdown(cancel_futures=True)


def _workers(executor: Any) -> int:
    """How many work at once, as far as an executor says."""
    if hasattr(executor, "nthreads"):
        return max(1, sum(int(one) for one in executor.nthreads().values()))
    return int(getattr(executor, "_max_workers", 0) or os.cpu_count() or 1)
