"""Facet joints: arthrosis, and joints that face unlike ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from needle_sim.anatomy.phantom.column import Column, column
from needle_sim.anatomy.phantom.joint import joint_ends
from needle_sim.anatomy.phantom.pathology.crowding import Core
from needle_sim.anatomy.phantom.pathology.facet_reading import face_deg, gap_mm, spur_mm
from needle_sim.anatomy.phantom.pathology.kind import AtInterspace, Grade, resized
from needle_sim.anatomy.phantom.pathology.rays import inside_mm
from needle_sim.anatomy.phantom.posts import SIDES, Posts
from needle_sim.anatomy.phantom.sacrum import sacrum_shape
from needle_sim.anatomy.phantom.vertebra import vertebra_shape
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit, bar

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Anatomy
    from needle_sim.anatomy.phantom.pathology.draft import Draft
    from needle_sim.anatomy.phantom.spec import SpineSpec

_SCLEROSIS_HU = {1.0: 330.0, 2.0: 480.0, 3.0: 640.0}  # under the faces (proposed)
_SCLEROTIC_MM = 5.0  # so deep (proposed)
_THICKER = 0.15  # of the superior process, a grade (proposed)
_SPUR_HALF = 0.3  # of its process's height: half the height of a spur (proposed)
_LEAST_GAP_MM = 0.05  # that the sizes of a joint take
_BEHIND_MM = 1.2  # from the end of the joint's line to a spur (proposed)


@dataclass(frozen=True)
class FacetArthrosis(AtInterspace):
    """Narrow facet joints with spurs over their back rim, both sides.

    Parameters
    ----------
    level : str
        ``"L4-L5"``.
    grade : float
        0 to 3 (Pathria 1987; Weishaupt 1999, doi:10.1007/s002560050503): narrow, then with
        sclerosis and thick processes, then severe with large spurs.
    gap_mm : float
        Between the bones in the middle of a joint; 2 to 4 is normal on CT, less is grade 1 and
        more (Weishaupt 1999). 0.8 to 4.
    spur_mm : float
        Bone over the back rim of a joint, along the joint's line; 0 to 8.
    """

    kind: ClassVar[str] = "facet_arthrosis"
    grades: ClassVar[Mapping[str, Grade]] = {
        "gap_mm": Grade(0.8, 4.0, "an ankylosed joint is not built", "gap of the joints"),
        "spur_mm": Grade(0.0, 8.0, "0 is none", "spurs"),
    }

    grade: float
    gap_mm: float
    spur_mm: float = 0.0

    def __post_init__(self) -> None:
        if self.grade not in (0.0, 1.0, 2.0, 3.0):
            raise InputError(f"grade must be 0, 1, 2 or 3 (Weishaupt), got {self.grade:g}")
        super().__post_init__()

    def reshaped(self, spine: SpineSpec) -> SpineSpec:
        """The gap narrows, and the superior processes thicken."""
        upper, lower = self.upper, self.lower
        thick = spine.vertebrae[lower].sap_thickness_mm * (1.0 + _THICKER * self.grade)
        spine = resized(spine, lower, sap_thickness_mm=thick)
        # the faces are not flat: bone meets bone a little farther apart than the sizes say
        setting = self.gap_mm
        for _ in range(3):
            spine = resized(spine, upper, joint_gap_mm=setting)
            setting += self.gap_mm - _built_gap_mm(spine, upper, lower)
            setting = max(setting, _LEAST_GAP_MM)
        return resized(spine, upper, joint_gap_mm=setting)

    def grown(self, own: Mapping[str, Implicit], stack: Column) -> Mapping[str, Implicit]:
        """A spur on the superior process of each side, over the joint's back rim."""
        if self.spur_mm <= 0.0:
            return own
        upper, lower = self.upper, self.lower
        into = stack.bodies[lower].inverse() @ stack.bodies[upper]
        rows = [own[lower].rows]
        for side in SIDES:
            post = Posts(stack.vertebrae[upper], side)
            across, normal = (into.turn(one) for one in (post.iap_across, post.iap_normal))
            rim = into.apply(joint_ends(post)[0] + _BEHIND_MM * post.iap_across)
            tall_mm = _SPUR_HALF * post.spec.iap_height_mm
            tall = tall_mm * into.turn(post.iap_up)
            half = 0.5 * self.spur_mm
            centre = rim + half * across
            foot = centre - (2.0 + half) * normal - (half + 2.5) * across  # in the process
            spur = bar(centre - tall, centre + tall, (half, half), across=across, blend_mm=0.3)
            root = bar(foot, centre - 0.8 * half * normal, (1.5 * half, tall_mm),
                       end_radii_mm=(0.9 * half, tall_mm), across=across, cap_mm=0.3 * half,
                       blend_mm=1.0)  # fmt: skip
            rows += [root[None], spur[None]]
        return {**own, lower: Implicit(np.concatenate(rows))}

    def altered(self, draft: Draft) -> Draft:
        """Dense bone under the faces."""
        upper, lower = self.upper, self.lower
        spec, body = draft.stack.vertebrae[upper], draft.stack.bodies[upper]
        wide, tall = 0.5 * spec.iap_width_mm, 0.5 * spec.iap_height_mm
        tints = list(draft.tints)
        for side in SIDES if self.grade > 0.0 else ():
            post = Posts(spec, side)
            low, high = (post.joint_below + sign * 0.5 * tall * post.iap_up for sign in (-1.0, 1.0))
            near = Implicit.of(
                [bar(low, high, (wide, _SCLEROTIC_MM), across=post.iap_across, blend_mm=0.0)]
            ).moved(body)
            hu = _SCLEROSIS_HU[self.grade]
            tints += [(Core(draft.bones[one], near, 0.8), hu) for one in (upper, lower)]
        return replace(draft, tints=tuple(tints))

    def readings(self, anatomy: Anatomy) -> Mapping[str, float]:
        """Mean of both sides: bone to bone, and bone along the joint's line behind its rim."""
        read = {"gap_mm": gap_mm, "spur_mm": spur_mm}
        if self.spur_mm <= 0.0:
            del read["spur_mm"]
        return {
            name: float(np.mean([one(anatomy, self.level, side) for side in SIDES]))
            for name, one in read.items()
        }


