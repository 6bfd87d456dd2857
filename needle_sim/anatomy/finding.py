"""`Finding`: a grade that was asked for beside the same grade as it is measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from needle_sim.errors import InputError

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Anatomy


@dataclass(frozen=True, slots=True)
class Finding:
    """One measured quantity of a pathology.

    Parameters
    ----------
    kind : str
        Of the pathology, ``"central_stenosis"``.
    where : str
        Level and side, ``"L4-L5"`` or ``"L4-L5 right"``.
    quantity, unit : str
        ``"area of the dural sac"`` and ``"mm2"``.
    requested, measured : float
        In that unit.
    """

    kind: str
    where: str
    quantity: str
    unit: str
    requested: float
    measured: float

    @property
    def share_off(self) -> float:
        """How far the measured one lies off, over the request (over 1 where that is 0)."""
        return abs(self.measured - self.requested) / (abs(self.requested) or 1.0)

    def to_row(self) -> dict[str, str | float]:
        """Flat, for a table."""
        return {name: getattr(self, name) for name in self.__slots__}

    def __str__(self) -> str:
        return (
            f"{self.kind} {self.where}: {self.quantity} {self.measured:.3g} {self.unit} "
            f"({self.requested:.3g} asked for)"
        )


class Ailment(Protocol):
    """A pathology as an `Anatomy` holds it: it says what it is, and measures itself."""

    kind: ClassVar[str]

    @property
    def where(self) -> str:
        """Level and side."""
        ...

    def measured(self, anatomy: Anatomy) -> tuple[Finding, ...]:
        """Its grades, read from the anatomy."""
        ...

    def gone(self, name: str) -> str:
        """Why a landmark or a space is not there on its account; empty where it has no part."""
        ...


def findings(anatomy: Anatomy) -> tuple[Finding, ...]:
    """Every pathology of an anatomy with its grade as asked for and as measured.

    Parameters
    ----------
    anatomy : Anatomy
        Of a phantom; a CT has no requests, and none are returned.

    Returns
    -------
    tuple of Finding
        Read from the built shapes, landmarks and voxels, whichever way they came about.
    """
    return tuple(one for ailment in anatomy.pathology for one in ailment.measured(anatomy))


def why_gone(ailments: Iterable[Ailment], name: str) -> str:
    """`": reason"` where a pathology took a landmark or a space; empty where none did."""
    reasons = (one.gone(name) for one in ailments)
    return next((f": {reason}" for reason in reasons if reason), "")


def within(name: str, value: float, low: float, high: float, way_out: str) -> None:
    """`InputError` where a grade lies out of what can be."""
    if not low <= value <= high:
        raise InputError(f"{name} must lie from {low:g} to {high:g}, got {value:g}; {way_out}")
