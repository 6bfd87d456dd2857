"""`Chunk`: the work on some samples, wherever it is done; a sample that fails is a row."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from needle_sim import __version__
from needle_sim.errors import NeedleSimError
from needle_sim.studies import table, tasks
from needle_sim.studies.design import Design, Samples
from needle_sim.studies.task import Work

_MOST_REASON = 300


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """What a worker is sent.

    Parameters
    ----------
    task : str or callable
        A named task, or your own.
    design : Design
    settings : mapping
    start, stop : int
        Samples.
    version : str
        Of the needle_sim that asks: a worker of another one would give other numbers.
    """

    task: str | Work
    design: Design
    settings: Mapping[str, Any]
    start: int
    stop: int
    version: str = __version__


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """What a worker sends back: the table of its samples, and how long it took."""

    start: int
    stop: int
    table: Any
    seconds: float


def carried_out(chunk: Chunk) -> Done:
    """Work on a chunk, with one thread for kernels; only the samples at fault are failing rows."""
    if chunk.version != __version__:
        raise NeedleSimError(
            f"a worker has needle_sim {__version__} and the study {chunk.version}: their numbers "
            "must not be mixed; install one version everywhere"
        )
    began = time.perf_counter()
    work = tasks.named(chunk.task).work if isinstance(chunk.task, str) else chunk.task
    samples = Samples(chunk.design, chunk.start, chunk.stop)
    with _one_thread():
        found = table.joined(list(_tables(work, samples, chunk.settings)))
    return Done(chunk.start, chunk.stop, found, time.perf_counter() - began)


def lost(chunk: Chunk, reason: str) -> Done:
    """A chunk that no worker could do: failing rows."""
    samples = Samples(chunk.design, chunk.start, chunk.stop)
    return Done(chunk.start, chunk.stop, table.failed(samples, [reason] * len(samples)), 0.0)


def _tables(work: Work, samples: Samples, settings: Mapping[str, Any]) -> Iterator[Any]:
    """Tables of the samples; where they fail together, of each half, down to single ones."""
    try:
        yield table.answered(samples, work(samples, settings))
        return
    except Exception as error:  # whatever a task of anyone raises is that sample's reason
        if len(samples) == 1:
            yield table.failed(samples, [_reason(error)])
            return
    middle = (samples.start + samples.stop) // 2
    for half in ((samples.start, middle), (middle, samples.stop)):
        yield from _tables(work, Samples(samples.design, *half), settings)


def _reason(error: Exception) -> str:
    said = " ".join(str(error).split())
    if isinstance(error, NeedleSimError):
        return said[:_MOST_REASON]
    return f"{type(error).__name__}: {said}"[:_MOST_REASON]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Kernels take one thread meanwhile: the study's workers share the processors."""
    jit = sys.modules.get("needle_sim.jit")  # a task without kernels does without numba
    if jit is None:
        yield
        return
    before = jit.threads()
    jit.set_threads(1)
    try:
        yield
    finally:
        jit.set_threads(before)
