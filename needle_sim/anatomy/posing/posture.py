"""`Posture`: how a patient lies, breathes and is registered, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from needle_sim import presets
from needle_sim.anatomy.numbering import rank
from needle_sim.errors import InputError, PresetError
from needle_sim.shown import Shown

Up = Literal["posterior", "anterior", "left", "right"]

MOST_DEG = {"flexion_deg": 15.0, "bend_deg": 10.0, "axial_deg": 5.0}
"""Largest turn of one disc that is taken: about what a lumbar disc can do (texts, from memory)."""

_MOST_PILLOW_MM = 250.0
_LIES = {
    "posterior": "prone",
    "anterior": "supine",
    "left": "on the right side",
    "right": "on the left side",
}


@dataclass(frozen=True, slots=True)
class DiscTurn:
    """How far a disc turns the vertebra above it, and all above that, about its own middle.

    ``flexion_deg`` tips it forward (lordosis falls), ``bend_deg`` to the left, ``axial_deg`` turns
    its front to the left. The axes are the mean of those of the two neighbours.
    """

    flexion_deg: float = 0.0
    bend_deg: float = 0.0
    axial_deg: float = 0.0

    def __post_init__(self) -> None:
        for name, most in MOST_DEG.items():
            if not abs(getattr(self, name)) <= most:
                raise InputError(
                    f"{name} of a disc must be -{most:g} to {most:g}, got {getattr(self, name)}"
                )

    @property
    def vector_deg(self) -> NDArray[np.float64]:
        """Rotation vector (3,) in the frame of the disc: +x left, +y posterior, +z cranial."""
        return np.array([self.flexion_deg, self.bend_deg, self.axial_deg])


@dataclass(frozen=True, slots=True)
class Pillow:
    """What a pillow (or bolster) under the abdomen adds: flexion by disc, in proportion to it."""

    height_mm: float
    flexion_deg: Mapping[str, float]

    def __post_init__(self) -> None:
        if not 0 <= self.height_mm <= _MOST_PILLOW_MM:
            raise InputError(
                f"height_mm of a pillow must be 0 to {_MOST_PILLOW_MM:g}, got {self.height_mm}"
            )
        object.__setattr__(self, "flexion_deg", MappingProxyType(dict(self.flexion_deg)))


@dataclass(frozen=True, slots=True)
class Breathing:
    """What moves from end expiration to end inspiration.

    Parameters
    ----------
    diaphragm_mm : float
        Organs under the diaphragm, towards the feet; less further down and beside bone.
    wall_mm : float
        The abdominal wall, ventrally; 0 where it lies on the table.
    spine_dorsal_mm, spine_caudal_mm : float
        The whole column.
    """

    diaphragm_mm: float = 0.0
    wall_mm: float = 0.0
    spine_dorsal_mm: float = 0.0
    spine_caudal_mm: float = 0.0

    def __post_init__(self) -> None:
        for one in fields(self):
            if not -20 <= getattr(self, one.name) <= 40:
                raise InputError(f"{one.name} must be -20 to 40 mm, got {getattr(self, one.name)}")


@dataclass(frozen=True, slots=True)
class Registration:
    """The error between the anatomy as planned and as it lies: standard deviations by axis."""

    shift_mm: float = 0.0
    turn_deg: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.shift_mm <= 20 and 0 <= self.turn_deg <= 10):
            raise InputError(
                "a registration error must be 0 to 20 mm and 0 to 10 degrees, got "
                f"{self.shift_mm} and {self.turn_deg}"
            )


@dataclass(frozen=True, slots=True)
class Posture(Shown):
    """How a patient lies, as changes from the anatomy as it was scanned or built (supine).

    `Posture.preset` reads a shipped one: ``supine``, ``prone``, ``prone_pillow``, ``left_lateral``
    and ``right_lateral``.

    Parameters
    ----------
    name, summary : str
    up : str
        The side of the patient that points away from the floor.
    discs : mapping of str to DiscTurn
        By disc, ``"L4-L5"``; a disc that is not named does not turn.
    pillow : Pillow or None
    breathing : Breathing
    registration : Registration
    """

    name: str
    up: Up
    summary: str = ""
    discs: Mapping[str, DiscTurn] = field(default_factory=dict)
    pillow: Pillow | None = None
    breathing: Breathing = Breathing()
    registration: Registration = Registration()

    def __post_init__(self) -> None:
        if self.up not in _LIES:
            raise InputError(f"up must be one of {', '.join(_LIES)}, got {self.up!r}")
        named = [*self.discs, *(self.pillow.flexion_deg if self.pillow else ())]
        for disc in named:
            upper, dash, lower = disc.partition("-")
            if not dash or rank(upper) >= rank(lower):
                raise InputError(f"a disc is named upper-lower, like 'L4-L5', got {disc!r}")
        object.__setattr__(self, "discs", MappingProxyType(dict(self.discs)))
        for disc in named:
            DiscTurn(*self.turn_deg(*disc.split("-")))  # the pillow's part added

    @classmethod
    def preset(cls, name: str) -> Posture:
        """A shipped posture by name; ``needle-sim list postures`` shows them."""
        folder = presets.folder("presets") / "postures"
        known = sorted(path.stem for path in folder.glob("*.toml"))
        if name not in known:
            raise PresetError(f"no posture is called {name!r}{presets.nearest(name, known)}")
        path = folder / f"{name}.toml"
        entries = presets.read_toml(path)
        entries.pop("revision", None)
        presets.sourced(entries, path.name)
        return presets.into(cls, {"name": name, **entries}, where=path.name)

    @property
    def lies(self) -> str:
        """``"prone"``, ``"supine"``, ``"on the left side"`` or ``"on the right side"``."""
        return _LIES[self.up]

    @property
    def flexion_deg(self) -> float:
        """Of all discs together, the pillow's included: how much lordosis falls."""
        own = sum(one.flexion_deg for one in self.discs.values())
        return own + (sum(self.pillow.flexion_deg.values()) if self.pillow else 0.0)

    def turn_deg(self, upper: str, lower: str) -> NDArray[np.float64]:
        """Rotation vector (3,) of the discs between two vertebrae, as `DiscTurn.vector_deg`.

        More than one where vertebrae between them are not known.
        """
        found = np.zeros(3)
        for disc, turn in self.discs.items():
            found += turn.vector_deg if _between(disc, upper, lower) else 0.0
        for disc, flexion in self.pillow.flexion_deg.items() if self.pillow else ():
            found[0] += flexion if _between(disc, upper, lower) else 0.0
        return found

    def pillowed(self, height_mm: float) -> Posture:
        """The same posture on a pillow of another height: its flexion in proportion."""
        if self.pillow is None or not self.pillow.height_mm > 0:
            raise InputError(f"posture {self.name} has no pillow: start from 'prone_pillow'")
        share = height_mm / self.pillow.height_mm
        flexion = {disc: share * one for disc, one in self.pillow.flexion_deg.items()}
        return replace(self, pillow=Pillow(height_mm, flexion))

    def undone(self) -> Posture:
        """The turns the other way, without breath or registration: brings a posed anatomy back."""
        named = dict.fromkeys([*self.discs, *(self.pillow.flexion_deg if self.pillow else ())])
        turns = {disc: DiscTurn(*-self.turn_deg(*disc.split("-"))) for disc in named}
        return Posture(f"{self.name} undone", "anterior", "", turns)

    def facts(self) -> dict[str, str]:
        """What a notebook shows."""
        return {
            "name": self.name,
            "lies": self.lies,
            "flexion": f"{self.flexion_deg:+.1f} degrees",
            "pillow": "none" if self.pillow is None else f"{self.pillow.height_mm:.0f} mm",
        }


def _between(disc: str, upper: str, lower: str) -> bool:
    """Whether a disc lies between two vertebrae."""
    first, _, last = disc.partition("-")
    return rank(upper) <= rank(first) and rank(last) <= rank(lower)
