"""A vertebra that has slipped forward: with its arch (degenerative) or without it (isthmic)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from needle_sim.anatomy.anatomy import Bone
from needle_sim.anatomy.phantom.column import Column, column
from needle_sim.anatomy.phantom.pathology.kind import AtInterspace, Grade, neighbours, resized
from needle_sim.anatomy.phantom.pathology.rays import inside_mm, surface_normal
from needle_sim.anatomy.phantom.pathology.section import area_mm2, disc_plane
from needle_sim.anatomy.phantom.sacrum import sacrum_shape
from needle_sim.anatomy.phantom.vertebra import vertebra_shape
from needle_sim.errors import InputError
from needle_sim.geometry.transform import Frame, Transform, rigid, unit

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Anatomy
    from needle_sim.anatomy.phantom.pathology.draft import Draft
    from needle_sim.anatomy.phantom.spec import SpineSpec

_MEYERDING = ((0.0, "0"), (1e-9, "I"), (25.0, "II"), (50.0, "III"), (75.0, "IV"))
"""Percent of the endplate below from which a grade begins (Meyerding 1932; texts)."""
_SLIP = "slip over the endplate below"
_INSIDE_MM = 3.0  # from an endplate: there a body's walls are met, inside its rounded rim
_BACK_MM = 10.0  # behind the middle of the body: there its endplate is met
_START_MM = 50.0
_THROUGH_MM = 220.0  # from there through a whole sacrum: a run that does not end is none
_GRID_MM, _LEAST_VOXELS, _PAIRS = 1.0, 200, 40  # of the search for a defect
_FACETS_SHARE = 0.5  # of the slip that the worn superior processes below yield (proposed)
_SLICES_MM = (-8.0, -6.0, -4.0, -2.0, 2.0, 4.0)  # off the disc: there an axial series is cut
_GAP_MM = 2.0  # of a defect in the isthmus (proposed)


def meyerding(slip_percent: float) -> str:
    """Meyerding's grade, ``"0"`` to ``"IV"``."""
    return [grade for least, grade in _MEYERDING if slip_percent >= least][-1]


@dataclass(frozen=True)
class Spondylolisthesis(AtInterspace):
    """Degenerative slip: the whole upper vertebra lies forward, and its joints give way.

    Parameters
    ----------
    level : str
        ``"L4-L5"``.
    slip_percent : float
        Of the depth of the endplate below, 3 to 35; 8-25 is usual.
    """

    kind: ClassVar[str] = "spondylolisthesis"
    grades: ClassVar[Mapping[str, Grade]] = {
        "slip_percent": Grade(3.0, 35.0, "more than that is isthmic", _SLIP),
    }

    slip_percent: float

    def __str__(self) -> str:
        return (
            f"degenerative spondylolisthesis, Meyerding {meyerding(self.slip_percent)}: "
            f"{self.slip_percent:g} %"
        )

    def reshaped(self, spine: SpineSpec) -> SpineSpec:
        """The body slips; the faces below wear forwards."""
        spine, slip = slipped(spine, self.level, self.slip_percent)
        setback = spine.vertebrae[self.lower].facet_setback_mm - _FACETS_SHARE * slip
        return resized(spine, self.lower, facet_setback_mm=setback)

    def settled(self, spine: SpineSpec) -> SpineSpec:
        """The slip as asked for again, after its disc has changed."""
        return slipped(spine, self.level, self.slip_percent)[0]

    def leaves(self, draft: Draft) -> str:
        """The area of the dural sac behind the disc, as it came out."""
        return sac_left(draft, self.level)

    def readings(self, anatomy: Anatomy) -> Mapping[str, float]:
        """From the back walls of both bodies."""
        return {"slip_percent": slip_percent(anatomy, self.level)}


@dataclass(frozen=True)
class Spondylolysis(AtInterspace):
    """Isthmic slip: the isthmus is parted, the body slips and the arch stays behind.

    Parameters
    ----------
    level : str
        ``"L5-S1"``.
    slip_percent : float
        Of the depth of the endplate below, 0 (a defect without a slip) to 60.
    gap_mm : float
        Width of the defect, 1 to 5.
    """

    kind: ClassVar[str] = "spondylolysis"
    grades: ClassVar[Mapping[str, Grade]] = {
        "slip_percent": Grade(0.0, 60.0, "more needs another pelvis", _SLIP),
        "gap_mm": Grade(1.0, 5.0, "a healed one is no defect", "defect of the isthmus"),
    }

    slip_percent: float = 0.0
    gap_mm: float = _GAP_MM

    def __str__(self) -> str:
        return (
            f"isthmic spondylolisthesis, Meyerding {meyerding(self.slip_percent)}: "
            f"{self.slip_percent:g} %, defect {self.gap_mm:g} mm"
        )

    def reshaped(self, spine: SpineSpec) -> SpineSpec:
        """The body slips, the arch stays."""
        spine, slip = slipped(spine, self.level, self.slip_percent)
        back = max(slip, 0.0)
        return resized(spine, self.upper, arch_back_mm=back, pars_gap_mm=self.gap_mm)

    def settled(self, spine: SpineSpec) -> SpineSpec:
        """The slip as asked for again, after its disc has changed; the arch stays."""
        spine, more = slipped(spine, self.level, self.slip_percent)
        back = max(spine.vertebrae[self.upper].arch_back_mm + more, 0.0)
        return resized(spine, self.upper, arch_back_mm=back)

    def leaves(self, draft: Draft) -> str:
        """The area of the dural sac behind the disc, as it came out."""
        return sac_left(draft, self.level)

    def readings(self, anatomy: Anatomy) -> Mapping[str, float]:
        """From the back walls of both bodies, and along the isthmus of either side."""
        gaps = defects_mm(anatomy.bones[self.upper], anatomy.body(self.upper))
        slip = slip_percent(anatomy, self.level)
        return {"slip_percent": slip, "gap_mm": float(np.mean(gaps))}


