"""Fusion hardware: pedicle screws and the rods between their heads, of titanium."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Bone
from needle_sim.anatomy.named_tissue import METAL
from needle_sim.anatomy.phantom.pathology.kind import Grade, Pathology
from needle_sim.anatomy.phantom.pathology.rays import inside_mm
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
_PEDICLE_SHARE = 0.85  # of a pedicle's width that a screw may take (from memory)
_WALL_MM = 2.0  # of bone that stays before a screw's tip


@dataclass(frozen=True)
class FusionHardware(Pathology):
    """Pedicle screws on both sides of some vertebrae, and two rods.

    Parameters
    ----------
    levels : tuple of str
        ``("L4", "L5", "S1")``, from the top, without a gap.
    screw_mm, length_mm : float
        Diameter and length of a screw's shaft; 4.5 to 8.5, and 25 to 60.
    sacral_mm : float
        Length of the shafts in S1; 20 to 50.
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
        """Sizes stay; the pedicles must hold the screws."""
        run = "/".join(spine.levels)
        if "/".join(self.levels) not in run:
            raise InputError(
                f"levels must follow each other from the top, like L4, L5, S1; got {self.levels}, "
                f"and {spine.name} has {', '.join(spine.levels)}"
            )
        for level in self.levels:
            wide = _PEDICLE_SHARE * spine.vertebrae[level].pedicle_width_mm
            if self.screw_mm > wide:
                raise InputError(
                    f"screw_mm {self.screw_mm:g} is too wide for the pedicles of {level}; "
                    f"at most {wide:.1f}"
                )
        return spine

    def altered(self, draft: Draft) -> Draft:
        """Screws along the axes of the pedicles, rods through their heads."""
        found: dict[str, Implicit] = {}
        for side in SIDES:
            seats = []
            for level in self.levels:
                screw, seat = self._screw(draft, level, side)
                found[f"{level} {side} screw"] = screw
                seats.append(seat)
            found[f"{self.levels[0]}-{self.levels[-1]} {side} rod"] = self._rod(np.stack(seats))
        metal = tuple(Layer(METAL, shape) for shape in found.values())
        return replace(draft, bones={**draft.bones, **found}, after=(*draft.after, *metal))

    def readings(self, anatomy: Anatomy) -> Mapping[str, float]:
        """Means over all screws, each by rays across and along its own axis."""
        lumbar = [level for level in self.levels if level != "S1"]
        thick, long = np.mean([_sizes_mm(anatomy, level) for level in lumbar], axis=0)
        found = {"screw_mm": float(thick), "length_mm": float(long)}
        if "S1" in self.levels:
            found["sacral_mm"] = float(_sizes_mm(anatomy, "S1")[1])
        return found

    def _long_mm(self, level: str) -> float:
        return self.sacral_mm if level == "S1" else self.length_mm

    def _screw(self, draft: Draft, level: str, side: str) -> tuple[Implicit, NDArray[np.float64]]:
        """Shaft and head in the patient, and where the rod sits."""
        post = Posts(draft.stack.vertebrae[level], "left" if side == "left" else "right")
        body, bone = draft.stack.bodies[level], draft.bones[level]
        axis, pedicle = unit(body.turn(post.pedicle_axis)), body.apply(post.pedicle)
        entry = trace_mm(bone, pedicle + 45.0 * axis, -axis, off_mm=0.0)
        tip = entry - self._long_mm(level) * axis
        if bone.distance_mm(tip[None])[0] > -_WALL_MM:
            raise InputError(
                f"{self.kind}: a screw of {self._long_mm(level):g} mm leaves the bone of {level}; "
                "take a shorter one"
            )
        half = 0.5 * self.screw_mm
        # the caps of a bar stand out beyond its ends; the shaft ends flat at its tip
        shaft = bar(tip + 0.5 * axis, entry, (half, half), across=body.turn([1.0, 0.0, 0.0]),
                    cap_mm=0.5, blend_mm=0.0)  # fmt: skip
        head = bar(entry + 0.5 * axis, entry + (_HEAD_LONG_MM - 0.5) * axis, (_HEAD_MM, _HEAD_MM),
                   across=body.turn([1.0, 0.0, 0.0]), cap_mm=0.5, blend_mm=0.0)  # fmt: skip
        return Implicit.of([shaft, head]), entry + _SEAT_MM * axis

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


def _sizes_mm(anatomy: Anatomy, level: str) -> NDArray[np.float64]:
    """Diameter and length (2,) of a level's screws, mean of both sides."""
    screws = [anatomy.bones[f"{level} {side} screw"] for side in SIDES]
    return np.asarray(np.mean([screw_size_mm(one) for one in screws], axis=0))


def screw_size_mm(screw: Bone) -> tuple[float, float]:
    """Diameter and length of a screw's shaft: across its own axis, and from tip to head."""
    low, high = screw.box_mm
    axes = [np.arange(a, b, 0.8) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    points = points[screw.distance_mm(points) < -0.3]
    middle = points.mean(axis=0)
    axis = np.linalg.svd(points - middle, full_matrices=False)[2][0]
    across = unit(np.cross(axis, [0.3, 0.5, 0.8]))
    enters, leaves = inside_mm(screw, middle - 60.0 * axis, axis, reach_mm=120.0)[0]
    at = np.arange(enters + 1.0, leaves - 1.0, 0.1)
    wide = np.array([_across_mm(screw, middle + (one - 60.0) * axis, across) for one in at])
    thick = float(np.median(wide))
    shaft = at[wide < 1.3 * thick]
    head_first = bool(wide[0] > 1.3 * thick)
    return thick, float(leaves - shaft.min() if head_first else shaft.max() - enters)


def _across_mm(shape: Bone, at: NDArray[np.float64], across: NDArray[np.float64]) -> float:
    return sum(inside_mm(shape, at, sign * across, reach_mm=12.0)[0][1] for sign in (-1.0, 1.0))
