"""Fusion hardware: pedicle screws and the rods between their heads, of titanium."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Side
from needle_sim.anatomy.finding import Finding
from needle_sim.anatomy.named_tissue import METAL
from needle_sim.anatomy.phantom.pathology.kind import Grade, Pathology
from needle_sim.anatomy.phantom.pathology.screw import (
    LONG_STEP_MM,
    PEDICLE_SHARE,
    THICK_STEP_MM,
    TOLD_MM,
    WALL_MM,
    Bed,
    Shaft,
    largest_mm,
    screw_size_mm,
)
from needle_sim.anatomy.phantom.posts import SIDES, Posts
from needle_sim.anatomy.phantom.voxelise import Layer
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit, bar, trace_mm
from needle_sim.geometry.transform import unit

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Anatomy
    from needle_sim.anatomy.phantom.pathology.draft import Draft
    from needle_sim.anatomy.phantom.spec import SpineSpec

_HEAD_MM, _HEAD_LONG_MM = 6.5, 13.0  # radius and length of a polyaxial head (from memory)
_SEAT_MM = 8.0  # from the bone to the rod's axis in the head
_END_MM = 5.0  # a rod stands out beyond the last heads


@dataclass(frozen=True)
class FusionHardware(Pathology):
    """Pedicle screws on both sides of some vertebrae, and two rods.

    Diameter and lengths are the largest that are taken: each screw is chosen for its level and
    side, as a surgeon does. Where the pedicle is narrower, or the bone shorter, than what is asked
    for, it is the next step that fits: multiples of 0.5 mm and of 5 mm. The notes and
    `needle_sim.anatomy.finding.findings` name each such screw; where the least does not fit the
    build is refused. The notes also name a screw that stands out of its bone by half a millimetre
    or more, beside a slender pedicle or body.

    Parameters
    ----------
    levels : tuple of str
        ``("L4", "L5", "S1")``, from the top, without a gap.
    screw_mm : float
        Greatest diameter of a screw's shaft, 4.5 to 8.5; it takes 85 % of a pedicle's width at
        most.
    length_mm : float
        Greatest length of a shaft, 25 to 60; 2 mm of bone stay before its tip.
    sacral_mm : float
        The same in S1, 20 to 50.
    rod_mm : float
        Diameter of the rods; 4 to 6.5.
    """

    kind: ClassVar[str] = "fusion_hardware"
    grades: ClassVar[Mapping[str, Grade]] = {
        "screw_mm": Grade(4.5, 8.5, "6.5 is usual in a lumbar pedicle", "diameter of the screws"),
        "length_mm": Grade(25.0, 60.0, "45 is usual in a lumbar vertebra", "length of the screws"),
        "sacral_mm": Grade(20.0, 50.0, "35 to 40 is usual in S1", "length of the screws of S1"),
        "rod_mm": Grade(4.0, 6.5, "5.5 is usual"),
    }

    levels: tuple[str, ...]
    screw_mm: float = 6.5
    length_mm: float = 45.0
    sacral_mm: float = 38.0
    rod_mm: float = 5.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.levels) < 2:
            raise InputError(f"a rod needs two vertebrae or more, got levels {self.levels}")

    def changed(self, spine: SpineSpec) -> SpineSpec:
        """Sizes stay; the vertebrae must be there, and their pedicles hold the thinnest screw."""
        run = "/".join(spine.levels)
        if "/".join(self.levels) not in run:
            raise InputError(
                f"levels must follow each other from the top, like L4, L5, S1; got {self.levels}, "
                f"and {spine.name} has {', '.join(spine.levels)}"
            )
        for level in self.levels:
            self._thick_mm(level, spine.vertebrae[level].pedicle_width_mm)
        return spine

    def altered(self, draft: Draft) -> Draft:
        """Screws along the axes of the pedicles, rods through their heads."""
        found: dict[str, Implicit] = {}
        shafts = []
        for side in SIDES:
            seats = []
            for level in self.levels:
                shaft, screw, seat = self._screw(draft, level, side)
                found[f"{level} {side} screw"] = screw
                shafts.append(shaft)
                seats.append(seat)
            found[f"{self.levels[0]}-{self.levels[-1]} {side} rod"] = self._rod(np.stack(seats))
        metal = tuple(Layer(METAL, shape) for shape in found.values())
        asked = {one.name: getattr(self, one.name) for one in fields(FusionHardware)}
        placed = PlacedHardware(**asked, shafts=tuple(shafts))
        others = tuple(placed if one is self else one for one in draft.spine.pathology)
        return replace(
            draft,
            spine=replace(draft.spine, pathology=others),
            bones={**draft.bones, **found},
            after=(*draft.after, *metal),
        )

    def _thick_mm(self, level: str, pedicle_mm: float) -> float:
        """Diameter of the screws of a level."""
        least, wide = self.grades["screw_mm"].low, PEDICLE_SHARE * pedicle_mm
        found = largest_mm(self.screw_mm, wide, least, step=THICK_STEP_MM)
        if not found:
            raise InputError(
                f"the pedicles of {level} are {pedicle_mm:.1f} mm wide and hold a screw of "
                f"{wide:.1f} mm, less than the thinnest of {least:g}; leave {level} out of levels"
            )
        return found

    def _long_mm(self, level: str, room: float) -> float:
        """Length of the screw of a level and side where ``room`` is the most."""
        name = self._length(level)
        least = self.grades[name].low
        found = largest_mm(getattr(self, name), room, least, step=LONG_STEP_MM)
        if not found:
            raise InputError(
                f"{self.kind}: the bone of {level} holds a screw of {room:.1f} mm with {WALL_MM:g} "
                f"mm before its tip, less than the shortest of {least:g}; leave {level} out of "
                "levels, or ask for a smaller screw_mm"
            )
        return found

    @staticmethod
    def _length(level: str) -> str:
        return "sacral_mm" if level == "S1" else "length_mm"

    def _screw(
        self, draft: Draft, level: str, side: Side
    ) -> tuple[Shaft, Implicit, NDArray[np.float64]]:
        """What was chosen, shaft and head in the patient, and where the rod sits."""
        post = Posts(draft.stack.vertebrae[level], side)
        body, bone = draft.stack.bodies[level], draft.bones[level]
        axis, pedicle = unit(body.turn(post.pedicle_axis)), body.apply(post.pedicle)
        entry = trace_mm(bone, pedicle + 45.0 * axis, -axis, off_mm=0.0)
        thick = self._thick_mm(level, post.spec.pedicle_width_mm)
        bed = Bed.of(bone, entry, axis, thick)
        long = self._long_mm(level, bed.room_mm)
        asked = getattr(self, self._length(level))
        out = bed.out_mm(float((entry - pedicle) @ axis), long)
        chosen = Shaft(level, side, thick, long, self.screw_mm, asked, out)
        half, tip = 0.5 * thick, entry - long * axis
        # the caps of a bar stand out beyond its ends; the shaft ends flat at its tip
        shaft = bar(tip + 0.5 * axis, entry, (half, half), across=body.turn([1.0, 0.0, 0.0]),
                    cap_mm=0.5, blend_mm=0.0)  # fmt: skip
        head = bar(entry + 0.5 * axis, entry + (_HEAD_LONG_MM - 0.5) * axis, (_HEAD_MM, _HEAD_MM),
                   across=body.turn([1.0, 0.0, 0.0]), cap_mm=0.5, blend_mm=0.0)  # fmt: skip
        return chosen, Implicit.of([shaft, head]), entry + _SEAT_MM * axis

    def _rod(self, seats: NDArray[np.float64]) -> Implicit:
        """A rod bent from head to head, patient."""
        ends = (
            seats[0] + _END_MM * unit(seats[0] - seats[1]),
            *seats,
            seats[-1] + _END_MM * unit(seats[-1] - seats[-2]),
        )
        half = 0.5 * self.rod_mm
        return Implicit.of(
            [bar(a, b, (half, half), across=(1.0, 0.0, 0.0), cap_mm=half, blend_mm=0.0)
             for a, b in pairwise(ends)]
        )  # fmt: skip


@dataclass(frozen=True)
class PlacedHardware(FusionHardware):
    """Fusion hardware in a spine: what was asked for, and each screw as it was chosen.

    Parameters
    ----------
    shafts : tuple of Shaft
        Of every level and side.
    """

    shafts: tuple[Shaft, ...] = ()

    def leaves(self, draft: Draft) -> str:
        """The screws that are smaller than asked for or stand out of their bone, and why."""
        return "; ".join(
            f"{one.level} {one.side} screw {words}" for one in self.shafts for words in _told(one)
        )

    def measured(self, anatomy: Anatomy) -> tuple[Finding, ...]:
        """Means over the screws of one size, each by rays across and along its own axis, beside
        the size that was chosen for them."""
        alike: dict[tuple[str, float, float], list[tuple[str, float]]] = {}
        for one in self.shafts:
            name = f"{one.level} {one.side}"
            thick, long = screw_size_mm(anatomy.bones[f"{name} screw"])
            length = self._length(one.level)
            for grade, asked, chosen, read in (
                ("screw_mm", one.asked_thick_mm, one.thick_mm, thick),
                (length, one.asked_long_mm, one.long_mm, long),
            ):
                alike.setdefault((grade, asked, chosen), []).append((name, read))
        order = sorted(alike, key=lambda key: (list(self.grades).index(key[0]), -key[2]))
        return tuple(self._finding(key, alike[key]) for key in order)

    def _finding(self, key: tuple[str, float, float], of: list[tuple[str, float]]) -> Finding:
        """Of screws that are alike, each by its name and as read."""
        grade, asked, chosen = key
        words = self.grades[grade].read
        if chosen != asked:
            names = ", ".join(name for name, _ in of)
            words += f", {names}, where {asked:g} mm do not fit"
        return self.found(words, "mm", chosen, float(np.mean([read for _, read in of])))


def _told(one: Shaft) -> Iterator[str]:
    """What is not as asked for, or not as a surgeon wants it."""
    if one.thick_mm < one.asked_thick_mm:
        yield (
            f"{one.thick_mm:g} mm thick, not {one.asked_thick_mm:g}: it takes "
            f"{100 * PEDICLE_SHARE:.0f} % of the pedicle's width at most"
        )
    if one.long_mm < one.asked_long_mm:
        yield (
            f"{one.long_mm:g} mm long, not {one.asked_long_mm:g}: {WALL_MM:g} mm of bone stay "
            "before its tip"
        )
    if one.out_mm >= TOLD_MM:
        yield f"stands {one.out_mm:.1f} mm out of the bone beside pedicle or body"