def _built_gap_mm(spine: SpineSpec, upper: str, lower: str) -> float:
    """From bone to bone across the middle of the left joint."""
    stack = column(spine)
    post = Posts(stack.vertebrae[upper], "left")
    into = stack.bodies[lower].inverse() @ stack.bodies[upper]
    below = stack.vertebrae[lower]
    bones = (
        vertebra_shape(post.spec),
        sacrum_shape(below, spine.sacrum) if lower == "S1" else vertebra_shape(below),
    )
    runs = (
        inside_mm(bones[0], post.joint_below, post.iap_normal),
        inside_mm(bones[1], into.apply(post.joint_below), -into.turn(post.iap_normal),
                  ),
    )  # fmt: skip
    return sum(one[0][0] for one in runs)


@dataclass(frozen=True)
class FacetTropism(AtInterspace):
    """The joints of a level face unlike ways.

    Parameters
    ----------
    level : str
        ``"L4-L5"``.
    tropism_deg : float
        Angle of the left joint from the sagittal plane, less that of the right one; over 7-10 goes
        with stenosis (ABBAS20 PMC7341411). -30 to 30.
    """

    kind: ClassVar[str] = "facet_tropism"
    grades: ClassVar[Mapping[str, Grade]] = {
        "tropism_deg": Grade(-30.0, 30.0, "left minus right", "left less right"),
    }

    tropism_deg: float

    def reshaped(self, spine: SpineSpec) -> SpineSpec:
        """The superior processes turn; the inferior ones follow."""
        return resized(spine, self.lower, tropism_deg=self.tropism_deg)

    def readings(self, anatomy: Anatomy) -> Mapping[str, float]:
        """Left less right, each from the face of its superior process."""
        left, right = (face_deg(anatomy, self.level, side) for side in ("left", "right"))
        return {"tropism_deg": left - right}
