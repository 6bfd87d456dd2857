"""What the acts of a rehearsal share: a line in the book, and the needle they need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from needle_sim.errors import InputError
from needle_sim.instruments.placed import PlacedNeedle

if TYPE_CHECKING:
    from needle_sim.rehearsal.rehearsal import Rehearsal


def noted(it: Rehearsal, do: str, said: str, **more: Any) -> None:
    """Say it, and write it down with time, depth and pass."""
    it.said = said
    more.setdefault("depth_mm", it.hand.depth_mm)
    it.book.note(do, said, it.t_s, needle_pass=it.hand.needle_pass, **more)


def in_patient(it: Rehearsal) -> PlacedNeedle:
    """The needle, or what is missing."""
    placed = it.hand.placed()
    if placed is None:
        raise InputError("no needle is in the patient: mark the skin and insert one first")
    return placed


def opened(it: Rehearsal, what: str) -> PlacedNeedle:
    """The needle with its stylet out, or what is missing."""
    placed = in_patient(it)
    if it.hand.stylet_in:
        raise InputError(f"the stylet is in: take it out before you {what}")
    return placed