def sac_left(draft: Draft, level: str) -> str:
    """Areas of the dural sac in the plane of a disc and in the narrowest slice along it, for a
    note."""
    sac, plane = draft.structures["dura"], disc_plane(draft.landmarks_mm, level)
    area = area_mm2(sac, plane)
    slices = [
        rigid(np.eye(3), [0.0, 0.0, z], target=plane.source, source=Frame("slice"))
        for z in _SLICES_MM
    ]
    least = min(area, *(area_mm2(sac, plane @ one, step_mm=0.25) for one in slices))
    return (
        f"sac_mm2 {area:.0f}: what is left of the dural sac in the plane of the disc; "
        f"{least:.0f} in the narrowest slice along it"
    )


def slipped(spine: SpineSpec, level: str, percent: float) -> tuple[SpineSpec, float]:
    """The spine with the upper vertebra moved along the endplate below, and by how much (mm).

    What the back walls are apart without a slip counts too, so that a reader of a lateral picture
    finds what was asked for.
    """
    upper, lower = neighbours(spine, level)
    stack = column(spine)
    before, depth = step_mm(
        *((_bone(stack, one, spine), stack.bodies[one]) for one in (upper, lower))
    )
    more = 0.01 * percent * depth - before
    slip = spine.vertebrae[lower].slip_above_mm + more
    return resized(spine, lower, slip_above_mm=slip), more


def _bone(stack: Column, level: str, spine: SpineSpec) -> Bone:
    spec = stack.vertebrae[level]
    own = sacrum_shape(spec, spine.sacrum) if level == "S1" else vertebra_shape(spec)
    return own.moved(stack.bodies[level])


def step_mm(upper: tuple[Bone, Transform], lower: tuple[Bone, Transform]) -> tuple[float, float]:
    """How far a back wall lies before the next one, and how deep the lower body is there, mm.

    Bones and their poses; rays in the median plane run along the endplates.
    """
    walls = []
    for (bone, body), way in ((upper, -1.0), (lower, 1.0)):
        over, up = body.apply([0.0, _BACK_MM, way * _START_MM]), way * body.matrix[:3, 2]
        above = inside_mm(bone, over, -up, reach_mm=_THROUGH_MM)
        if not above:
            raise InputError("a ray from the disc does not meet the endplate")
        inside = over - (above[0][0] + _INSIDE_MM) * up
        along = body.matrix[:3, 1]
        start = inside - _START_MM * along
        runs = [one for one in inside_mm(bone, start, along, reach_mm=2.0 * _START_MM)
                if one[0] < _START_MM < one[1]]  # fmt: skip
        if not runs:
            raise InputError("a ray along the endplate does not meet the body")
        walls.append([start + at * along for at in runs[0]])
    (_, back), (front_below, back_below) = walls
    along = unit(back_below - front_below)
    return float((back_below - back) @ along), float(np.linalg.norm(back_below - front_below))


def slip_percent(anatomy: Anatomy, level: str) -> float:
    """Slip of a vertebra on the next, in percent of the depth of the endplate below."""
    upper, _, lower = level.partition("-")
    step, depth = step_mm(*((anatomy.bones[one], anatomy.body(one)) for one in (upper, lower)))
    return 100.0 * step / depth


def defects_mm(bone: Bone, body: Transform) -> tuple[float, ...]:
    """Width of a defect between the arch and the rest of a vertebra, right and left; 0 without.

    The bone is sampled every millimetre; where two parts of it come nearest, the gap is measured
    square to the face of one.
    """
    low, high = bone.box_mm
    axes = [np.arange(a, b, _GRID_MM) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    solid = bone.distance_mm(grid.reshape(-1, 3)).reshape(grid.shape[:3]) < 0.0
    parts, _ = ndimage.label(solid)
    sizes = np.bincount(parts.ravel())[1:]
    if len(sizes) < 2 or np.sort(sizes)[-2] < _LEAST_VOXELS:
        return 0.0, 0.0
    clouds = [grid[parts == 1 + n] for n in np.argsort(sizes)[::-1][:2]]
    beside = [body.inverse().apply(cloud)[:, 0] for cloud in clouds]
    return tuple(
        _gap_mm(bone, *(cloud[sign * x > 0.0] for cloud, x in zip(clouds, beside, strict=True)))
        for sign in (-1.0, 1.0)
    )


def _gap_mm(bone: Bone, first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Gap between two parts of a bone, given by places (N, 3) within each."""
    away, nearest = cKDTree(second).query(first)
    found = []
    for n in np.argsort(away)[:_PAIRS]:
        towards = second[nearest[n]] - first[n]
        face = first[n] + inside_mm(bone, first[n], towards)[0][1] * unit(towards)
        normal = surface_normal(bone, face)
        across = inside_mm(bone, face + 1e-3 * normal, normal)
        found += [across[0][0]] if across else []
    return float(np.median(found)) if found else 0.0
