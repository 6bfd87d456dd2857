"""`kept`: what a refused act must put back, at a cost that does not grow with what was done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from needle_sim.rehearsal.rehearsal import Rehearsal


def kept(it: Rehearsal, names: Iterable[str]) -> Callable[[], None]:
    """What puts these attributes and the parts back as they stand; the parts stay the same ones."""
    here = {name: getattr(it, name) for name in names}
    pose = it.scope.pose
    parts = [fields_of(it.syringe), _hand(it), it.book.kept()]

    def back() -> None:
        for name, value in here.items():
            setattr(it, name, value)
        it.scope.pose = pose
        for part in parts:
            part()

    return back


def _hand(it: Rehearsal) -> Callable[[], None]:
    """The needle: its ways are a list of which only the last one can change."""
    hand = it.hand
    others, count, last = fields_of(hand), len(hand.headings), hand.headings[-1:]

    def back() -> None:
        others()
        hand.headings[max(count - 1, 0) :] = last

    return back


def fields_of(part: Any) -> Callable[[], None]:
    """What sets the fields of a part to what they are; nothing inside of them may change."""
    values = {one.name: getattr(part, one.name) for one in fields(part)}

    def back() -> None:
        for name, value in values.items():
            setattr(part, name, value)

    return back
