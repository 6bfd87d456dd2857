"""Degeneration of a disc: it loses height and its nucleus, bulges, holds gas, and scleroses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from needle_sim.anatomy.anatomy import Bone
from needle_sim.anatomy.phantom.disc import disc_rows
from needle_sim.anatomy.phantom.pathology.ahead import at_disc
from needle_sim.anatomy.phantom.pathology.kind import AtInterspace, Grade, resized
from needle_sim.anatomy.phantom.pathology.rays import inside_mm
from needle_sim.anatomy.phantom.pathology.section import disc_plane, volume_mm3
from needle_sim.anatomy.phantom.pathology.slip import (
    Spondylolisthesis,
    Spondylolysis,
    defects_mm,
)
from needle_sim.anatomy.phantom.voxelise import Layer, Shape
from needle_sim.anatomy.tissue import label, tissues
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit, Row, drum

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Anatomy
    from needle_sim.anatomy.phantom.pathology.draft import Draft
    from needle_sim.anatomy.phantom.spec import SpineSpec

_NO_NUCLEUS, _SCLEROTIC = 4.0, 5.0  # Pfirrmann grades from which on (proposed)
_BULGE_MM = {3.0: 0.5, 4.0: 1.5, 5.0: 2.0}  # over the rims behind (proposed)
_FORAMEN = 0.7  # of the height that a disc loses, its foramina lose (proposed)
_SCLEROSIS_HU, _SCLEROSIS_MM = 420.0, 4.0  # under an endplate (proposed)
_CLEFT_SHARE, _CLEFT_MM = 0.22, (1.9, 3.5)  # of the disc's height: how high a cleft is (proposed)
_OFF_RIM_MM = 3.0  # so far from the fat around a disc its gas is read
_GAS_BELOW_HU = -150.0  # what is darker is gas; its partly filled neighbours count too
_TURNS = 3  # of a disc's height beside a slip, until it is as asked for
_ACROSS = ("left", "right"), ("anterior", "posterior")
_FIBROUS_HU = 90.0


@dataclass(frozen=True)
class DiscDegeneration(AtInterspace):
    """A degenerated disc.

    Parameters
    ----------
    level : str
        ``"L4-L5"``.
    grade : float
        1 to 5 (Pfirrmann 2001, Spine 26:1873): from 4 on nucleus and annulus are one; 5 is
        collapsed, here with sclerosis of the endplates.
    height_mm : float
        Between the endplates in the middle of the disc, bone to bone; here 16 at L4-L5 where it
        is healthy. 4 to 20.
    vacuum_mm3 : float
        Gas in its clefts; 0 to 3000.
    """

    kind: ClassVar[str] = "disc_degeneration"
    grades: ClassVar[Mapping[str, Grade]] = {
        "height_mm": Grade(4.0, 20.0, "a fused level is not built", "height of the disc"),
        "vacuum_mm3": Grade(0.0, 3000.0, "0 is none", "gas in the disc"),
    }

    grade: float
    height_mm: float
    vacuum_mm3: float = 0.0

    def __post_init__(self) -> None:
        if self.grade not in (1.0, 2.0, 3.0, 4.0, 5.0):
            raise InputError(f"grade must be 1, 2, 3, 4 or 5 (Pfirrmann), got {self.grade:g}")
        super().__post_init__()

    def reshaped(self, spine: SpineSpec) -> SpineSpec:
        """The disc sinks; it bulges, and the foramina between the pedicles sink with it."""
        upper, lower = self.upper, self.lower
        low, top = spine.vertebrae[lower], spine.vertebrae[upper]
        dishes = top.dish_mm + low.dish_mm
        lost = low.disc_above_mm + dishes - self.height_mm
        room = max(top.foramen_height_mm - _FORAMEN * lost, 0.5 * top.foramen_height_mm)
        hollow = low.disc_hollow_mm - _BULGE_MM.get(self.grade, 0.0)
        if self.grade in _BULGE_MM:
            hollow = min(hollow, -_BULGE_MM[self.grade])
        spine = resized(spine, upper, foramen_height_mm=room)
        spine = resized(
            spine, lower, disc_above_mm=max(self.height_mm - dishes, 0.5), disc_hollow_mm=hollow
        )
        for one in spine.pathology:
            if isinstance(one, Spondylolisthesis | Spondylolysis) and one.level == self.level:
                spine = self._with_slip(spine, one)
        return spine

    def _with_slip(self, spine: SpineSpec, slip: Spondylolisthesis | Spondylolysis) -> SpineSpec:
        """Both as asked for: endplates that are not level stand apart by how far they slip."""
        for _ in range(_TURNS):
            spine = slip.settled(spine)
            _, bones, landmarks = at_disc(spine, self.level)
            missing = self.height_mm - _height_mm(landmarks, bones, self.level)
            above = spine.vertebrae[self.lower].disc_above_mm + missing
            spine = resized(spine, self.lower, disc_above_mm=max(above, 0.5))
        spine = slip.settled(spine)
        return spine if isinstance(slip, Spondylolisthesis) else self._with_gap(spine, slip)

    def _with_gap(self, spine: SpineSpec, slip: Spondylolysis) -> SpineSpec:
        """With the defect of the isthmus as wide as asked for under a lower foramen."""
        for _ in range(_TURNS):
            stack, bones, _ = at_disc(spine, self.level)
            gap = float(np.mean(defects_mm(bones[self.upper], stack.bodies[self.upper])))
            missing = slip.gap_mm - gap
            if abs(missing) < 0.01 * slip.gap_mm:
                return spine
            setting = spine.vertebrae[self.upper].pars_gap_mm + missing
            if setting <= 0.0:
                break
            spine = resized(spine, self.upper, pars_gap_mm=setting)
        raise InputError(
            f"height_mm {self.height_mm:g} of {self.level} leaves no defect of gap_mm "
            f"{slip.gap_mm:g} beside a slip of {slip.slip_percent:g} %; ask for a higher disc"
        )

    def altered(self, draft: Draft) -> Draft:
        """Fibrous tissue in place of the nucleus, gas, and dense bone under the endplates."""
        rows = disc_rows(draft.stack, self.upper, self.lower)
        before, tints = draft.before, draft.tints
        if self.grade >= _NO_NUCLEUS:
            before = (*before, Layer("annulus", Implicit.of(rows), 0.0, _FIBROUS_HU))
        if self.vacuum_mm3 > 0.0:
            before = (*before, Layer("disc_gas", self._gas(draft, rows[0])))
        if self.grade >= _SCLEROTIC:
            tints = (*tints, *((shape, _SCLEROSIS_HU) for shape in self._sclerosis(draft)))
        return replace(draft, before=before, tints=tints)

    def readings(self, anatomy: Anatomy) -> Mapping[str, float]:
        """Height from bone to bone; gas from what the CT lacks in the disc."""
        found = {"height_mm": disc_height_mm(anatomy, self.level)}
        if self.vacuum_mm3 > 0.0:
            found["vacuum_mm3"] = gas_mm3(anatomy, self.level)
        return found

    def _gas(self, draft: Draft, annulus: Row) -> Implicit:
        """Clefts of the wanted volume in the middle of a disc: a wide one, and one before it."""
        left, back = annulus[6:9], annulus[9:12]
        middle = annulus[3:6]
        tall = float(np.clip(_CLEFT_SHARE * self.height_mm, *_CLEFT_MM))
        side = float(np.sqrt(self.vacuum_mm3 / tall))
        for _ in range(4):
            wide, deep = 1.35 * side, 0.75 * side
            shape = Implicit.of([
                drum((wide, deep), (wide, deep), (tall, 0.8 * tall), round_mm=0.45 * tall,
                     centre_mm=middle, axes=(left, back)),
                drum((0.5 * wide, 0.5 * deep), (0.5 * wide, 0.5 * deep), (0.8 * tall, 0.8 * tall),
                     round_mm=0.35 * tall, axes=(left, back), blend_mm=0.5,
                     centre_mm=middle - 0.45 * deep * back + 0.22 * wide * left),
            ])  # fmt: skip
            side *= float(np.sqrt(self.vacuum_mm3 / volume_mm3(shape, step_mm=0.8)))
        if 1.35 * side > annulus[12] - 6.0 or 1.1 * side > annulus[13] - 6.0:
            raise InputError(
                f"{self.kind}: {self.vacuum_mm3:g} mm3 of gas do not fit into {self.level}; "
                "ask for less"
            )
        return shape

    def _sclerosis(self, draft: Draft) -> Iterator[Shape]:
        for level, sign in ((self.upper, -1.0), (self.lower, 1.0)):
            spec = draft.stack.vertebrae[level]
            size = (spec.upper_width_mm, spec.upper_depth_mm)
            if sign < 0:
                size = (spec.lower_width_mm, spec.lower_depth_mm)
            size = (0.72 * size[0], 0.7 * size[1])
            z = sign * (0.5 * spec.height_mm - spec.dish_mm - 0.5 * _SCLEROSIS_MM - 0.8)
            yield Implicit.of([
                drum(size, size, (1.3 * _SCLEROSIS_MM, 0.8 * _SCLEROSIS_MM), round_mm=2.0,
                     centre_mm=[0.0, -2.0, z])
            ]).moved(draft.stack.bodies[level])  # fmt: skip


def disc_height_mm(anatomy: Anatomy, level: str) -> float:
    """From bone to bone along the axis of a disc, in its middle."""
    return _height_mm(anatomy.landmarks_mm, anatomy.bones, level)


def _height_mm(
    landmarks_mm: Mapping[str, NDArray[np.float64]], bones: Mapping[str, Bone], level: str
) -> float:
    upper, _, lower = level.partition("-")
    plane = disc_plane(landmarks_mm, level)
    middle = plane.apply([0.0, -0.5 * _span_mm(landmarks_mm, level, *_ACROSS[1]), 0.0])
    up = plane.matrix[:3, 2]
    runs = [
        inside_mm(bones[name], middle, towards) for name, towards in ((upper, up), (lower, -up))
    ]
    if not all(runs):
        raise InputError(f"no endplate above or below the middle of {level}")
    return runs[0][0][0] + runs[1][0][0]


def gas_mm3(anatomy: Anatomy, level: str) -> float:
    """Volume of gas in a disc: what the HU of its voxels lack, over what gas lacks."""
    plane, ct = disc_plane(anatomy.landmarks_mm, level), anatomy.ct
    box = anatomy.spaces[f"{level} disc"].shape.box_mm
    ends = ct.voxels([[x, y, z] for x in box[:, 0] for y in box[:, 1] for z in box[:, 2]])
    low, high = np.floor(ends.min(axis=0)).astype(int), np.ceil(ends.max(axis=0)).astype(int) + 1
    part = ct.crop(np.maximum(low, 0).tolist(), np.minimum(high, ct.shape).tolist())
    index = np.stack(np.meshgrid(*map(np.arange, part.shape), indexing="ij"), -1).reshape(-1, 3)
    x, y, z = plane.inverse().apply(part.patient_from_voxel.apply(index)).T
    wide, deep = (_span_mm(anatomy.landmarks_mm, level, *ends) for ends in _ACROSS)
    u, v = x / (0.5 * wide - _OFF_RIM_MM), (y + 0.5 * deep) / (0.5 * deep - _OFF_RIM_MM)
    tall = 0.5 * disc_height_mm(anatomy, level) + 1.0
    inside = ((u**2 + v**2 < 1.0) & (np.abs(z) < tall)).reshape(part.shape)
    hu = part.array.astype(np.float64)
    solid = float(np.median(hu[inside & (hu > 0.0) & (hu < 0.5 * _SCLEROSIS_HU)]))
    gas = inside & (hu < _GAS_BELOW_HU)
    around = binary_dilation(gas, iterations=2) & (hu < 0.5 * _SCLEROSIS_HU)
    lacking = (solid - hu[around]).sum()
    voxel_mm3 = float(np.prod(part.spacing_mm))
    return float(lacking / (solid - tissues()[label("disc_gas")].hu) * voxel_mm3)


def _span_mm(
    landmarks_mm: Mapping[str, NDArray[np.float64]], level: str, one: str, other: str
) -> float:
    """Of a disc between two places of the rims, mean of both endplates."""
    upper, _, lower = level.partition("-")
    spans = [
        np.linalg.norm(
            landmarks_mm[f"{name} {which}_endplate_{one}"]
            - landmarks_mm[f"{name} {which}_endplate_{other}"]
        )
        for name, which in ((upper, "inferior"), (lower, "superior"))
    ]
    return float(np.mean(spans))
