"""`Tool`: leads, screws, balloons: an instrument told as stretches along its axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Literal

from needle_sim import presets
from needle_sim.errors import InputError
from needle_sim.instruments.part import CUT, VOID, density_g_cm3

Shape = Literal["cone", "capsule", "ellipsoid", "block"]

_MOST_PARTS = 400


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a tool; of those that overlap, the later takes the place of the earlier.

    Parameters
    ----------
    span_mm : (float, float), mm
        From the tip backwards along the axis.
    diameter_mm : (float, float), mm
        At both ends of a cone (a cylinder when equal), which follows a bent axis; the first alone
        of a capsule; of an ellipsoid and of a block, which are straight, towards the side that the
        tool faces and across it.
    material : str
        Of ``attenuation.toml``; ``"void"`` is hollow; ``"cut"`` leaves the patient in its place.
    shape : "cone", "capsule", "ellipsoid" or "block"
    contents : mapping of material to g/cm3
        Of a mixture, in place of ``material``.
    repeat : int
        So many of it,
    pitch_mm : float, mm
        each so far behind the one before.
    """

    span_mm: tuple[float, float]
    diameter_mm: tuple[float, float]
    material: str = ""
    shape: Shape = "cone"
    contents: Mapping[str, float] = field(default_factory=dict)
    repeat: int = 1
    pitch_mm: float = 0.0

    def __post_init__(self) -> None:
        if not self.span_mm[0] < self.span_mm[1]:
            raise InputError(f"span_mm must rise, from the tip backwards: got {self.span_mm}")
        if not (min(self.diameter_mm) >= 0 and 0 < max(self.diameter_mm) <= 100):
            raise InputError(f"diameter_mm must be 0 to 100, not both 0: got {self.diameter_mm}")
        if not (1 <= self.repeat <= _MOST_PARTS and (self.repeat == 1 or self.pitch_mm > 0)):
            raise InputError(
                f"repeat must be 1 to {_MOST_PARTS}, with a pitch_mm over 0: got {self.repeat=} "
                f"{self.pitch_mm=}"
            )
        if bool(self.material) == bool(self.contents):
            raise InputError("a stretch has either a material or contents")
        for name in {self.material, *self.contents} - {"", VOID, CUT}:
            density_g_cm3(name)
        object.__setattr__(self, "contents", MappingProxyType(dict(self.contents)))

    @property
    def kind(self) -> str:
        """``"solid"``, ``"void"`` or ``"cut"``."""
        return self.material if self.material in (VOID, CUT) else "solid"

    @property
    def g_cm3(self) -> Mapping[str, float]:
        """What it holds."""
        if self.contents or self.kind != "solid":
            return self.contents
        return {self.material: density_g_cm3(self.material)}


@dataclass(frozen=True, slots=True)
class Tool:
    """An instrument along an axis, its tip first.

    Parameters
    ----------
    stretches : tuple of Stretch
    length_mm : float or None
        Tip to rear end; None is as long as the path that it is placed on.
    """

    stretches: tuple[Stretch, ...]
    length_mm: float | None = None

    def __post_init__(self) -> None:
        if not self.stretches or sum(one.repeat for one in self.stretches) > _MOST_PARTS:
            raise InputError(f"a tool has 1 to {_MOST_PARTS} parts")
        if self.length_mm is not None and not 0 < self.length_mm <= 1000:
            raise InputError(f"length_mm must be over 0 and at most 1000, got {self.length_mm}")

    @classmethod
    def preset(cls, name: str) -> Tool:
        """A shipped tool by name; ``needle-sim list tools`` shows them."""
        return _preset(name)


@cache
def _preset(name: str) -> Tool:
    entries = presets.table("tools", name)
    presets.sourced(entries, f"tools.toml: {name}")
    return presets.preset(Tool, "tools", name)
