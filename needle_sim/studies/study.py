"""`run_study`: parameters crossed with seeds, on threads or any executor, to one table."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from needle_sim.errors import NeedleSimError
from needle_sim.progress import Progress, silent
from needle_sim.studies import table, tasks
from needle_sim.studies.chunk import Chunk, Done, lost
from needle_sim.studies.crew import Crew
from needle_sim.studies.design import Design, Plain
from needle_sim.studies.identity import Identity
from needle_sim.studies.pace import Pace
from needle_sim.studies.result import StudyResult
from needle_sim.studies.store import Store, gaps
from needle_sim.studies.task import Work

Span = tuple[int, int]
_DIED = "the worker died with this sample (killed, crashed or out of memory)"


def run_study(
    task: str | Work,
    parameters: Mapping[str, Sequence[Plain]],
    *,
    seeds: int,
    seed: int = 0,
    out: str | Path | None = None,
    executor: Any = None,
    threads: int | None = None,
    settings: Mapping[str, Any] | None = None,
    progress: Progress = silent,
) -> StudyResult:
    """Carry out a task for each combination of parameters and each seed.

    Parameters
    ----------
    task : str or callable
        ``"executions"``, ``"run"`` or ``"coverage"`` (docs/study_file.md), or a function of your
        own: ``task(samples, settings)`` returns a flat row (dict) for each of some `Sample`, or
        columns. What it returns for a sample must come from that sample alone.
    parameters : mapping of str to sequence
        Values of each, crossed; the last one varies fastest.
    seeds : int
        Samples of each combination.
    seed : int
        Of the study; a sample draws from ``SeedSequence([seed, index])`` and nothing else.
    out : path, optional
        A folder: finished parts are written there, and the same study started again goes on with
        what is missing. The whole table becomes ``table.parquet``.
    executor : anything with ``submit``, optional
        A pool of ``concurrent.futures``, a ``dask.distributed.Client``; threads by default.
    threads : int, optional
        Without an executor; by default as many as there are processors.
    settings : mapping, optional
        What does not vary.
    progress : Progress
        Told (samples finished, samples).

    Returns
    -------
    StudyResult
        Sorted by sample. The same numbers, to the byte, for any workers, chunks or interruptions.

    Raises
    ------
    InputError
        An unknown parameter, a wrong value, or a folder that holds another study.
    NeedleSimError
        The disk is full or the workers cannot be reached; finished parts stay.
    """
    table.arrow()
    crew = Crew(executor, threads)
    given = dict(settings or {})
    if isinstance(task, str):
        parameters, given = tasks.named(task).checked(parameters, given)
    design = Design(parameters, seeds, seed)
    identity = Identity.of(task, design, given)
    chunk = Chunk(task, design, given, 0, len(design))
    if out is None:
        return _studied(chunk, identity, crew, None, progress)
    store = Store.of(Path(out), identity)
    with store.alone():
        return _studied(chunk, identity, crew, store, progress)


def _studied(
    chunk: Chunk, identity: Identity, crew: Crew, store: Store | None, progress: Progress
) -> StudyResult:
    """What is there, what is missing, and the table of both."""
    design = chunk.design
    tables, notes = ([], []) if store is None else store.parts()
    open_spans = gaps(tables, len(design))
    finished = len(design) - sum(stop - start for start, stop in open_spans)
    progress(finished, len(design))
    with closing(_carried_out(chunk, open_spans, crew)) as work:
        for done in work:
            if store is not None:
                store.save(done.table)
            tables.append(done.table)
            finished += done.stop - done.start
            progress(finished, len(design))
    whole = table.joined(tables)
    if store is not None:
        store.finish(whole)
    return StudyResult(whole, identity, tuple(design.parameters), tuple(notes))


def _carried_out(whole: Chunk, spans: Sequence[Span], crew: Crew) -> Generator[Done, None, None]:
    """Chunks as they are finished, in any order; the crew is let go whatever happens."""
    pace, left, suspects = Pace(crew.workers), list(reversed(spans)), list[Span]()
    pending: dict[Any, tuple[Span, bool]] = {}
    try:
        while left or suspects or pending:
            if suspects and not pending:  # alone, so that the blame is certain
                span = suspects.pop()
                pending[crew.submit(_cut(whole, span))] = span, True
            while left and not suspects and len(pending) < 2 * crew.workers:
                span = _next(left, pace)
                pending[crew.submit(_cut(whole, span))] = span, False
            for future in sorted(crew.first(pending), key=_in_trouble):  # keep what is good
                span, alone = pending.pop(future)
                try:
                    done = future.result()
                except Exception as error:
                    if not crew.died(future, error):
                        raise _unreached(span, error) from error
                    done, halves = _mourned(whole, span, alone=alone)
                    suspects.extend(halves)
                else:
                    crew.alive()
                    pace.learn(span[1] - span[0], done.seconds)
                if done is not None:
                    yield done
    finally:
        crew.close(pending)


def _in_trouble(future: Any) -> bool:
    return isinstance(future, Future) and (future.cancelled() or future.exception() is not None)


def _mourned(whole: Chunk, span: Span, *, alone: bool) -> tuple[Done | None, list[Span]]:
    """A worker died with a chunk: it is tried alone, then in halves, down to a failing row."""
    start, stop = span
    if not alone:
        return None, [span]
    if stop - start == 1:
        return lost(_cut(whole, span), _DIED), []
    middle = (start + stop) // 2
    return None, [(middle, stop), (start, middle)]


def _unreached(span: Span, error: Exception) -> NeedleSimError:
    said = " ".join(str(error).split()) or "cancelled; its scheduler may have gone away"
    return NeedleSimError(
        f"the executor could not carry out samples {span[0]} to {span[1] - 1} "
        f"({type(error).__name__}: {said:.300}). What is finished stays; start the same study "
        "again to go on"
    )


def _next(left: list[Span], pace: Pace) -> Span:
    """Takes the next samples off what is left (last run first)."""
    start, stop = left.pop()
    size = pace.next(stop - start + sum(b - a for a, b in left))
    size = min(size, stop - start)
    if start + size < stop:
        left.append((start + size, stop))
    return start, start + size


def _cut(whole: Chunk, span: Span) -> Chunk:
    return replace(whole, start=span[0], stop=span[1])
