"""Progress of long verbs: a callable that takes (done, total)."""

from __future__ import annotations

from typing import Any, Protocol


class Progress(Protocol):
    """Called with the work done and the work there is, in the same unit."""

    def __call__(self, done: int, total: int) -> None: ...


def silent(done: int, total: int) -> None:
    """Say nothing."""


def bar(label: str) -> Progress:
    """A tqdm bar on stderr, drawn on the first call and closed when done."""
    from tqdm import tqdm

    meter: Any = None

    def show(done: int, total: int) -> None:
        nonlocal meter
        if meter is None:
            meter = tqdm(total=total, desc=label, leave=False)
        meter.update(done - meter.n)
        if done >= total:
            meter.close()

    return show
